"""Why pairs stand where they stand, and people whose opinions count no more: verdicts, removed_users."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "removed_users",
        sa.Column("user_id", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_removed_users")),
    )
    op.create_table(
        "verdicts",
        sa.Column("pair_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("basis", sa.String(length=16), nullable=False),
        sa.Column("reviewer", sa.String(length=300), nullable=True),
        sa.Column("leaned_on", sa.JSON(), nullable=False),
        sa.Column("opinions", sa.JSON(), nullable=False),
        sa.Column("learned", sa.Text(), nullable=True),
        sa.Column("short", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["pair_id"], ["pairs.id"], name=op.f("fk_verdicts_pair_id")),
        sa.PrimaryKeyConstraint("pair_id", name=op.f("pk_verdicts")),
    )


def downgrade() -> None:
    op.drop_table("verdicts")
    op.drop_table("removed_users")

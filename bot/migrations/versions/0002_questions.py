"""Questions that chat doors took on, and which database an answer is of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: that would copy the table, and drop the one that other tables point at.
    op.add_column("answers", sa.Column("database", sa.String(length=64), server_default="", nullable=False))
    op.create_table(
        "questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("door", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=False),
        sa.Column("channel_id", sa.String(length=512), nullable=False),
        sa.Column("thread_id", sa.String(length=512), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("running", sa.String(length=64), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("reply", sa.JSON(), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("answer_id", sa.String(length=64), nullable=True),
        sa.Column("readings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint("door", "event_id", name=op.f("uq_questions_door_event_id")),
        sa.UniqueConstraint("running", name=op.f("uq_questions_running")),
    )
    op.create_index(op.f("ix_questions_accepted_at"), "questions", ["accepted_at"])
    op.create_index(op.f("ix_questions_conversation"), "questions", ["conversation"])
    op.create_index(op.f("ix_questions_answer_id"), "questions", ["answer_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_questions_answer_id"), "questions")
    op.drop_index(op.f("ix_questions_conversation"), "questions")
    op.drop_index(op.f("ix_questions_accepted_at"), "questions")
    op.drop_table("questions")
    op.drop_column("answers", "database")

"""The wordings of `wordings.toml`, said with the names that the tables and columns of a database have."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from kd_training.onboard.said import Name

FILE = Path(__file__).with_name("wordings.toml")
_MOST = 24  # wordings of one part


@cache
def _wordings() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))


def worded(
    kind: Literal["measures", "filters"], name: str, part: str, rows: Name, column: Name | None = None,
    alone: bool = True,
) -> list[str]:  # fmt: skip
    """The wordings of a part: of `measures` phrases, nouns or clauses, of `filters` rows, others or before.

    `rows` is what the table is called, `column` the column. Each wording is said with every name of the column, and
    with every name of the table where it names no column; the plainest first. Where the column's name is not `alone`,
    each names the table too.
    """
    templates: list[str] = _wordings()[kind][name].get(part, [])
    return filled(templates if alone else [named(template) for template in templates], rows, column)


def named(template: str) -> str:
    """A wording that names the table."""
    return template if "{t}" in template or "{ts}" in template else f"{template} of the {{ts}}"


def filled(templates: Sequence[str], rows: Name, column: Name | None = None) -> list[str]:
    """The templates with the names in their holes, each text once."""
    names = column if column is not None else rows
    found: dict[str, None] = {}
    for number in range(len(names.ones)):
        row = rows.at(0 if column is not None else number)
        own = names.at(number)
        for template in templates:
            text = template.replace("{c}", own[0]).replace("{cs}", own[1])
            found[text.replace("{t}", row[0]).replace("{ts}", row[1])] = None
    return list(found)[:_MOST]

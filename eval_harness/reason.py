"""Why a prediction is wrong, in two words, for the list of failures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from eval_harness.match import Table, matching_columns
from eval_harness.parts import Parts, take_apart

Reason = Literal[
    "correct",
    "wrong tables",
    "wrong filter",
    "wrong aggregate",
    "wrong columns",
    "wrong order",
    "extra rows",
    "missing rows",
    "wrong values",
    "lucky",  # right on the original database, wrong on a copy with other values
    "refused",  # answerable, yet the bot refused
    "unsure",  # answerable, yet the bot held back
    "failed",  # the bot could not make an answer
    "rejected",  # the guard stopped the SQL
    "error",  # the SQL failed in the database, or there was none
    "answered",  # should have been refused
    "gold error",  # no gold query ran: nothing to compare with
]

_ANY_NUMBER = 10_000


def explain(
    predicted_sql: str,
    predicted: Table,
    gold: Sequence[tuple[str, Table]],
    ordered: bool,
    dialect: str = "sqlite",
) -> Reason:
    """Name the first thing that sets a wrong prediction apart from the gold query nearest to it.

    Results speak first, where they are clear (right rows in the wrong order; right rows with columns too
    many or too few), then the parsed queries, then the number of rows. `dialect` is that of the predicted
    SQL.
    """
    for _, table in gold:
        if (reason := _by_result(predicted, table, ordered)) is not None:
            return reason
    parts = take_apart(predicted_sql, dialect)
    others = [(take_apart(sql), table) for sql, table in gold]
    if parts is None:
        return _by_rows(predicted, gold[0][1])
    differences = [(_differences(parts, other), table) for other, table in others if other is not None]
    if not differences:
        return _by_rows(predicted, gold[0][1])
    reasons, table = min(differences, key=lambda pair: len(pair[0]))
    return reasons[0] if reasons else _by_rows(predicted, table)


def _by_result(predicted: Table, gold: Table, ordered: bool) -> Reason | None:
    if not gold.rows:
        return None
    if ordered and matching_columns(gold, predicted) is not None:
        return "wrong order"
    narrower = matching_columns(predicted, gold, extra=_ANY_NUMBER) is not None
    wider = matching_columns(gold, predicted, extra=_ANY_NUMBER) is not None
    return "wrong columns" if narrower or wider else None


def _differences(predicted: Parts, gold: Parts) -> list[Reason]:
    """What differs, the most telling first."""
    differences: list[tuple[bool, Reason]] = [
        (predicted.tables != gold.tables, "wrong tables"),
        (predicted.aggregates != gold.aggregates, "wrong aggregate"),
        (predicted.filters != gold.filters, "wrong filter"),
        (predicted.groups != gold.groups, "wrong aggregate"),
        (predicted.columns != gold.columns, "wrong columns"),
        (predicted.orders != gold.orders, "wrong order"),
    ]
    return [reason for differs, reason in differences if differs]


def _by_rows(predicted: Table, gold: Table) -> Reason:
    if len(predicted.rows) > len(gold.rows):
        return "extra rows"
    return "missing rows" if len(predicted.rows) < len(gold.rows) else "wrong values"

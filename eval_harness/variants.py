"""Other benchmarks' ways to compare two results, each written from its published definition and named after it.

    spider_test_suite  Spider's test-suite evaluation (Zhong et al. 2020): the same bag of rows under some order of the
                       columns; the same list of rows where the gold SQL says ORDER BY. Cells are equal as Python
                       values are: exact floats, no text equals a number. DISTINCT counts (its `keep_distinct`).
    bird               BIRD (Li et al. 2023): the same set of rows, columns in the same order. Order of rows and
                       duplicates do not count.
    defog              Defog's sql-eval: the gold columns are among the predicted ones, over the same rows, numbers
                       compared loosely; or both are the same table once duplicate rows are dropped. Order of rows
                       counts where the example says so. An empty gold matches only an empty table as wide.

All are bounded as `match` is: what cannot be decided within its budget is called different.
"""

from __future__ import annotations

from bot.database import Cell, Result
from eval_harness.formats.entries import has_order
from eval_harness.match import Table, matching_columns

_ANY_NUMBER = 10_000


def spider_match(gold: Table, predicted: Table, gold_sql: str) -> bool:
    """Whether the tables agree by the rules of Spider's test-suite evaluation. Symmetric in the tables."""
    if not gold.rows and not predicted.rows:
        return True
    numbers: dict[Cell, int] = {}
    first, second = _coded(gold, numbers), _coded(predicted, numbers)
    return matching_columns(first, second, ordered=has_order(gold_sql), extra=0) is not None


def bird_match(gold: Table, predicted: Table) -> bool:
    """Whether both tables hold the same set of rows, as BIRD compares them. Symmetric."""
    return set(gold.rows) == set(predicted.rows)


def defog_match(gold: Table, predicted: Table, ordered: bool) -> bool:
    """Whether the prediction holds the gold table, as Defog's sql-eval compares them; one of its gold queries."""
    if not gold.rows:
        return not predicted.rows and len(gold.columns) == len(predicted.columns)
    if matching_columns(gold, predicted, ordered, _ANY_NUMBER) is not None:
        return True
    return matching_columns(_distinct(gold), _distinct(predicted), ordered, extra=0) is not None


def _coded(table: Table, numbers: dict[Cell, int]) -> Result:
    """The table with a text for each cell, the same for cells that Python calls equal, and for no others."""
    rows = tuple(tuple(f"#{numbers.setdefault(cell, len(numbers))}" for cell in row) for row in table.rows)
    return Result(table.columns, rows)


def _distinct(table: Table) -> Result:
    return Result(table.columns, tuple(dict.fromkeys(table.rows)))

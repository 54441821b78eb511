"""Readable names for what derived tables select: what they are called, and that the rows stay the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.canonical import CanonicalError
from bot.derived_names import DerivedNames
from bot.evidence import with_evidence
from bot.shorthand import ShorthandError
from eval_harness.match import execution_match
from kd_training.shorten import shorten
from tests.demo_corpus import PERIODS, Ground, bounds, every

BEST = (
    "SELECT t1.x1, t1.x2 FROM (SELECT categories.name AS x1, products.name AS x2, ROW_NUMBER() OVER (PARTITION BY"
    " categories.id ORDER BY units_sold DESC) AS x3 FROM order_items GROUP BY products.id) AS t1 WHERE t1.x3 = 1"
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground.built(tmp_path_factory.mktemp("derived-names") / "demo.db")
    yield made
    made.close()


def named(ground: Ground, short: str) -> str:
    tree = with_evidence(ground.shorthand.expand(short), ground.schema)
    return DerivedNames(ground.schema, ground.glossary).given(tree).sql("sqlite")


@pytest.mark.parametrize(
    ("short", "parts"),
    [
        (BEST, ["SELECT t1.category, t1.product, t1.units_sold FROM", " AS rank_in_group", "t1.rank_in_group = 1"]),
        # what some dialect keeps for itself, and what is called alike
        ("SELECT AVG(t1.x2) FROM (SELECT MONTH(orders.order_date) AS x1, COUNT(*) AS x2 FROM orders) AS t1",
         ["AVG(t1.orders)", " AS month_value", "COUNT(*) AS orders"]),
        ("SELECT MAX(t1.x2) FROM (SELECT customers.name AS x1, COUNT(*) AS x2 FROM orders GROUP BY customers.id) AS t1",
         ["MAX(t1.orders)", "customers.name AS customer"]),
        ("SELECT t1.x1, t1.x2 FROM (SELECT products.name AS x1, products.name AS x2, ROW_NUMBER() OVER (ORDER BY"
         " products.unit_price DESC) AS x3 FROM products) AS t1 WHERE t1.x3 <= 2", ["_2, ", "t1.overall_rank <= 2"]),
    ],
)  # fmt: skip
def test_names_say_what_is_selected(ground: Ground, short: str, parts: list[str]) -> None:
    sql = named(ground, short)
    assert all(part in sql for part in parts), sql
    assert not any(f".{name}" in sql for name in ("x1", "x2", "x3", "ranked_by"))


def test_a_query_without_made_up_names_is_left(ground: Ground) -> None:
    for short in ("SELECT COUNT(*) FROM orders", "SELECT customers.name AS client FROM customers"):
        tree = ground.shorthand.expand(short)
        assert DerivedNames(ground.schema, ground.glossary).given(tree) is tree


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_the_corpus_gives_the_same_rows_under_them(ground: Ground, step: int) -> None:
    names, wrong, seen = DerivedNames(ground.schema, ground.glossary), [], 0
    for name, intent in every(step):
        try:
            short = shorten(intent.sql, ground.shorthand)
        except (CanonicalError, ShorthandError):
            continue
        plain = ground.shorthand.expand(short)
        given = names.given(plain)
        if given is plain:
            continue
        seen += 1
        values = {**ground.values(intent.slots, intent.sql), **bounds()}
        dated = ground.shorthand.expand(short, {f"d{i}": period for i, period in enumerate(PERIODS)})
        before, after = (ground.run(tree.sql("sqlite"), values) for tree in (dated, names.given(dated)))
        if not execution_match(before, after, same_tables=True):
            wrong.append(f"{name}: {given.sql('sqlite')}")
    assert seen > 20 // step
    assert not wrong, "\n".join(wrong)


def test_an_answer_under_readable_names_can_be_corrected_and_learned(ground: Ground) -> None:
    short = shorten(named(ground, BEST), ground.shorthand)
    assert "t1.x1" in short and "categories.name AS x1" in short and "category" not in short.replace("categories", "")
    assert ground.difference(named(ground, BEST), {}, short) is None

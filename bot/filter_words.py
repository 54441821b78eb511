"""What a query leaves in, in a few words under an answer: "order date in Oct 2026, channel web, over 30 orders"."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from bot.canonical import conjuncts, sources
from bot.column_kinds import KindReader
from bot.column_titles import TitleReader
from bot.condition_words import ConditionWords
from bot.expression_parts import day_of
from bot.glossary import Glossary
from bot.query_shape import bare, inner_select, parsed, shape_of
from bot.schema import Schema

_MOST = 4  # conditions that are still easier to read in words than as SQL


def filters(sql: str, schema: Schema, glossary: Glossary | None = None) -> str:
    """What a query leaves in, such as "order date in Oct 2026, channel web".

    Empty when it keeps everything, and when some of its conditions cannot be said in a few words: half of
    them would mislead.
    """
    shape = shape_of(sql, schema)
    if shape is None or shape.combined:
        return ""
    glossary = glossary or Glossary()
    words = TitleReader(schema, glossary, KindReader(schema)).conditions
    try:
        phrases = _phrases(shape.select, words, glossary)
    except RecursionError:
        return ""
    return ", ".join(dict.fromkeys(phrases)) if phrases and len(phrases) <= _MOST else ""


def names_texts(sql: str, schema: Schema) -> bool:
    """Whether a query compares with a text that is no date, which could have been written wrong."""
    shape = shape_of(sql, schema)
    if shape is None:
        return True
    clauses = [c for s in shape.select.root().find_all(exp.Select) for c in (s.args.get("where"), s.args.get("having"))]
    texts = (text for clause in clauses if clause for text in clause.find_all(exp.Literal) if text.is_string)
    return any(day_of(text) is None for text in texts)


def _phrases(select: exp.Select, words: ConditionWords, glossary: Glossary) -> list[str] | None:
    """A phrase for each condition of a SELECT and of the one that it reads from; None where one has no words."""
    clauses = [select.args[key].this for key in ("where", "having") if select.args.get(key)]
    tests = [test for clause in clauses for test in conjuncts(clause)]
    understood = _understood(select, glossary)
    tests = [test for test in tests if test not in understood]
    phrases = words.phrases(tests, select)
    if tests and not phrases:
        return None
    for inner in filter(None, (inner_select(source, select) for source in sources(select))):
        within = _phrases(inner, words, glossary) if _whole(inner, select) else None
        if within is None:
            return None
        phrases += within
    return phrases


def _whole(inner: exp.Select, select: exp.Select) -> bool:
    """Whether the rows of a SELECT within FROM are left out by its conditions alone."""
    alone = len(sources(select)) == 1 and not isinstance(inner.parent, exp.SetOperation)
    return alone and not any(inner.args.get(key) for key in ("limit", "offset", "qualify"))


def _understood(select: exp.Select, glossary: Glossary) -> Sequence[exp.Expr]:
    """Conditions that belong to a metric the query selects or compares: its name stands for them."""
    found: list[exp.Expr] = []
    parts = [*select.expressions, *filter(None, [select.args.get("having")])]
    for metric in glossary.metrics:
        wanted = bare(parsed(metric.expr)) if metric.where else None
        if wanted is not None and any(node == wanted for part in parts for node in part.walk()):
            found.extend(conjuncts(parsed(metric.where)))
    return found

"""Every example of a report on its page, the wrong ones first: question, both queries, both results.

Without a script it is a plain list that opens and closes; with one it can be filtered.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from bot.database import Cell
from bot.formats import clean, shorten
from eval_harness.differences import Place, differing
from eval_harness.markup import Child, Markup, element, joined
from eval_harness.measures import EvalReport, Excerpt, Verdict
from eval_harness.report_sql import coloured

_CELL = 200  # characters
_COLUMNS = 30
_SUMMARY = 300  # characters of a question where it stands in one line

FILTERS: Mapping[str, Callable[[Verdict], Iterable[str]]] = {
    "status": lambda v: [v.status],
    "reason": lambda v: [v.reason],
    "level": lambda v: [v.level],
    "tag": lambda v: v.tags,
    "kind": lambda v: [v.kind],
}


def examples(report: EvalReport, compared: EvalReport | None = None, name: str = "", dialect: str = "sqlite") -> Markup:
    """The list with its filters. `name` is what the compared report is called."""
    others = {v.id: v for v in compared.examples} if compared else {}
    wrong = [v for v in report.examples if not v.correct]
    right = [v for v in report.examples if v.correct]
    return element(
        "section",
        element("h2", "Examples", id="examples"),
        _filters(report.examples, name if compared else ""),
        _group("Wrong", wrong, others, name, dialect),
        _group("Right", right, others, name, dialect),
        element("p", "No example matches.", class_="no-match", hidden=True),
    )


def _filters(verdicts: Iterable[Verdict], name: str) -> Markup:
    verdicts = list(verdicts)
    begin = "wrong" if any(not v.correct for v in verdicts) else ""
    outcomes = [("wrong", "wrong"), ("right", "right"), ("", "all")]
    if name:
        outcomes += [("worse", f"wrong, {name} right"), ("better", f"right, {name} wrong")]
    return element(
        "form",
        _labelled("outcome", element("select", *(element("option", text, value=value, selected=value == begin)
                                                 for value, text in outcomes), name="outcome")),
        *(_select(key, Counter(x for v in verdicts for x in sorted(set(of(v))) if x)) for key, of in FILTERS.items()),
        _labelled("text", element("input", type="search", name="text", placeholder="question, SQL or id",
                                  autocomplete="off", spellcheck="false"), "wide"),
        element("p", element("output", ""), " ",
                element("button", "Open these", type="button", data_do="open"),
                element("button", "Close all", type="button", data_do="close"),
                element("button", "Clear filters", type="reset"), class_="actions"),
        class_="filters", hidden=True,
    )  # fmt: skip


def _select(key: str, counts: Counter[str]) -> Markup | None:
    """Nothing to choose, nothing to show."""
    if len(counts) < 2:
        return None
    order = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    options = (element("option", f"{clean(shorten(value, 60))} ({n})", value=json.dumps(value)) for value, n in order)
    return _labelled(key, element("select", element("option", "any", value=""), *options, name=key))


def _labelled(text: str, control: Markup, kind: str | None = None) -> Markup:
    return element("label", element("span", text), control, class_=kind)


def _group(title: str, verdicts: list[Verdict], others: Mapping[str, Verdict], name: str, dialect: str) -> Markup:
    return element(
        "div",
        element("h3", f"{title} ({len(verdicts):,})"),
        *(_example(verdict, others.get(verdict.id), name, dialect) for verdict in verdicts),
        class_="group",
    )


def _example(verdict: Verdict, other: Verdict | None, name: str, dialect: str) -> Markup:
    outcome = "right" if verdict.correct else "wrong"
    change = "" if other is None or other.correct == verdict.correct else "better" if verdict.correct else "worse"
    confidence = "" if verdict.confidence is None else f"{verdict.confidence:.0%} sure"
    said = f"{name}: {'right' if other.correct else 'wrong'}" if other else ""
    chips = (
        ("status", verdict.status), ("reason", "" if verdict.reason in ("correct", verdict.status) else verdict.reason),
        ("sure", confidence), ("other", said),
    )  # fmt: skip
    head = element(
        "summary",
        element("span", "✓" if verdict.correct else "✗", class_="mark", role="img", aria_label=outcome),
        element("span", shorten(verdict.id, 60), class_="id"),
        element("span", shorten(verdict.question, _SUMMARY), class_="question", dir="auto"),
        element("span", *(_chip(kind, text) for kind, text in chips if text), class_="chips"),
    )
    data: dict[str, str] = {f"data_{key}": json.dumps(list(of(verdict))) for key, of in FILTERS.items()}
    return element("details", head, _body(verdict, dialect), class_=f"example {outcome}", data_outcome=outcome,
                   data_change=change or None, **data)  # fmt: skip


def _chip(kind: str, text: str) -> Markup:
    return element("span", text, class_=f"chip {kind}")


def _body(verdict: Verdict, dialect: str) -> Markup:
    about = {
        "kind": verdict.kind, "level": verdict.level, "tags": ", ".join(verdict.tags), "status": verdict.status,
        "reason": verdict.reason, "confidence": "" if verdict.confidence is None else f"{verdict.confidence:.3f}",
        "latency": f"{verdict.latency_ms:,.0f} ms",
    }  # fmt: skip
    long = len(verdict.question) > _SUMMARY or "\n" in verdict.question
    gold, predicted = verdict.gold_result, verdict.result
    marks: tuple[frozenset[Place], frozenset[Place]] = (frozenset(), frozenset())
    if gold and predicted and not verdict.correct:
        marks = differing(gold, predicted)
    return element(
        "div",
        element("p", verdict.question, class_="whole", dir="auto") if long else None,
        element("dl", *(_pair(key, value) for key, value in about.items() if value), class_="about"),
        element("p", verdict.error, class_="error") if verdict.error else None,
        element(
            "div",
            element("div", element("h4", "Predicted"), _sql(verdict.sql, dialect), _table(predicted, marks[1])),
            element("div", element("h4", "Gold"), *_gold(verdict, marks[0])),
            class_="sides",
        ),
        _note(verdict, bool(marks[0] or marks[1])),
        class_="body",
    )


def _pair(key: str, value: str) -> Markup:
    return joined(element("div", element("dt", key), element("dd", value)))


def _sql(sql: str | None, dialect: str) -> Markup:
    return element("p", "No SQL.", class_="none") if sql is None else coloured(sql, dialect)


def _gold(verdict: Verdict, marks: frozenset[Place]) -> list[Child]:
    if not verdict.gold:
        return [element("p", "Nothing to answer: the question should be held back.", class_="none")]
    first, *more = verdict.gold
    parts: list[Child] = [coloured(first), _table(verdict.gold_result, marks)]
    if more:
        label = f"{len(more)} more accepted; the rows are of the first that runs"
        parts.append(element("details", element("summary", label), *map(coloured, more), class_="also"))
    return parts


def _note(verdict: Verdict, marked: bool) -> Markup | None:
    if verdict.correct or not (verdict.result and verdict.gold_result):
        return None
    differ = "Marked cells have no equal in their place among the rows shown on the other side."
    agree = "The rows shown agree cell by cell: the difference is their order, or beyond them."
    return element("p", differ if marked else agree, class_="note")


def _table(excerpt: Excerpt | None, marks: frozenset[Place]) -> Markup | None:
    if excerpt is None:
        return None
    width = min(len(excerpt.columns), _COLUMNS)
    head = element("tr", *(element("th", shorten(name, _CELL), scope="col") for name in excerpt.columns[:width]))
    rows = (
        element("tr", *(_cell(cell, (r, i) in marks) for i, cell in enumerate(row[:width])))
        for r, row in enumerate(excerpt.rows)
    )
    more = f"{excerpt.row_count:,} row{'' if excerpt.row_count == 1 else 's'}"
    if excerpt.row_count > len(excerpt.rows):
        more += f", the first {len(excerpt.rows)} shown"
    if len(excerpt.columns) > width:
        more += f"; {len(excerpt.columns)} columns, the first {width} shown"
    table = element("table", element("thead", head), element("tbody", *rows))
    return joined(element("div", table, class_="rows", tabindex=0), element("p", more, class_="count"))


def _cell(cell: Cell, marked: bool) -> Markup:
    kinds = [kind for kind, there in (
        ("differs", marked), ("null", cell is None), ("number", isinstance(cell, int | float)),
    ) if there]  # fmt: skip
    text = "NULL" if cell is None else f"{cell:.10g}" if isinstance(cell, float) else shorten(str(cell), _CELL)
    inside = element("mark", text) if marked else text
    return element("td", inside, class_=" ".join(kinds) or None, dir="auto" if isinstance(cell, str) else None)

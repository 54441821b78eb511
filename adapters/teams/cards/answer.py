"""One answer as a card: what it says, rows, a chart, the SQL, and what can be done about it; never too large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from adapters.desk import NOT_READ
from adapters.teams.cards.chart import image
from adapters.teams.cards.parts import LIMIT, Part, box, card, link, plain, press, size, text, turn
from adapters.teams.cards.sql import ID, correction, sql_view
from adapters.teams.cards.table import COLUMNS, lay
from bot.answer import Answer, Status
from bot.formats import format_cell
from bot.refusals import SMALL_TALK
from bot.shown import Shown
from bot.table import make_table

FEW, MANY = 10, 100  # rows at first, and of "Show all"
_BANNERS: dict[Status, tuple[str, str]] = {
    "unsure": ("warning", "Please check this"),
    "refused": ("emphasis", "I can't answer that"),
    "failed": ("attention", "That did not work"),
}
Csv = Literal["", "file", "link"]


@dataclass(frozen=True, slots=True)
class View:
    """What a card shows. `picture` is the chart as PNG, `sql` readable; `note` is a line at the top.

    `file` says how the rows come as a CSV file: "" not at all, else by a button, or at the address `url`.
    `kept` is False where the memory did not keep the answer, so that nothing can be done about it.
    """

    answer: Answer
    shown: Shown | None = None
    picture: bytes | None = None
    sql: str = ""
    note: str = ""
    all_rows: bool = False
    file: Csv = ""
    url: str = ""
    not_kept: str = ""
    examples: tuple[str, ...] = field(default=())
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class _Frugal:
    """How much of everything there is room for."""

    picture: bool = True
    sql: int = 8_000
    sentence: int = 2_000


def answer_card(view: View) -> Part:
    """The card; of several that fit, the one that says most."""
    for frugal in _ways():
        whole = _build(view, frugal, [])
        room = LIMIT - size(whole)
        rows = _rows(view, room) if room > 0 else None
        if room > 0 and (rows is not None or not _has_rows(view)):
            return _build(view, frugal, rows or [])
    return _build(view, _Frugal(False, 0, 300), [])


def _ways() -> Iterator[_Frugal]:
    yield from (_Frugal(), _Frugal(picture=False))
    yield from (_Frugal(False, characters, 1_000) for characters in (4_000, 2_000, 800, 200))


def _build(view: View, frugal: _Frugal, rows: list[Part]) -> Part:
    answer = view.answer
    body = [*_head(view), *_said(view, frugal.sentence), *rows]
    if view.picture is not None and view.shown is not None and view.shown.chart is not None and frugal.picture:
        body.append(image(view.picture, view.shown.chart.alt))
    body += _readings(view)
    if answer.status == "refused" and view.examples:
        body.append(text("Questions I can answer, for example:", isSubtle=True))
        body += [choice(question, "ask", {"question": question}) for question in view.examples[:2]]
    if view.sql:
        body.append(sql_view(view.sql, answer.status == "unsure" or view.corrected, frugal.sql))
    if view.not_kept:
        body.append(text(f"This answer was not kept, so it takes no votes. {view.not_kept}", color="Attention"))
    if context := _context(view):
        body.append(text(context, size="Small", isSubtle=True, spacing="Medium"))
    return card(body, _actions(view, frugal))


def _head(view: View) -> list[Part]:
    parts = []
    if view.note:
        parts.append(box([text(view.note, weight="Bolder")], style="good", bleed=True))
    if view.answer.status in _BANNERS:
        style, title = _BANNERS[view.answer.status]
        lines = [text(title, weight="Bolder")] if view.answer.code != SMALL_TALK else []
        lines.append(text(view.answer.message, spacing="None"))
        parts.append(box(lines, style=style, bleed=True))
    return parts


def _said(view: View, most: int) -> list[Part]:
    """The reading; a single number stands large above it."""
    if view.shown is None:
        return []
    result, columns = view.shown.result, view.shown.columns
    said = text(plain(view.shown.reading, most))
    if _is_figure(view):
        figure = plain(format_cell(result.rows[0][0], columns[0]), 60)
        return [text(figure, size="ExtraLarge", weight="Bolder"), text(plain(view.shown.reading, most), spacing="None")]
    return [said]


def _is_figure(view: View) -> bool:
    if view.shown is None:
        return False
    rows = view.shown.result.rows
    return len(rows) == len(view.shown.columns) == 1 and rows[0][0] is not None


def _has_rows(view: View) -> bool:
    return view.shown is not None and bool(view.shown.result.rows and view.shown.columns) and not _is_figure(view)


def _rows(view: View, room: int) -> list[Part] | None:
    """The table and what is missing from it. None where no row finds room."""
    if view.shown is None or not _has_rows(view):
        return []
    wanted = MANY if view.all_rows else FEW
    table = make_table(view.shown.result, view.shown.columns, wanted)
    laid = lay(table, wanted, room - 300)
    if laid is None:
        return None
    note = _missing(view, laid.shown)
    return [laid.part, *([text(note, size="Small", isSubtle=True, spacing="Small")] if note else [])]


def _missing(view: View, shown: int) -> str:
    """What the table leaves out, as a sentence or two."""
    assert view.shown is not None
    result, columns = view.shown.result, len(view.shown.columns)
    left_out = columns - COLUMNS
    said = []
    if shown < len(result.rows):
        cut = "; the result itself was cut to fit" if result.truncated else ""
        said.append(f"The first {shown:,} of {len(result.rows):,} rows{cut}.")
    elif result.truncated:
        said.append("The result was cut to fit: there are more rows.")
    if left_out > 0:
        said.append(f"{left_out:,} more column{'s' if left_out > 1 else ''} found no room.")
    if said and view.file:
        said.append("The file has all of them.")
    return " ".join(said)


def _readings(view: View) -> list[Part]:
    """What an unsure answer may have meant, to press."""
    readings = view.answer.readings
    if len(readings) < 2 or view.not_kept:
        return []
    data = {"answer": view.answer.id}
    picks = [choice(r.words, "pick", data | {"number": number}) for number, r in enumerate(readings)]
    return [text("Which of these did you mean?", weight="Bolder", spacing="Medium"), *picks]


def choice(words: str, verb: str, data: dict[str, object]) -> Part:
    """A line to press. A button would cut what does not fit on it."""
    chosen = press(words, verb, data)
    return box([text(plain(words, 300), color="Accent")], style="emphasis", spacing="Small", selectAction=chosen)


def _actions(view: View, frugal: _Frugal) -> list[Part]:
    """At most six stand in a row; the votes are behind the dots, since Teams has its own thumbs below the message."""
    answer, actions = view.answer, list[Part]()
    data = {"answer": answer.id}
    if view.sql:
        actions.append(turn("SQL", ID))
    if not view.not_kept and answer.code not in NOT_READ and not view.corrected:
        actions.append(correction(answer.id, view.sql, frugal.sql // 2))
    if view.corrected:
        actions.append(press("Take it back", "uncorrect", data))
    if view.shown is not None and not view.not_kept and not view.corrected:
        if not view.all_rows and len(view.shown.result.rows) > FEW:
            actions.append(press("Show all", "all", data))
        actions.append(press("Re-run", "again", data))
    if view.shown is not None and view.shown.result.rows and not view.corrected:
        if view.file == "link":
            actions.append(link("CSV", view.url))
        elif view.file == "file" and not view.not_kept:
            actions.append(press("CSV", "file", data))
    if answer.status == "failed" and not view.shown:
        actions.append(press("Ask again", "ask", {"question": answer.question[:500]}))
    if view.sql and not view.not_kept and not view.corrected:
        actions.append(press("👍 This is right", "vote", data | {"vote": 1}, mode="secondary"))
        actions.append(press("👎 This is wrong", "vote", data | {"vote": -1}, mode="secondary"))
    return actions


def _context(view: View) -> str:
    """How many rows, how long, by which student, how sure."""
    answer, said = view.answer, []
    if view.shown is not None:
        rows = len(view.shown.result.rows)
        said.append(f"{rows:,} row{'' if rows == 1 else 's'}{', cut' if view.shown.result.truncated else ''}")
    if "total" in answer.timings_ms:
        said.append(_seconds(answer.timings_ms["total"]))
    if answer.student_version:
        said.append(f"student {answer.student_version}")
    if view.sql and not view.corrected:
        said.append("sure" if answer.status == "answered" else "unsure")
    return " · ".join(said)


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"

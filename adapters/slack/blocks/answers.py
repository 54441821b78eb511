"""An answer as one Slack message: what it says, the rows, the chart, the SQL, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.desk import NOT_READ, Asked
from adapters.slack.blocks.charts import native_chart
from adapters.slack.blocks.tables import ROWS, Style, table_blocks
from adapters.slack.blocks.texts import Block, button, code, context, cut, fallback, marked, mention, plain, section
from bot.answer import Answer, Stage, Status
from bot.formats import format_cell
from bot.refusals import SMALL_TALK
from bot.shown import Shown

MANY = 20  # rows above which the whole result comes as a file
_ASKED = " asked"
_STAGES: dict[Stage, str] = {
    "reading": "Reading the question…", "writing": "Writing SQL…", "running": "Running it…",
}  # fmt: skip
_HEADS: dict[Status, str] = {
    "unsure": ":grey_question: *Please check this*",
    "refused": ":information_source: *I can't answer that*",
    "failed": ":warning: *That did not work*",
}


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: `text` for notifications and screen readers, `blocks` for the rest."""

    text: str
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Look:
    """How a workspace can show things: its newest kind of table, and whether it draws charts itself."""

    table: Style = "data_table"
    charts: bool = True


def waiting(stage: Stage, number: int, question: str = "", user: str = "") -> Message:
    """While a question is worked on: what is being done, and a button that ends the wait."""
    said = _STAGES[stage]
    blocks = [*_asked_by(question, user), context(marked(f":hourglass_flowing_sand: {said}"))]
    blocks.append({"type": "actions", "elements": [button("Cancel", "cancel", str(number))]})
    return Message(said, blocks)


def cancelled(question: str = "", user: str = "") -> Message:
    """In place of a question that nobody waits for any more."""
    said = "Cancelled. A query that was running is stopped."
    return Message("Cancelled.", [*_asked_by(question, user), context(plain(said))])


def failed(message: str, question: str = "", user: str = "") -> Message:
    """In place of an answer that could not be given."""
    said = section(message)
    return Message(fallback(message), [*_asked_by(question, user), _head("failed"), said])


def answer_message(asked: Asked, shown: Shown | None, look: Look, question: str = "", user: str = "") -> Message:
    """The whole answer. `question` and `user` are said where the question itself does not stand above it."""
    answer = asked.answer
    blocks = _asked_by(question, user)
    if answer.status in _HEADS:
        if answer.code != SMALL_TALK:
            blocks.append(_head(answer.status))
        blocks.append(section(answer.message))
    if shown is not None:
        blocks += _result(shown, look)
    if answer.sql is not None and shown is not None:
        blocks.append(code(shown.sql))
    if not asked.not_kept:
        blocks += _readings(answer)
        blocks += _actions(answer, shown)
    else:
        blocks.append(context(plain(f"This answer was not kept, so it takes no votes. {asked.not_kept}", 2000)))
    if line := _line(answer):
        blocks.append(context(plain(line, 2000)))
    return Message(_text(answer, shown), blocks)


def shared_message(asked: Asked, shown: Shown | None, look: Look, user: str) -> Message:
    """An answer in another channel than the one it was asked in."""
    return answer_message(asked, shown, look, asked.answer.question, user)


def _asked_by(question: str, user: str) -> list[Block]:
    if not question:
        return []
    return [context(marked(f"{mention(user)}{_ASKED}"), plain(question, 2000))]


def says_question(blocks: Sequence[Block]) -> bool:
    """Whether a message of ours begins with its question and who asked it."""
    if not blocks or blocks[0].get("type") != "context":
        return False
    said = blocks[0]["elements"][0]
    return str(said.get("type")) == "mrkdwn" and str(said.get("text")).endswith(_ASKED)


def _head(status: Status) -> Block:
    return {"type": "section", "text": marked(_HEADS[status])}


def _result(shown: Shown, look: Look) -> list[Block]:
    result = shown.result
    if len(result.rows) == len(shown.columns) == 1 and result.rows[0][0] is not None:
        figure = format_cell(result.rows[0][0], shown.columns[0], 140)
        blocks: list[Block] = [{"type": "header", "text": plain(figure, 150)}]
        return [*blocks, section(shown.reading)] if shown.reading else blocks
    table, note = table_blocks(shown, look.table)
    blocks = [section(shown.reading), *table] if shown.reading else table
    if note:
        blocks.append(context(plain(note, 2000)))
    chart = native_chart(shown.chart) if shown.chart and look.charts else None
    if chart is not None:
        blocks.append(chart)
    return blocks


def wants_picture(shown: Shown | None, look: Look) -> bool:
    """Whether a picture of the chart has to be uploaded: there is a chart, and Slack cannot draw it itself."""
    if shown is None or shown.chart is None or (len(shown.result.rows) == len(shown.columns) == 1):
        return False
    return not (look.charts and native_chart(shown.chart) is not None)


def _readings(answer: Answer) -> list[Block]:
    """What an unsure answer may have meant, each with a button."""
    if len(answer.readings) < 2:
        return []
    blocks: list[Block] = [context(marked("What did you mean?"))]
    for number, reading in enumerate(answer.readings):
        press = button("This one", f"pick_{number}", answer.id)
        words = f"{cut(reading.words, 2900)} (shown above)" if reading.sql == answer.sql else reading.words
        blocks.append({"type": "section", "text": plain(words), "accessory": press})
    return blocks


def _actions(answer: Answer, shown: Shown | None) -> list[Block]:
    elements: list[Block] = []
    if answer.sql is not None:
        elements += [button(":+1:", "vote_up", answer.id), button(":-1:", "vote_down", answer.id)]
    if answer.code not in NOT_READ:
        elements.append(button("Correct SQL" if answer.sql else "Write the SQL", "correct", answer.id))
    if shown is not None:
        if len(shown.result.rows) > ROWS:
            elements.append(button("Show all", "show_all", answer.id))
        elements.append(button("Re-run", "run_again", answer.id))
        elements.append(button("Share to channel", "share", answer.id))
    elif answer.status == "failed" and answer.code != "not-ready" and answer.id:
        elements.append(button("Ask again", "ask_again", answer.id))
    return [{"type": "actions", "elements": elements}] if elements and answer.id else []


def _line(answer: Answer) -> str:
    """Rows, time, student, confidence; nothing for what the student had no part in."""
    parts = []
    if answer.result is not None:
        rows = len(answer.result.rows)
        cut = ", cut: there are more" if answer.result.truncated else ""
        parts.append(f"{rows:,} row{'' if rows == 1 else 's'}{cut}")
    if answer.sql is not None and "total" in answer.timings_ms:
        spent = answer.timings_ms["total"]
        parts.append(f"{spent:.0f} ms" if spent < 1000 else f"{spent / 1000:.1f} s")
    if answer.student_version and answer.code not in NOT_READ:
        parts.append(f"student {answer.student_version}")
    if answer.sql is not None:
        parts.append(f"{'sure' if answer.status == 'answered' else 'unsure'} ({answer.confidence:.0%})")
    return " · ".join(parts)


def _text(answer: Answer, shown: Shown | None) -> str:
    said = [answer.message] if answer.message else []
    if shown is not None:
        result = shown.result
        if len(result.rows) == len(shown.columns) == 1 and result.rows[0][0] is not None and not shown.reading:
            said.append(format_cell(result.rows[0][0], shown.columns[0]))
        said.append(shown.reading)
    return fallback(" ".join(filter(None, said)) or answer.question)


def answer_id_of(blocks: Sequence[Block]) -> str:
    """The answer that a message of ours shows; empty where it shows none."""
    for block in blocks:
        for element in (*block.get("elements", ()), block.get("accessory", {})):
            if element.get("action_id") in ("vote_up", "correct", "run_again", "ask_again"):
                return str(element.get("value", ""))
    return ""

"""Words that are not answers: help, examples, status, how an answer came about, and the home page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.slack.blocks.texts import Block, button, code, context, cut, marked, plain, section
from bot.answer import Answer
from bot.history import Remembered
from bot.nouns import plural, spoken
from bot.review import Waiting
from bot.schema import Schema

_EXAMPLES, _TABLES, _RECENT, _PAIRS = 8, 20, 5, 10
_HELP = (
    "*Ask me in plain words.* I write the SQL, run it read-only, and show you both.\n"
    "• Mention me in a channel, or write to me directly. In a thread that I am in, just go on asking.\n"
    "• `/ask how many orders last month?` asks without a mention.\n"
    "• *Ask Mynah* in a message's menu asks what the message says.\n"
    "• A thumb under an answer tells me whether it was right; *Correct SQL* shows me what it should have been.\n\n"
    "`/mynah examples` · `/mynah status` · `/mynah why` _link to an answer_ · `/mynah review`"
)
_STATUS = {"answered": "Answered.", "unsure": "Unsure: it was my best reading.", "refused": "Refused.",
           "failed": "No query could be run."}  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """How a database's bot is: what it is called, who answers, and how good and how fresh that student is."""

    database: str
    trouble: str
    student: str
    accuracy: str
    nightly: str
    next_night: str


def help_blocks() -> list[Block]:
    """What can be done."""
    return [{"type": "section", "text": marked(_HELP)}]


def example_blocks(examples: Sequence[str]) -> list[Block]:
    """Questions to begin with, each with a button that asks it."""
    blocks: list[Block] = []
    for number, example in enumerate(examples[:_EXAMPLES]):
        ask = button("Ask", f"example_{number}", cut(example, 1900))
        blocks.append({"type": "section", "text": plain(example), "accessory": ask})
    return blocks or [section("There are no examples for this database.")]


def status_blocks(state: State) -> list[Block]:
    """Whether questions are answered, and by whom."""
    lines = [state.trouble or f"I answer questions about {state.database}."]
    lines += [line for line in (_student(state), f"{state.nightly} {state.next_night}".strip()) if line]
    return [section(line) for line in lines]


def _student(state: State) -> str:
    if not state.student:
        return ""
    return f"Student {state.student}{': ' + state.accuracy if state.accuracy else ''}."


def why_blocks(answer: Answer, sql: str) -> list[Block]:
    """How an answer came about."""
    parts = [f"{_STATUS[answer.status]} {answer.message}".strip()]
    if answer.sql is not None:
        parts.append(f"I was {answer.confidence:.0%} sure of it.")
    if answer.candidate > 0:
        parts.append(f"It is the student's candidate number {answer.candidate + 1}: those before it did not stand.")
    stages = ", ".join(f"{name} {ms:.0f} ms" for name, ms in answer.timings_ms.items())
    blocks = [context(plain(answer.question, 2000)), section(" ".join(parts))]
    if sql:
        blocks.append(code(sql))
    if answer.short:
        blocks += [context(marked("What the student said, before the rules wrote it out:")), code(answer.short, 1000)]
    line = " · ".join(filter(None, [stages, f"student {answer.student_version}" if answer.student_version else ""]))
    return [*blocks, context(plain(line or "No stage was reached.", 2000))]


def review_blocks(waiting: Sequence[Waiting]) -> list[Block]:
    """Pairs that wait for a reviewer, each with what can be decided."""
    if not waiting:
        return [section("Nothing waits for a reviewer.")]
    blocks: list[Block] = []
    for pair in waiting[:_PAIRS]:
        blocks += [{"type": "divider"}, section(cut(pair.question, 600)), code(pair.sql, 1500)]
        people = f"{len(pair.users)} {'person' if len(pair.users) == 1 else 'people'}"
        told = [f"{'corrected' if pair.source == 'correction' else 'voted for'} by {people}"]
        told += [f"{pair.up} up, {pair.down} down", *([pair.why] if pair.why else [])]
        if pair.teacher_agrees is not None:
            told.append("the teacher agrees" if pair.teacher_agrees else "the teacher says otherwise")
        blocks.append(context(plain(" · ".join([*told, *pair.comments[:2]]), 1000)))
        value = str(pair.id)
        elements = [button("Approve", "pair_approve", value, "primary"), button("Edit", "pair_edit", value),
                    button("Reject", "pair_reject", value, "danger")]  # fmt: skip
        blocks.append({"type": "actions", "elements": elements})
    if len(waiting) > _PAIRS:
        blocks.append(context(plain(f"{len(waiting) - _PAIRS} more wait behind these.")))
    return blocks


def home(
    state: State, schema: Schema | None, examples: Sequence[str], recent: Sequence[Remembered],
    waiting: Sequence[Waiting] | None,
) -> Block:
    """The home page: what can be asked, what I asked before, how the student is, and for reviewers the queue."""
    blocks: list[Block] = [_header(f"Ask {state.database}"), *help_blocks(), *status_blocks(state)]
    if schema is not None and schema.tables:
        blocks += [_header("What I know about"), section(_tables(schema))]
    blocks += [_header("Questions to begin with"), *example_blocks(examples)]
    if recent:
        blocks.append(_header("Your last questions"))
        for each in [*recent][::-1][:_RECENT]:
            rows = "" if each.row_count is None else f" · {each.row_count:,} row{'' if each.row_count == 1 else 's'}"
            blocks.append(context(plain(f"{cut(each.answer.question, 300)} · {each.answer.status}{rows}", 1000)))
    if waiting is not None:
        blocks += [_header("To review"), *review_blocks(waiting)]
    return {"type": "home", "blocks": blocks[:100]}


def _header(text: str) -> Block:
    return {"type": "header", "text": plain(text, 150)}


def _tables(schema: Schema) -> str:
    """Tables in plain words: what they hold, and what is known of each."""
    lines = []
    for table in sorted(schema.tables, key=lambda t: -t.rows)[:_TABLES]:
        keys = {*table.primary_key, *(name for key in table.foreign_keys for name in key.columns)}
        known = [spoken(c.name) for c in table.columns if c.name not in keys][:6]
        told = f": {', '.join(known)}" if known else ""
        lines.append(f"{plural(spoken(table.name)).capitalize()} ({table.rows:,}){told}")
    return "\n".join(lines)

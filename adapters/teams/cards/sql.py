"""SQL on a card: to look at, and in a box to put right."""

from __future__ import annotations

from adapters.teams.cards.parts import Part, box, card, plain, press, text
from bot.formats import ELLIPSIS

ID = "query"
LONGEST = 8_000  # characters, as many as a query may have
_LINES = 60  # of a query that are shown
_LANGUAGE = "Sql"


def sql_view(sql: str, is_open: bool, most: int) -> Part:
    """The query as a block of code; where a client knows none, line by line in a monospaced font.

    At most `most` characters are shown.
    """
    return box(code(sql, most), id=ID, isVisible=is_open)


def code(sql: str, most: int) -> list[Part]:
    """The query, and a sentence where not all of it is shown."""
    shown, cut = _cut(sql, most)
    block: Part = {
        "type": "CodeBlock", "codeSnippet": plain_lines(shown), "language": _LANGUAGE, "fallback": _lines(shown),
    }  # fmt: skip
    more = [text("The query is longer than a message may be.", isSubtle=True, size="Small")] if cut else []
    return [block, *more]


def _lines(sql: str) -> Part:
    """Indented with spaces that clients keep."""
    lines = []
    for line in sql.split("\n"):
        kept = line.lstrip(" ")
        indented = "\u00a0" * (len(line) - len(kept)) + kept
        lines.append(text(indented, fontType="Monospace", size="Small", spacing="None"))
    return box(lines, style="emphasis")


def plain_lines(sql: str) -> str:
    """Each line as `plain` has it."""
    return "\n".join(plain(line, LONGEST) for line in sql.split("\n"))


def correction(answer_id: str, sql: str, most: int) -> Part:
    """A button that opens a box with the query; what is sent is checked like the bot's own SQL."""
    box_: Part = {
        "type": "Input.Text", "id": "sql", "isMultiline": True, "maxLength": LONGEST, "isRequired": True,
        "label": "Change the SQL to what it should have been. It is checked, and run read-only.",
        "errorMessage": "Write the query first.", "placeholder": "SELECT …",
    }  # fmt: skip
    if sql and len(sql) <= most:
        box_["value"] = sql
    inner = card([box_], [press("Check and run", "correct", {"answer": answer_id}, style="positive")])
    del inner["msteams"], inner["$schema"]
    return {"type": "Action.ShowCard", "title": "Correct SQL" if sql else "Write SQL", "card": inner}


def _cut(sql: str, most: int) -> tuple[str, bool]:
    lines = sql.split("\n")
    shown = "\n".join(lines[:_LINES])
    if len(shown) <= most and len(lines) <= _LINES:
        return shown, False
    return shown[: max(0, most - 1)].rstrip() + ELLIPSIS, True

"""How an answer reads in a terminal."""

from __future__ import annotations

from bot.answer import Answer
from bot.formats import clean_lines
from bot.shown import Shown
from bot.table import as_text, make_table

ROWS = 20  # more than these go to a file


def answer_text(answer: Answer, shown: Shown, width: int, filed: bool = False) -> str:
    """The SQL, the table, the reading, and a line on how it came about. `filed`: all rows go to a file anyway."""
    table = as_text(make_table(shown.result, shown.columns, ROWS), width)
    rows = len(shown.result.rows)
    more = f"Add --csv FILE to keep all {rows:,}." if rows > ROWS and not filed else ""
    rows_text = "\n".join(filter(None, (table, more)))
    parts = [answer.message, shown.sql, rows_text, shown.reading, _readings(answer), _origin(answer)]
    # Stored values stand in most of them, and who stored one need not be who reads it here.
    return "\n\n".join(clean_lines(part) for part in parts if part)


def _readings(answer: Answer) -> str:
    """What else may have been meant, to be picked by its number."""
    if len(answer.readings) < 2:
        return ""
    lines = [f"  {i}  {reading.words}" for i, reading in enumerate(answer.readings, start=1)]
    return "\n".join(["This is the first of these readings; add --pick N to take another:", *lines])


def _origin(answer: Answer) -> str:
    rows = len(answer.result.rows) if answer.result else 0
    milliseconds = answer.timings_ms.get("total", 0.0)
    notes = [f"{rows:,} row{'' if rows == 1 else 's'}", f"{milliseconds:,.0f} ms", f"student {answer.student_version}"]
    if answer.status == "unsure":
        notes.insert(0, f"{answer.confidence:.0%} sure")
    if answer.candidate > 0:
        notes.append(f"candidate {answer.candidate + 1}: {', '.join(answer.tried)}")
    return " · ".join(notes)

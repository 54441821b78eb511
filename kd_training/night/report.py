"""What came of a night, for people: as text, as a page, and as data."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from eval_harness.measures import Share
from kd_training.shards import write_whole

Result = Literal["promoted", "kept", "nothing new", "failed"]
_HEADS: Mapping[Result, str] = {
    "promoted": "A better student serves.",
    "kept": "The gate said no: the student that served goes on.",
    "nothing new": "There was nothing new to learn.",
    "failed": "The night could not be finished.",
}
_KEPT = "the next night tries again with the same pairs; mynah nightly --once --force does so now"
_SHOWN = 10  # examples of each kind
Count = tuple[int, int]  # right, of how many


@dataclass(frozen=True)
class NightReport:
    """One night. `before` and `after` count right answers to the held-out questions, `pairs_before` and `pairs_after`
    those to what people corrected. `left_out` counts the held-out questions that these ask or have the SQL of.
    `admission` is what became of the nominated pairs."""

    day: str
    result: Result
    version: str = ""
    incumbent: str = ""
    reasons: tuple[str, ...] = ()
    before: Count = (0, 0)
    after: Count = (0, 0)
    pairs_before: Count = (0, 0)
    pairs_after: Count = (0, 0)
    better: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    learned: int = 0
    fresh: int = 0
    taken_out: int = 0
    left_out: int = 0
    unsaid: tuple[tuple[str, str], ...] = ()
    admission: Mapping[str, int] = field(default_factory=dict)
    started_from: str = ""
    drift: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    next_run: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing stands in the way: a student was promoted, or none was needed."""
        return self.result in ("promoted", "nothing new")

    def outcome(self) -> str:
        """One line."""
        what = {"promoted": f"promoted {self.version}", "kept": "the gate said no"}.get(self.result, self.result)
        return f"{what}: {'; '.join(self.reasons)}" if self.reasons else what


def read_report(data: Mapping[str, Any]) -> NightReport:
    """A report from its data. Raises TypeError for what is none."""
    lists = {name: tuple(data[name]) for name in ("reasons", "better", "worse")}
    counts = {name: tuple(data[name]) for name in ("before", "after", "pairs_before", "pairs_after")}
    return NightReport(**{**data, **lists, **counts, "unsaid": tuple((q, why) for q, why in data["unsaid"])})


def to_text(report: NightReport) -> str:
    """For a terminal or a channel."""
    lines = [f"Night of {report.day}: {_HEADS[report.result]}", *(f"- {reason}" for reason in report.reasons), ""]
    lines += [f"{name}: {value}" for name, value in _facts(report) if value]
    for title, questions in (("Better", report.better), ("Worse", report.worse)):
        if questions:
            lines += ["", f"{title} ({len(questions)}):", *(f"- {q}" for q in questions[:_SHOWN])]
    if report.unsaid:
        lines += ["", "Admitted, but not in the student's words:", *(f"- {q}: {why}" for q, why in report.unsaid)]
    return "\n".join(lines).rstrip() + "\n"


def to_html(report: NightReport) -> str:
    """One page that loads nothing."""
    rows = "".join(f"<tr><th>{_e(name)}</th><td>{_e(value)}</td></tr>" for name, value in _facts(report) if value)
    parts = [
        f"<h1>{_e(_HEADS[report.result])}</h1><p class=day>Night of {_e(report.day)}</p>",
        _list("", report.reasons),
        f"<table>{rows}</table>",
        _list(f"Better ({len(report.better)})", report.better[:_SHOWN]),
        _list(f"Worse ({len(report.worse)})", report.worse[:_SHOWN]),
        _list("Admitted, but not in the student's words", tuple(f"{q}: {why}" for q, why in report.unsaid)),
    ]
    return (
        '<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f"<title>Mynah, night of {_e(report.day)}</title><style>{_STYLE}</style>"
        f'<body class="{_e(report.result.replace(" ", "-"))}"><main>{"".join(parts)}</main></body></html>\n'
    )


def write_report(report: NightReport, folder: Path) -> list[Path]:
    """Write all three forms, named by the day; the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    forms = {
        "json": json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n", "txt": to_text(report),
        "html": to_html(report),
    }  # fmt: skip
    for ending, text in forms.items():
        write_whole(folder / f"{report.day}.{ending}", [text])
    return [folder / f"{report.day}.{ending}" for ending in forms]


def _facts(report: NightReport) -> list[tuple[str, str]]:
    admission = ", ".join(f"{count} {name}" for name, count in report.admission.items())
    times = ", ".join(f"{name} {_time(seconds)}" for name, seconds in report.seconds.items())
    pairs = f"{report.learned} learned, {report.fresh} of them new, {report.taken_out} taken out since the last student"
    return [
        ("Student", report.version),
        ("Served before", report.incumbent),
        ("Started from", report.started_from),
        ("Held-out questions, before", _share(report.before)),
        ("Held-out questions, after", _share(report.after)),
        ("Not measured", f"{report.left_out} held-out questions: people taught them" if report.left_out else ""),
        ("People's pairs, before", _share(report.pairs_before)),
        ("People's pairs, after", _share(report.pairs_after)),
        ("Pairs", pairs),
        ("Nominations", admission),
        ("Tables", report.drift),
        ("Time", f"{_time(sum(report.seconds.values()))}: {times}" if times else ""),
        ("Then", _KEPT if report.result == "kept" else ""),
        ("Next run", report.next_run),
    ]


def _share(count: Count) -> str:
    right, of = count
    interval = Share(of, right).interval if of else None
    if interval is None:
        return ""
    low, high = interval
    return f"{right} of {of} right, {right / of:.1%} (95 % interval {low:.0%} to {high:.0%})"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _list(title: str, items: tuple[str, ...]) -> str:
    head = f"<h2>{_e(title)}</h2>" if title else ""
    return f"{head}<ul>{''.join(f'<li>{_e(item)}</li>' for item in items)}</ul>" if items else ""


def _e(text: str) -> str:
    return html.escape(text)


_STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; border-top: 6px solid #8a6d1a; }
body.promoted { border-color: #1f7a4d; } body.kept, body.failed { border-color: #b3372f; }
main { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .25rem; } .day { opacity: .7; margin: 0; }
table { border-collapse: collapse; width: 100%; margin-top: 1rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
th { white-space: nowrap; font-weight: 600; } li { overflow-wrap: anywhere; }
"""

"""A report for people in a terminal, and for programs as JSON.

docs/evaluation-report.md describes the JSON object, key by key.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tabulate import tabulate

from eval_harness.measures import EvalReport, Excerpt, Share, Verdict
from eval_harness.risk import calibration, curve, stands
from eval_harness.whole_file import write_whole

FORMAT = 1
TARGET = 0.95  # the selective accuracy that the report's coverage_at_95 is for
_WIDTH = 60


def to_json(report: EvalReport, baselines: Mapping[str, EvalReport] | None = None) -> dict[str, Any]:
    """The report as plain data, with the keys of docs/evaluation-report.md."""
    test_suite = report.variants.get("test_suite")
    return {
        "format": FORMAT,
        "n": report.n,
        "answerable": report.answer_accuracy.n,
        "answer_accuracy": report.answer_accuracy.value,
        "answer_accuracy_interval": report.answer_accuracy.interval,
        "execution_accuracy": report.execution_accuracy.value,
        "execution_accuracy_interval": report.execution_accuracy.interval,
        "coverage": report.coverage.value,
        "selective_accuracy": report.selective_accuracy.value,
        "selective_accuracy_interval": report.selective_accuracy.interval,
        "refused_unanswerable": report.refused_unanswerable.value,
        "refused_unsafe": report.refused_unsafe.value,
        "ambiguous_handled": report.ambiguous_handled.value,
        "guard_rejections": report.guard_rejections,
        "database_errors": report.database_errors,
        "gold_errors": [asdict(error) for error in report.gold_errors],
        "latency_ms": report.latency_ms,
        **_confidence(report),
        "by_kind": _shares(report.by_kind),
        "by_level": _shares(report.by_level),
        "by_tag": _shares(report.by_tag),
        "test_suite_accuracy": test_suite.value if test_suite else None,
        "variants": _shares(report.variants),
        "baselines": {name: _without_examples(other) for name, other in (baselines or {}).items()},
        "reasons": report.reasons,
        "examples": [_example(verdict) for verdict in report.examples],
    }


def write_json(report: EvalReport, path: str | Path, baselines: Mapping[str, EvalReport] | None = None) -> None:
    """Write the report as JSON; a reader never sees half of it. Raises OSError."""
    text = json.dumps(to_json(report, baselines), ensure_ascii=False, indent=1, allow_nan=False)
    write_whole(Path(path), text + "\n")


def to_text(report: EvalReport, failures: int = 20, baselines: Mapping[str, EvalReport] | None = None) -> str:
    """The report as tables for a terminal, with up to so many wrong examples."""
    parts = [
        tabulate(_headlines(report), disable_numparse=True, tablefmt="plain"),
        _groups("right by the rules of", report.variants),
        _beside(baselines or {}),
        _groups("level", report.by_level),
        _groups("kind", report.by_kind),
    ]
    wrong = [v for v in report.examples if not v.correct]
    if wrong:
        parts.append(_failures(wrong[:failures]))
    if len(wrong) > failures:
        parts.append(f"... and {len(wrong) - failures} more.")
    if report.gold_errors:
        rows = [(e.id, _short(e.error)) for e in report.gold_errors]
        parts.append(tabulate(rows, headers=("gold that did not run", "error"), disable_numparse=True))
    return "\n\n".join(part for part in parts if part)


def _headlines(report: EvalReport) -> list[tuple[str, str]]:
    latency = ", ".join(f"{name} {value:,.0f} ms" for name, value in report.latency_ms.items())
    return [
        ("examples", f"{report.n:,}"),
        ("answer accuracy", _share(report.answer_accuracy)),
        ("execution accuracy", _share(report.execution_accuracy)),
        ("coverage", _share(report.coverage)),
        ("selective accuracy", _share(report.selective_accuracy)),
        ("unanswerable, refused", _share(report.refused_unanswerable)),
        ("unsafe, refused", _share(report.refused_unsafe)),
        ("ambiguous, handled", _share(report.ambiguous_handled)),
        ("confidence", _confidence_text(report)),
        ("guard rejections", f"{report.guard_rejections:,}"),
        ("database errors", f"{report.database_errors:,}"),
        ("gold errors", f"{len(report.gold_errors):,}"),
        ("latency", latency),
    ]


def _beside(baselines: Mapping[str, EvalReport]) -> str:
    rows = [
        (name, _share(other.answer_accuracy), _share(other.coverage), _share(other.selective_accuracy))
        for name, other in baselines.items()
    ]
    headers = ("baseline", "answer accuracy", "coverage", "selective accuracy")
    return str(tabulate(rows, headers=headers, disable_numparse=True)) if rows else ""


def _groups(title: str, groups: dict[str, Share]) -> str:
    rows = [(name or "-", _share(share)) for name, share in groups.items()]
    return str(tabulate(rows, headers=(title, "correct"), disable_numparse=True)) if rows else ""


def _failures(verdicts: list[Verdict]) -> str:
    rows = [
        (v.id, _short(v.question), v.status, v.reason) for v in verdicts
    ]
    return str(tabulate(rows, headers=("wrong", "question", "status", "reason"), disable_numparse=True))


def _short(text: str) -> str:
    return textwrap.shorten(text, _WIDTH, placeholder="…")


def _share(share: Share) -> str:
    if share.value is None or share.interval is None:
        return "-"
    low, high = share.interval
    return f"{share.value:.1%}  ({share.correct} of {share.n}; {low:.0%} to {high:.0%})"


def _shares(groups: dict[str, Share]) -> dict[str, dict[str, Any]]:
    return {
        name: {"n": share.n, "correct": share.correct, "accuracy": share.value, "interval": share.interval}
        for name, share in groups.items()
    }


def _confidence(report: EvalReport) -> dict[str, Any]:
    n, covered = stands(report.examples)
    risk, calibrated = curve(n, covered), calibration(covered)
    bins = [
        {
            "low": b.low, "high": b.high, "n": b.right.n, "confidence": b.confidence, "accuracy": b.right.value,
            "interval": b.right.interval,
        }
        for b in calibrated.bins
    ]  # fmt: skip
    return {
        "risk_coverage": {
            "area": risk.area,
            "excess_area": risk.excess_area,
            "coverage_at_95": risk.coverage_at(TARGET),
            "points": [asdict(point) for point in risk.points],
        },
        "calibration": {"error": calibrated.error, "bins": bins},
    }


def _confidence_text(report: EvalReport) -> str:
    n, covered = stands(report.examples)
    risk, error = curve(n, covered), calibration(covered).error
    coverage = risk.coverage_at(TARGET)
    if risk.area is None or risk.excess_area is None or coverage is None:
        return "-"
    off = "" if error is None else f"; off by {error:.1%} on average"
    return f"{TARGET:.0%} right up to {coverage:.1%} coverage; area {risk.area:.3f}, excess {risk.excess_area:.3f}{off}"


def _without_examples(report: EvalReport) -> dict[str, Any]:
    return {key: value for key, value in to_json(report).items() if key not in ("examples", "baselines")}


def _example(verdict: Verdict) -> dict[str, Any]:
    keys = (
        "id", "question", "kind", "level", "tags", "status", "sql", "gold", "correct", "execution_correct",
        "sql_correct", "confidence", "latency_ms", "reason", "error",
    )  # fmt: skip
    return {
        **{key: getattr(verdict, key) for key in keys},
        "variants": dict(verdict.variants),
        "result": _excerpt(verdict.result),
        "gold_result": _excerpt(verdict.gold_result),
    }


def _excerpt(excerpt: Excerpt | None) -> dict[str, Any] | None:
    if excerpt is None:
        return None
    rows = [[_plain(cell) for cell in row] for row in excerpt.rows]
    return {"columns": excerpt.columns, "rows": rows, "row_count": excerpt.row_count}


def _plain(cell: Any) -> Any:
    """JSON has no infinity: written as text."""
    return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell

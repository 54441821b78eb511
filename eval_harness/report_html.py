"""A report as one HTML page that needs nothing else: no server, no network, no script for what it says."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.formats import shorten
from eval_harness.markup import Child, Markup, element, joined
from eval_harness.measures import EvalReport, Share
from eval_harness.report_examples import examples
from eval_harness.report_plots import PAGE, bar, latency_plot, plot_style, reliability_plot, risk_plot
from eval_harness.risk import Curve, calibration, curve, stands
from eval_harness.whole_file import write_whole

_TARGET = 0.95

_SHARES: tuple[tuple[str, str, Callable[[EvalReport], Share]], ...] = (
    ("answer accuracy", "Right answers among the answerable questions.", lambda r: r.answer_accuracy),
    ("execution accuracy", "Right answers without extra columns.", lambda r: r.execution_accuracy),
    ("coverage", "Answered, and not called unsure, among the answerable questions.", lambda r: r.coverage),
    ("selective accuracy", "Right answers among those answered.", lambda r: r.selective_accuracy),
    ("unanswerable, refused", "Held back, as they should be.", lambda r: r.refused_unanswerable),
    ("unsafe, refused", "Held back, as they should be.", lambda r: r.refused_unsafe),
    ("ambiguous, handled", "Unsure, or answered by one of the readings.", lambda r: r.ambiguous_handled),
)
_NUMBERS: tuple[tuple[str, str, Callable[[EvalReport], str]], ...] = (
    ("coverage at 95 % right", "If the threshold were chosen for it, on these examples.", lambda r: _at_target(r)),
    ("calibration error", "How far confidence is from the share of right answers.", lambda r: _calibration_error(r)),
    ("latency p50 / p95", "From question to answer.", lambda r: _latency(r)),
    ("guard rejections", "Queries that were not let through.", lambda r: f"{r.guard_rejections:,}"),
    ("database errors", "Queries that did not run.", lambda r: f"{r.database_errors:,}"),
    ("gold errors", "Gold that did not run: in no share.", lambda r: f"{len(r.gold_errors):,}"),
)


def write_html(
    report: EvalReport,
    path: str | Path,
    title: str,
    compared: EvalReport | None = None,
    facts: Mapping[str, str] | None = None,
    *,
    compared_name: str = "compared",
    dialect: str = "sqlite",
) -> None:
    """Write the page; a reader never sees half of it. Raises OSError.

    `facts` are what a reader should know of the run (student, examples, day). A compared report over the same
    examples, a baseline or the incumbent, stands beside this one as `compared_name`. `dialect` is that of the
    predicted SQL.
    """
    text = to_html(report, title, compared, facts, compared_name=compared_name, dialect=dialect)
    write_whole(Path(path), text, errors="replace")


def to_html(
    report: EvalReport,
    title: str,
    compared: EvalReport | None = None,
    facts: Mapping[str, str] | None = None,
    *,
    compared_name: str = "compared",
    dialect: str = "sqlite",
) -> str:
    """The page that `write_html` writes."""
    body = joined(
        element("header", element("h1", title, dir="auto"), _facts(facts or {})),
        element(
            "main",
            _tiles(report, compared, compared_name),
            _plots(report, compared, compared_name),
            _groups(report, compared, compared_name),
            _gold_errors(report),
            examples(report, compared, compared_name, dialect),
        ),
    )
    return f"<!DOCTYPE html>\n{element('html', _head(title), element('body', body, _script()), lang='en')}\n"


def _head(title: str) -> Markup:
    """The policy lets nothing run or load but this page's own style and script, whatever a text may hold."""
    style, script = Markup(plot_style() + _part("report.css")), _part("report.js")
    policy = f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=Markup(policy)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="icon", href="data:,"),
        element("style", style),
    )


def _script() -> Markup:
    return element("script", _part("report.js"))


def _part(name: str) -> Markup:
    return Markup((PAGE / name).read_text("utf-8"))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _facts(facts: Mapping[str, str]) -> Markup | None:
    pairs = (element("div", element("dt", key), element("dd", value)) for key, value in facts.items())
    return element("dl", *pairs, class_="facts") if facts else None


def _tiles(report: EvalReport, compared: EvalReport | None, name: str) -> Markup:
    tiles = [_share_tile(*share, report, compared, name) for share in _SHARES if share[2](report).n]
    for label, explained, of in _NUMBERS:
        other = f"{name} {of(compared)}" if compared else None
        tiles.append(_tile(label, explained, of(report), None, other))
    return element("section", *tiles, class_="tiles", aria_label="Headlines")


def _share_tile(
    label: str, explained: str, of: Callable[[EvalReport], Share],
    report: EvalReport, compared: EvalReport | None, name: str,
) -> Markup:  # fmt: skip
    share = of(report)
    other = f"{name} {_percent(of(compared))} ({_change(share, of(compared))})" if compared else None
    return _tile(label, explained, _percent(share), f"{_interval(share)} · {share.correct:,} of {share.n:,}", other)


def _tile(label: str, explained: str, value: str, detail: str | None, other: str | None) -> Markup:
    return element(
        "div",
        element("h2", label),
        element("p", value, class_="value"),
        element("p", detail, class_="detail") if detail else None,
        element("p", other, class_="detail") if other else None,
        element("p", explained, class_="explained"),
        class_="tile",
    )


def _plots(report: EvalReport, compared: EvalReport | None, name: str) -> Markup:
    n, covered = stands(report.examples)
    plots: list[Child] = []
    if covered:
        curves = [("this report", curve(n, covered))]
        if compared:
            curves.append((name, curve(*stands(compared.examples))))
        coverage, accuracy = report.coverage.value, report.selective_accuracy.value
        now = (coverage, accuracy) if coverage is not None and accuracy is not None else None
        text = (
            "If only the surest answers were given: how many questions would be covered, and how many of those "
            f"answers would be wrong. {_risk_text(curves[0][1])}"
        )
        plots.append(_figure("Risk and coverage", risk_plot(curves, now), text))
    calibrated = calibration(covered)
    if calibrated.bins:
        text = f"Of answers given with a confidence of 80 %, 80 % should be right. Off by {_calibration_error(report)}."
        plots.append(_figure("Reliability", reliability_plot(calibrated), text))
    if report.examples:
        text = ", ".join(f"{key} {value:,.0f} ms" for key, value in report.latency_ms.items())
        times = [verdict.latency_ms for verdict in report.examples]
        other = f" {name}: p50 / p95 {_latency(compared)}." if compared else ""
        plots.append(_figure("Latency", latency_plot(times, report.latency_ms), f"{text}.{other}"))
    return element("section", *plots, class_="plots", aria_label="Plots")


def _figure(title: str, plot: Markup, text: str) -> Markup:
    return element("figure", element("h2", title), plot, element("figcaption", text))


def _groups(report: EvalReport, compared: EvalReport | None, name: str) -> Markup:
    level = _group("level", report.by_level, compared.by_level if compared else None, name)
    kind = _group("kind", report.by_kind, compared.by_kind if compared else None, name)
    tag = _group("tag", report.by_tag, compared.by_tag if compared else None, name)
    return element("section", element("div", level, kind), tag, class_="groups", aria_label="Accuracy by group")


def _group(key: str, shares: Mapping[str, Share], others: Mapping[str, Share] | None, name: str) -> Markup | None:
    if not any(shares):
        return None
    heads = [key, "right", "of", "share", "95 % interval"] + ([name, "change"] if others is not None else [])
    rows = (_row(label, share, others) for label, share in sorted(shares.items(), key=lambda pair: -pair[1].n))
    table = element(
        "table",
        element("caption", f"Right by {key}"),
        element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
        element("tbody", *rows),
    )
    return element("div", table, class_="group-table", tabindex=0)


def _row(label: str, share: Share, others: Mapping[str, Share] | None) -> Markup:
    other = (others or {}).get(label, Share(0, 0))
    bars = joined(bar(share), bar(other, "c1") if others is not None else None)
    low_high = element("td", bars, element("span", _interval(share), class_="detail"), class_="bars")
    cells = [f"{share.correct:,}", f"{share.n:,}", _percent(share), low_high]
    if others is not None:
        cells += [_percent(other), _change(share, other)]
    return element(
        "tr", element("th", shorten(label, 40) or "none", scope="row", dir="auto"),
        *(cell if isinstance(cell, Markup) else element("td", cell) for cell in cells),
    )  # fmt: skip


def _gold_errors(report: EvalReport) -> Markup | None:
    if not report.gold_errors:
        return None
    rows = (element("li", element("b", e.id), f": {e.error} ", element("code", e.sql)) for e in report.gold_errors)
    return element("section", element("h2", "Gold that did not run"), element("ul", *rows), class_="gold-errors")


def _percent(share: Share) -> str:
    return "–" if share.value is None else f"{share.value:.1%}"


def _interval(share: Share) -> str:
    return "–" if share.interval is None else f"{share.interval[0]:.0%} to {share.interval[1]:.0%}"


def _change(share: Share, other: Share) -> str:
    if share.value is None or other.value is None:
        return "–"
    return f"{100 * (share.value - other.value):+.1f}".replace("-", "−")


def _at_target(report: EvalReport) -> str:
    coverage = curve(*stands(report.examples)).coverage_at(_TARGET)
    return "–" if coverage is None else f"{coverage:.1%}"


def _calibration_error(report: EvalReport) -> str:
    error = calibration(stands(report.examples)[1]).error
    return "–" if error is None else f"{error:.1%}"


def _latency(report: EvalReport) -> str:
    return " / ".join(f"{report.latency_ms[p]:,.0f}" for p in ("p50", "p95")) + " ms"


def _risk_text(risk: Curve) -> str:
    if risk.area is None or risk.excess_area is None:
        return ""
    return f"Area {risk.area:.3f}, of which the order of the answers costs {risk.excess_area:.3f}."

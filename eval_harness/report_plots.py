"""The plots of a report as SVG: risk against coverage, reliability, latency, and shares as bars.

Colours come from style sheet classes, so that a page shows them in light and dark alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval_harness.markup import Child, Markup, element, joined
from eval_harness.measures import Share
from eval_harness.risk import Calibration, Curve

PAGE = Path(__file__).with_name("page")  # the styles and the script of a report's page
_WIDTH, _HEIGHT = 460, 310
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 22, 34, 46
_BINS = 32
_FEW = 0.1  # the coverage from which on a curve must fit in: the first answers alone may all be wrong
_TOPS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class _Frame:
    """From data to places in the picture: x from 0 to `right`, y from 0 to `top`."""

    right: float
    top: float

    def x(self, value: float) -> float:
        return _LEFT + value / self.right * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        value = min(value, self.top)
        return _HEIGHT - _BOTTOM - value / self.top * (_HEIGHT - _TOP - _BOTTOM)

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> Markup:
        d = " ".join(f"{'L' if i else 'M'}{self.x(x):.1f} {self.y(y):.1f}" for i, (x, y) in enumerate(points))
        return element("path", d=d, class_=f"line {kind}")

    def axes(self, xs: Sequence[tuple[float, str]], ys: Sequence[tuple[float, str]], x: str, y: str) -> Markup:
        """Grid, numbers and names of both axes."""
        low, left, end = self.y(0), self.x(0), self.x(self.right)
        middle = (_TOP + low) / 2
        return joined(
            *(element("line", x1=left, x2=end, y1=self.y(v), y2=self.y(v), class_="grid") for v, _ in ys),
            *(_text(left - 7, self.y(v) + 4, name, "end") for v, name in ys),
            *(_text(self.x(v), low + 17, name, "middle") for v, name in xs),
            _text((left + end) / 2, _HEIGHT - 8, x, "middle", "name"),
            element("text", y, x=13, y=middle, text_anchor="middle", class_="name",
                    transform=f"rotate(-90 13 {middle:.0f})"),
        )  # fmt: skip


def plot_style() -> Markup:
    """The styles that the plots need, and the colours of the page."""
    return Markup((PAGE / "plots.css").read_text("utf-8"))


def risk_plot(
    curves: Sequence[tuple[str, Curve]],
    now: tuple[float, float] | None,
    target: float = 0.95,
    alone: bool = False,
) -> Markup:
    """Selective risk against coverage, the first curve with its best possible order.

    `now` is (coverage, selective accuracy) as the bot answered. `alone`: a picture by itself, with its styles in it.
    """
    first = curves[0][1]
    risks = [1 - p.selective_accuracy for _, c in curves for p in c.points if p.coverage >= min(_FEW, c.covered / c.n)]
    highest = max([*risks, 1 - now[1] if now else 0, 2 * (1 - target)])
    frame = _Frame(1.0, next(t for t in _TOPS if t >= highest - 1e-9))
    marks: list[Child] = [element("style", plot_style())] if alone else []
    marks.append(frame.axes(_percents(1.0), _percents(frame.top), "coverage", "wrong among those answered"))
    marks.append(frame.line([(0, 1 - target), (1, 1 - target)], "target"))
    marks.append(_text(frame.x(0) + 5, frame.y(1 - target) - 5, f"{1 - target:.0%} wrong"))
    marks.append(frame.line(_best(first), "best"))
    marks += [frame.line(_steps(c), f"c{k}") for k, (_, c) in reversed(list(enumerate(curves)))]
    if now:
        x, y = frame.x(now[0]), frame.y(1 - now[1])
        marks.append(element("circle", cx=x, cy=y, r=5, class_="dot"))
        marks.append(_text(x - 9, y - 8, "as answered", "end", "strong"))
    named = [(f"c{k}", name) for k, (name, _) in enumerate(curves)]
    says = f"Area {_number(first.area)}, excess {_number(first.excess_area)}; " + (
        f"at least {target:.0%} right up to a coverage of {first.coverage_at(target) or 0:.1%}."
    )
    return _svg("Wrong answers by coverage", says, _legend([*named, ("best", "best order")]), *marks)


def reliability_plot(calibration: Calibration) -> Markup:
    """The share of right answers against the confidence, by tenths, with intervals and counts."""
    frame = _Frame(1.0, 1.0)
    most = max((b.right.n for b in calibration.bins), default=0) or 1
    marks: list[Child] = [frame.axes(_percents(1.0), _percents(1.0), "confidence", "right")]
    for own in calibration.bins:
        height = 0.16 * own.right.n / most
        marks.append(element(
            "rect", x=frame.x(own.low) + 1.5, width=frame.x(own.high) - frame.x(own.low) - 3, y=frame.y(height),
            height=frame.y(0) - frame.y(height), class_="count",
        ))  # fmt: skip
    marks.append(frame.line([(0, 0), (1, 1)], "target"))
    for own in calibration.bins:
        if own.confidence is None or own.right.value is None or own.right.interval is None:
            continue
        x, (low, high) = frame.x(own.confidence), own.right.interval
        title = f"{own.low:.0%} to {own.high:.0%}: {own.right.correct} of {own.right.n} right"
        marks.append(element("line", x1=x, x2=x, y1=frame.y(low), y2=frame.y(high), class_="whisker"))
        marks.append(element("circle", element("title", title), cx=x, cy=frame.y(own.right.value), r=5, class_="dot"))
    rows = (f"{b.low:.0%} to {b.high:.0%}: {b.right.correct} of {b.right.n}" for b in calibration.bins if b.right.n)
    says = f"Off by {_percent(calibration.error)} on average. Right by confidence: {'; '.join(rows)}."
    legend = _legend([("dot", "right, 95 % interval"), ("count", "how many"), ("target", "as confident as right")])
    return _svg("Right answers by confidence", says, legend, *marks)


def latency_plot(values: Sequence[float], percentiles: dict[str, float]) -> Markup:
    """How many examples took how long; the last bar holds everything slower than the axis shows."""
    end = max(percentiles.get("p99", 0.0) * 1.15, 1.0)
    step = _step(end / 5)
    end = math.ceil(end / step - 1e-9) * step
    counts = [0] * _BINS
    for value in values:
        counts[max(0, min(int(value / end * _BINS), _BINS - 1))] += 1
    tall = max([*counts, 1])
    rise = max(1.0, _step(tall / 4))
    frame = _Frame(end, math.ceil(tall * 1.04 / rise) * rise)
    xs = [(k * step, f"{k * step:,.4g}") for k in range(round(end / step) + 1)]
    ys = [(k * rise, f"{k * rise:,.0f}") for k in range(round(frame.top / rise) + 1)]
    marks: list[Child] = [frame.axes(xs, ys, "milliseconds", "examples")]
    for place, count in enumerate(counts):
        low, high = frame.x(place * end / _BINS), frame.x((place + 1) * end / _BINS)
        marks.append(element("rect", x=low + 0.5, width=high - low - 1, y=frame.y(count),
                             height=frame.y(0) - frame.y(count), class_="bar c0"))  # fmt: skip
    for place, (name, value) in enumerate(percentiles.items()):
        x = frame.x(min(value, end))
        marks.append(element("line", x1=x, x2=x, y1=_TOP - 2 + 13 * (place % 2), y2=frame.y(0), class_="target"))
        marks.append(_text(x, _TOP - 6 + 13 * (place % 2), name, "middle"))
    says = ", ".join(f"{name} {value:,.0f} ms" for name, value in percentiles.items())
    return _svg("Time from question to answer", f"{says}.", *marks)


def bar(share: Share, kind: str = "c0") -> Markup:
    """One share with its interval as a bar from 0 to 100 %. The numbers stand beside it."""
    value, interval = share.value or 0.0, share.interval or (0.0, 0.0)
    low, high = (100 * end for end in interval)
    return element(
        "svg",
        element("rect", x=0, y=2, width=100, height=10, class_="track"),
        element("rect", x=0, y=2, width=100 * value, height=10, class_=f"bar {kind}"),
        element("line", x1=low, x2=high, y1=7, y2=7, class_="whisker"),
        *(element("line", x1=end, x2=end, y1=4, y2=10, class_="whisker") for end in (low, high)),
        viewBox="0 0 100 14", preserveAspectRatio="none", class_="share", aria_hidden="true",
    )  # fmt: skip


def _steps(curve: Curve) -> list[tuple[float, float]]:
    """A coverage between two thresholds costs the risk of the lower one."""
    points: list[tuple[float, float]] = []
    start = 0.0
    for point in curve.points:
        points += [(start, 1 - point.selective_accuracy), (point.coverage, 1 - point.selective_accuracy)]
        start = point.coverage
    return points


def _best(curve: Curve) -> list[tuple[float, float]]:
    some = sorted({round(curve.covered * k / 100) for k in range(101)} | {curve.right})
    return [(k / curve.n, max(0.0, 1 - curve.right / k) if k else 0.0) for k in some if k <= curve.covered and curve.n]


def _svg(title: str, says: str, *marks: Child) -> Markup:
    return element(
        "svg", element("title", title), element("desc", says), *marks, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img",
        aria_label=f"{title}. {says}", class_="plot", width=560, height=560 * _HEIGHT // _WIDTH, xmlns="http://www.w3.org/2000/svg",
    )  # fmt: skip


def _legend(entries: Sequence[tuple[str, str]]) -> Markup:
    marks: list[Child] = []
    x = float(_LEFT)
    for kind, name in entries:
        name = name if len(name) <= 24 else f"{name[:23]}…"
        if kind == "dot":
            marks.append(element("circle", cx=x + 9, cy=12, r=4.5, class_="dot"))
        elif kind == "count":
            marks.append(element("rect", x=x, y=7, width=18, height=10, class_="count"))
        else:
            marks.append(element("path", d=f"M{x:.0f} 12 L{x + 18:.0f} 12", class_=f"line {kind}"))
        marks.append(_text(x + 24, 16, name))
        x += 36 + 6.6 * len(name)
    return joined(*marks)


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str | None = None) -> Markup:
    return element("text", text, x=x, y=y, text_anchor=None if anchor == "start" else anchor, class_=kind)


def _percents(top: float) -> list[tuple[float, str]]:
    step = _step(top / 5)
    return [(k * step, f"{k * step:.0%}") for k in range(round(top / step) + 1)]


def _step(least: float) -> float:
    """The first of 1, 2, 5, 10, 20, 50 .. that is at least that, at any size."""
    size = math.pow(10, math.floor(math.log10(least)))
    return next(factor * size for factor in (1, 2, 5, 10) if factor * size >= least * (1 - 1e-9))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"

"""A chart as a PNG: matplotlib's objects without pyplot, so that threads do not meet in global state."""

from __future__ import annotations

import io
import textwrap
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bot.chart import ChartSpec, Series
from bot.formats import ColumnInfo, clean, decimals_for, format_number, shorten

WIDTH, DPI = 8.0, 150  # inches, dots an inch
COLOURS = ("#2f6db5", "#e07b39", "#3f9b6c", "#8a5fb0", "#c2477f", "#8c8c8c")
INK, FAINT = "#22303c", "#d9dee3"
_LABEL = 30  # characters of a category's name
_FEW = 12  # points up to which each gets a dot
_LINE = 58  # characters of the title on one line
_FALLBACKS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "WenQuanYi Zen Hei", "Arial Unicode MS", "Noto Sans Devanagari",
    "Noto Sans Thai", "Noto Sans Bengali", "Noto Emoji",
)
_lock = Lock()  # fonts are shared between figures


def picture(spec: ChartSpec) -> bytes:
    """The chart as PNG bytes, 1,200 pixels wide."""
    with _lock:
        margins = ConstrainedLayoutEngine(w_pad=0.14, h_pad=0.12)
        figure = Figure(figsize=(WIDTH, _height(spec)), dpi=DPI, layout=margins, facecolor="white")
        canvas: Any = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        if spec.kind == "line":
            _lines(axes, spec)
        else:
            _bars(axes, spec)
        _dress(axes, figure, spec)
        buffer = io.BytesIO()
        canvas.print_png(buffer, metadata={"Software": None, "Description": safe_text(spec.alt, 2000)})
        return buffer.getvalue()


def safe_text(text: str, limit: int) -> str:
    """A text that matplotlib draws as it is: one line, no mathematics, no characters that no font has."""
    drawable = "".join(ch if ord(ch) in _characters() else "□" for ch in shorten(clean(text), limit))
    return drawable.replace("$", r"\$")


@lru_cache(maxsize=1)
def _families() -> tuple[str, ...]:
    """The font that comes with matplotlib, then what this machine has for other scripts."""
    present = {font.name for font in font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in _FALLBACKS if name in present))


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    paths = [font_manager.findfont(name) for name in _families()]
    return frozenset(code for path in paths for code in font_manager.get_font(path).get_charmap())


def _font(size: float, **more: Any) -> dict[str, Any]:
    return {"fontsize": size, "fontfamily": list(_families()), "color": INK, **more}


def _height(spec: ChartSpec) -> float:
    """Inches: a line chart keeps its shape, bars take the room they need."""
    if spec.kind == "line":
        return 4.5
    bars = len(spec.labels) * (1 if spec.kind == "bar" else 0.35 + 0.65 * len(spec.series))
    return max(2.4, 1.3 + 0.32 * bars)


def _lines(axes: Axes, spec: ChartSpec) -> None:
    for series, colour in zip(spec.series, COLOURS, strict=False):
        points = [(x, y) for x, y in zip(spec.positions, series.values, strict=True) if y is not None]
        dots = "o" if len(points) <= _FEW * 3 else None
        axes.plot([p[0] for p in points], [p[1] for p in points], color=colour, linewidth=2.2, marker=dots,
                  markersize=4.5, label=safe_text(series.name, _LABEL))
    values = [v for s in spec.series for v in s.values if v is not None]
    if min(values) >= 0:
        axes.set_ylim(0, max(values) * 1.06 or 1)
    axes.margins(x=0.02)
    step = max(1, -(-len(spec.labels) // _FEW))
    shown = range((len(spec.labels) - 1) % step, len(spec.labels), step)  # so that the last is there
    crowded = max((len(spec.labels[i]) for i in shown), default=0) * len(shown) > 80
    slanted: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
    labels = [safe_text(spec.labels[i], _LABEL) for i in shown]
    axes.set_xticks([spec.positions[i] for i in shown], labels, **slanted)
    _number(axes.yaxis, axes.get_ylim(), spec.measure)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)


def _bars(axes: Axes, spec: ChartSpec) -> None:
    """Horizontal bars, the first at the top, each with its number at its end."""
    count = len(spec.series)
    thick = 0.72 if count == 1 else 0.84 / count
    for place, (series, colour) in enumerate(zip(spec.series, COLOURS, strict=False)):
        middle = [i + (place - (count - 1) / 2) * thick for i in range(len(spec.labels))]
        values = [0.0 if v is None else v for v in series.values]
        name = safe_text(series.name, _LABEL)
        bars = axes.barh(middle, values, height=thick * 0.94, color=colour, label=name)
        axes.bar_label(bars, _bar_labels(series, spec.measure), padding=4, **_font(9))
    axes.set_yticks(range(len(spec.labels)), [safe_text(label, _LABEL) for label in _told_apart(spec.labels)])
    axes.set_ylim(len(spec.labels) - 0.4, -0.6)
    values = [v for s in spec.series for v in s.values if v is not None]
    spread = max([0.0, *values]) - min([0.0, *values]) or 1.0
    # Room for the numbers beside the bars, on the sides where there are bars.
    axes.set_xlim(min([0.0, *values]) - (0.16 * spread if min(values) < 0 else 0),
                  max([0.0, *values]) + (0.16 * spread if max(values) > 0 else 0))
    _number(axes.xaxis, axes.get_xlim(), spec.measure)
    axes.grid(axis="x", color=FAINT, linewidth=0.8)
    if min(values) < 0:
        axes.axvline(0, color=INK, linewidth=0.8)


def _told_apart(labels: Sequence[str]) -> list[str]:
    """Names that begin alike lose their middle instead of their end."""
    begins = Counter(shorten(label, _LABEL) for label in labels)
    half = _LABEL // 2 - 2
    texts = []
    for label in labels:
        alike = len(label) > _LABEL and begins[shorten(label, _LABEL)] > 1
        texts.append(f"{label[:half].rstrip()} … {label[-half:].lstrip()}" if alike else label)
    return texts


def _bar_labels(series: Series, measure: ColumnInfo) -> list[str]:
    most = max((abs(v * measure.scale) for v in series.values if v is not None), default=0.0)
    decimals = 0 if measure.kind == "money" and most >= 1000 else measure.decimals
    return ["" if v is None else safe_text(format_number(v, measure, decimals), 40) for v in series.values]


def _number(axis: Axis, limits: Sequence[float], measure: ColumnInfo) -> None:
    """Round numbers along an axis, short where they are large: $1.2M, 40k."""
    top = max(abs(limits[0]), abs(limits[1])) * measure.scale
    steps = ((1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
    size, unit = next(((by, letter) for least, by, letter in steps if top >= least), (1.0, ""))

    def text(value: float, _place: int) -> str:
        shown = value * measure.scale / size
        letter = "" if shown == 0 else unit
        plain = decimals_for([round(shown, 6)], "number")
        if measure.kind == "money":
            sign = "-" if shown < 0 else ""
            return safe_text(f"{sign}{measure.unit or '$'}{abs(shown):,.{plain}f}{letter}", 20)
        return f"{shown:,.{plain}f}{letter}{' %' if measure.kind == 'percent' else ''}"

    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10], integer=measure.kind == "integer"))
    axis.set_major_formatter(FuncFormatter(text))


def _dress(axes: Axes, figure: Figure, spec: ChartSpec) -> None:
    axes.set_axisbelow(True)
    title = textwrap.wrap(shorten(clean(spec.title), 2 * _LINE - 8), _LINE)
    figure.suptitle("\n".join(safe_text(line, _LINE) for line in title), x=0.015, ha="left",
                    **_font(13, fontweight="bold"))
    for name, spine in axes.spines.items():
        spine.set_visible(name == ("bottom" if spec.kind == "line" else "left"))
        spine.set_color(FAINT)
    axes.tick_params(length=0, pad=6, labelsize=10, labelcolor=INK)
    for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        label.set_fontfamily(list(_families()))
    if spec.measure.unit and spec.measure.kind in ("number", "integer"):
        say = axes.set_ylabel if spec.kind == "line" else axes.set_xlabel
        say(safe_text(spec.measure.unit, 20), **_font(10))
    if len(spec.series) > 1:
        longest = max(len(series.name) for series in spec.series)
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=max(1, min(6, 66 // (min(longest, _LABEL) + 5))),
            frameon=False, borderaxespad=0.2, prop={"family": list(_families()), "size": 9.5}, labelcolor=INK,
            handlelength=1.2, columnspacing=1.4,
        )

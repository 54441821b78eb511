"""A chart in Slack: a block that Slack draws itself where the chart fits in one, else our picture with its text."""

from __future__ import annotations

from adapters.slack.blocks.texts import Block, clean_text, cut, length
from adapters.slack.limits import CHART_POINTS, CHART_SERIES, CHART_TITLE, CHART_WORDS
from bot.chart import ChartSpec


def native_chart(spec: ChartSpec) -> Block | None:
    """The chart as a block; None where a gap, a long word or a crowd keeps it from being one."""
    names = [clean_text(series.name) or cut(clean_text(spec.measure.title), CHART_WORDS) for series in spec.series]
    labels = [clean_text(label) for label in spec.labels]
    words = [*labels, *names]
    if any(not 1 <= length(word) <= CHART_WORDS for word in words):
        return None
    if len(set(labels)) < len(labels) or len(set(names)) < len(names):
        return None
    if len(labels) > CHART_POINTS or len(names) > CHART_SERIES or any(None in s.values for s in spec.series):
        return None
    scale = spec.measure.scale
    series = [
        {"name": name, "data": [
            {"label": x, "value": _plain((y or 0.0) * scale)} for x, y in zip(labels, each.values, strict=True)
        ]}
        for name, each in zip(names, spec.series, strict=True)
    ]  # fmt: skip
    axis = {"categories": labels, "x_label": cut(clean_text(spec.label_title), 50)}
    if spec.measure.kind == "percent":
        axis["y_label"] = "%"
    chart = {"type": "line" if spec.kind == "line" else "bar", "series": series, "axis_config": axis}
    return {"type": "data_visualization", "title": cut(clean_text(spec.title), CHART_TITLE), "chart": chart}


def _plain(value: float) -> float:
    """Without the noise of sums, which Slack would show: two decimals, or six digits of what is small."""
    return round(value, 2) if abs(value) >= 1 else float(f"{value:.6g}")

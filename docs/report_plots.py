"""Draws the plots of docs/ from a report's JSON: `python -m docs.report_plots REPORT.json`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from eval_harness.report_plots import risk_plot
from eval_harness.risk import Curve, Point

DOCS = Path(__file__).resolve().parent


def main(arguments: list[str] | None = None) -> int:
    """Write docs/risk-coverage.svg, or another file that is named."""
    parser = argparse.ArgumentParser(prog="python -m docs.report_plots", description=__doc__)
    parser.add_argument("report", type=Path, help="what `mynah eval FILE --json REPORT` wrote")
    parser.add_argument("out", type=Path, nargs="?", default=DOCS / "risk-coverage.svg", help="the picture")
    chosen = parser.parse_args(arguments)
    try:
        picture = draw(json.loads(chosen.report.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{chosen.report} is no report with answers to plot: {error}", file=sys.stderr)
        return 2
    chosen.out.write_text(f"{picture}\n", encoding="utf-8")
    print(f"{chosen.out}: {chosen.out.stat().st_size / 1000:.0f} kB")
    return 0


def draw(report: dict[str, Any]) -> str:
    """The risk-coverage plot of a report as an SVG picture. Raises KeyError, TypeError or ValueError."""
    points = tuple(Point(**point) for point in report["risk_coverage"]["points"])
    if not points:
        raise ValueError("nothing was answered")
    n, last = report["answerable"], points[-1]
    covered = round(last.coverage * n)
    curve = Curve(n, covered, round(last.selective_accuracy * covered), points)
    now = None if report["selective_accuracy"] is None else (report["coverage"], report["selective_accuracy"])
    return risk_plot([("this student", curve)], now, alone=True)


if __name__ == "__main__":
    sys.exit(main())

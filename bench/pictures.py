"""The result file as pictures for docs/benchmarks.md.

    python -m bench.pictures [RESULTS]     writes docs/images/bench-*.svg

Bars of what is compared, the figure beside each; light and dark by the reader's own scheme.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
SYSTEMS: Final = ("telpher", "telethon", "telethon-1MiB", "kurigram", "bare")

# Pixels.
_WIDTH: Final = 720
_LEFT: Final = 150
_RIGHT: Final = 90
_BAR: Final = 18
_GAP: Final = 4
_HEAD: Final = 34
_TOP: Final = 40

_STYLE: Final = """
text { font: 14px system-ui, sans-serif; fill: #1a2233; }
.title { font-weight: 600; font-size: 16px; }
.case { font-weight: 600; }
rect { fill: #9aa7b8; }
.telpher { fill: #0f766e; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6ebf2; }
  rect { fill: #5b6b80; }
  .telpher { fill: #2dd4bf; }
}
"""


@dataclass(frozen=True)
class Chart:
    """One picture: `figure`, in `unit`, of some cases by the names they have for readers."""

    name: str
    title: str
    figure: str
    unit: str
    cases: tuple[tuple[str, str], ...]


CHARTS: Final = (
    Chart(
        "first-byte",
        "First byte, 80 ms to Telegram: milliseconds, less is better",
        "ttfb_ms",
        "ms",
        (
            ("first byte: open, warm; 80 ms", "a new file"),
            ("first byte: seek, warm; 80 ms", "a seek"),
            ("first byte: open, cached; 80 ms", "once more"),
        ),
    ),
    Chart(
        "one-viewer",
        "One viewer, 80 ms and 8 MB/s a connection: MB/s, more is better",
        "mb_s",
        "MB/s",
        (
            ("one viewer: home DC; 80 ms", "a file at home"),
            ("one viewer: foreign DC; 80 ms", "a file in another data centre"),
        ),
    ),
    Chart(
        "cpu",
        "CPU for a gibibyte: seconds, less is better; bare: decryption and socket alone",
        "cpu_s_per_gib",
        "s",
        (("CPU, one viewer; no latency", "one viewer"),),
    ),
    Chart(
        "upstream",
        "20 viewers of one file: times that it was fetched, less is better",
        "upstream_ratio",
        "x",
        (("20 viewers of one file; 80 ms", "20 viewers"),),
    ),
)


def drawn(chart: Chart, rows: Sequence[dict[str, Any]]) -> str:
    """The picture as SVG. Raises ValueError when nothing of it was measured."""
    figures = {
        (row["case"], row["system"]): float(row[chart.figure])
        for row in rows
        if row.get(chart.figure) is not None
    }
    groups = [
        (name, [(each, figures[case, each]) for each in SYSTEMS if (case, each) in figures])
        for case, name in chart.cases
    ]
    groups = [(name, bars) for name, bars in groups if bars]
    if not groups:
        raise ValueError(f"{chart.name}: nothing was measured")
    largest = max(value for _, bars in groups for _, value in bars)
    height = _TOP + sum(_HEAD + len(bars) * (_BAR + _GAP) for _, bars in groups) + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-label="{escape(chart.title)}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="0" y="20">{escape(chart.title)}</text>',
    ]
    y = _TOP
    for name, bars in groups:
        parts.append(f'<text class="case" x="0" y="{y + 18}">{escape(name)}</text>')
        y += _HEAD - _GAP
        for system, value in bars:
            parts += _bar(system, value, value / largest, y, chart.unit)
            y += _BAR + _GAP
        y += _GAP
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bar(system: str, value: float, part: float, y: int, unit: str) -> list[str]:
    width = max(2, round(part * (_WIDTH - _LEFT - _RIGHT)))
    kind = ' class="telpher"' if system == "telpher" else ""
    text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return [
        f'<text x="0" y="{y + 14}">{escape(system)}</text>',
        f'<rect{kind} x="{_LEFT}" y="{y}" width="{width}" height="{_BAR}" rx="3"/>',
        f'<text x="{_LEFT + width + 8}" y="{y + 14}">{text} {unit}</text>',
    ]


def main(results: Path, folder: Path = IMAGES) -> None:
    """Draws what the file has."""
    rows = json.loads(results.read_text("utf-8"))["rows"]
    for chart in CHARTS:
        (folder / f"bench-{chart.name}.svg").write_text(drawn(chart, rows), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("results.json"))

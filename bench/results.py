"""Rows, what they add up to, and how both are shown.

A row holds samples, and is told by their median with the least and the most. A figure that was not
measured, or could not be, is null; then the row says why, if it was meant to be there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

FIGURES: Final = ("mb_s", "ttfb_ms", "cpu_s_per_gib", "upstream_ratio", "rss_mb")
"""What every row has, null or not."""
MORE: Final = ("stall_rtts", "wasted_kib", "reserved_mb", "cpu_ms_per_request")
"""What some rows have besides."""
BARE: Final = "bare"
"""The system that is none: decryption, hash and socket alone."""


@dataclass(slots=True)
class Row:
    """What one system did in one case."""

    case: str
    system: str
    samples: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """Everything a reader must know: what went wrong, what was not measured and why."""

    def add(self, **figures: float | None) -> None:
        """One more run."""
        for name, value in figures.items():
            if value is not None:
                self.samples.setdefault(name, []).append(value)

    def note(self, text: str) -> None:
        """Say it, once."""
        if text not in self.notes:
            self.notes.append(text)

    def median(self, name: str) -> float | None:
        """The figure, None where there is none."""
        return median(self.samples[name]) if self.samples.get(name) else None

    def as_json(self) -> dict[str, Any]:
        """As in the result file."""
        told: dict[str, Any] = {"case": self.case, "system": self.system}
        told |= {name: _rounded(self.median(name)) for name in FIGURES}
        told |= {name: _rounded(self.median(name)) for name in MORE if name in self.samples}
        told["spread"] = {
            name: [_rounded(min(values)), _rounded(max(values))]
            for name, values in self.samples.items()
        }
        told["runs"] = max(map(len, self.samples.values()), default=0)
        told["notes"] = self.notes
        return told


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3 if abs(value) < 10 else 1)


class Results:
    """The rows so far, in order."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Row] = {}

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def row(self, case: str, system: str) -> Row:
        """The row of this case and system, made when it is new."""
        return self._rows.setdefault((case, system), Row(case, system))

    def get(self, case: str, system: str, figure: str) -> float | None:
        """A figure, None where it was not measured."""
        row = self._rows.get((case, system))
        return None if row is None else row.median(figure)

    def all(self, case: str, figure: str) -> dict[str, float]:
        """A figure by system, of those that have it."""
        rows = (row for row in self if row.case == case)
        told = ((row.system, row.median(figure)) for row in rows)
        return {system: value for system, value in told if value is not None}


def table(results: Results) -> str:
    """All rows for people: median [least..most]."""
    names = [*FIGURES, *(m for m in MORE if any(m in row.samples for row in results))]
    lines = [["case", "system", *names]]
    lines += [[row.case, row.system, *(_cell(row, name) for name in names)] for row in results]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = [
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) for line in lines
    ]
    notes = [f"  {row.case} / {row.system}: {note}" for row in results for note in row.notes]
    return "\n".join(line.rstrip() for line in [*shown, "", *notes]) + "\n"


def _cell(row: Row, name: str) -> str:
    values = row.samples.get(name)
    if not values:
        return "-"
    middle = f"{_rounded(median(values)):g}"
    if len(values) == 1:
        return middle
    return f"{middle} [{_rounded(min(values)):g}..{_rounded(max(values)):g}]"


def write(path: Path, report: dict[str, Any]) -> None:
    """The result file."""
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")

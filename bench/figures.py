"""The result file as the tables of README.md, and as the pictures beside it: nobody copies figures.

    python -m bench.figures [RESULTS]     writes README.md between its two marks, and the pictures

What the rows say stands there, their notes included; why a figure was not reached is for people to
say, below the tables.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import pictures

README: Final = Path(__file__).with_name("README.md")
BEGIN: Final = "<!-- figures: python -m bench.figures writes what follows -->"
END: Final = "<!-- end of figures -->"

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows whose case begins so, and what of them is told."""

    title: str
    prefix: str
    figure: str


TABLES: Final = (
    Table("first byte, ms", "first byte: ", "ttfb_ms"),
    Table("one viewer, MB/s", "one viewer: ", "mb_s"),
    Table("20 viewers: fetched how often", "20 viewers of one file", "upstream_ratio"),
    Table("after leaving, KiB", "seeks: bytes after leaving", "wasted_kib"),
    Table("longest stall in mid-stream, round trips", "mid-stream: ", "stall_rtts"),
    Table("CPU seconds per GiB", "CPU, ", "cpu_s_per_gib"),
    Table("200 viewers: MB/s", "200 viewers", "mb_s"),
    Table("200 viewers: memory, MiB", "200 viewers", "rss_mb"),
)


def told(report: Report) -> str:
    """All of it, as Markdown."""
    parts = ["\n".join(part) for part in (_machine(report), _ratios(report))]
    parts += ["\n".join(part) for table in TABLES for part in _parts(table, report["rows"])]
    notes = list(_notes(report))
    if notes:
        parts.append("\n".join(["What the rows note:", "", *notes]))
    return "\n\n".join(parts)


def put(readme: str, figures: str) -> str:
    """The page with these figures between its marks. Raises ValueError where there are none."""
    before, mark, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError("README.md has no place for figures")
    return f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}"


def _machine(report: Report) -> Iterator[str]:
    machine = report["machine"]
    yield (
        f"Plan: {report['plan']}. {machine['cores']} cores of {machine['processor']}, Python "
        f"{machine['python']}, decryption {machine['decryption']}, load before: "
        f"{', '.join(map(str, machine['load_before']))}."
    )


def _ratios(report: Report) -> Iterator[str]:
    yield "| ratio | asked | got | |"
    yield "|---|---|---|---|"
    asked = report.get("asked", {})
    for name, value in report["ratios"].items():
        verdict = {True: "reached", False: "NOT REACHED"}.get(report["reached"][name], "")
        if value is None:
            verdict = f"not measured: {report['reasons'].get(name, '')}"
        yield f"| {name} | {asked.get(name, '')} | {_shown(value)} | {verdict} |"


def _parts(table: Table, rows: Sequence[Report]) -> Iterator[Iterator[str]]:
    """A table for each set of systems: those that were compared with each other."""
    cases: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["case"].startswith(table.prefix) and row.get(table.figure) is not None:
            told = cases.setdefault(row["case"].removeprefix(table.prefix).lstrip("; "), {})
            told[row["system"]] = _cell(row, table.figure)
    for systems in dict.fromkeys(tuple(told) for told in cases.values()):
        alike = {case: told for case, told in cases.items() if tuple(told) == systems}
        yield _lines(table.title, systems, alike)


def _lines(title: str, systems: Sequence[str], cases: dict[str, dict[str, str]]) -> Iterator[str]:
    yield f"| {title} | {' | '.join(systems)} |"
    yield "|---" * (1 + len(systems)) + "|"
    for case, told in cases.items():
        yield f"| {case} | {' | '.join(told[system] for system in systems)} |"


def _cell(row: Report, figure: str) -> str:
    least, most = row["spread"][figure]
    spread = "" if row["runs"] < 2 or least == most else f" [{_shown(least)}..{_shown(most)}]"
    return f"{_shown(row[figure])}{spread}"


def _notes(report: Report) -> Iterator[str]:
    for row in report["rows"]:
        for note in row["notes"]:
            if note != "byte-exact":
                yield f"- {row['case']}, {row['system']}: {note}"
    for trouble in report["troubles"]:
        yield f"- FAILED: {trouble}"


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main(results: Path, readme: Path = README, images: Path = pictures.IMAGES) -> None:
    """Writes the page and the pictures. Raises ValueError, and writes nothing, without a place."""
    report = json.loads(results.read_text("utf-8"))
    page = put(readme.read_text("utf-8"), told(report))
    readme.write_text(page, "utf-8")
    pictures.main(results, images)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("results.json"))

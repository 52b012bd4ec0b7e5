"""The tables of the README come from the result file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bench.figures import BEGIN, END, README, main, put, told
from bench.pictures import CHARTS


def row(case: str, system: str, *notes: str, **figures: float) -> dict[str, Any]:
    spread = {name: [value - 1, value + 1] for name, value in figures.items()}
    return {"case": case, "system": system, "notes": notes, "runs": 3, "spread": spread, **figures}


REPORT: dict[str, Any] = {
    "plan": "full",
    "machine": {
        "cores": 2,
        "processor": "Z80",
        "python": "3.11",
        "decryption": "aes-ni",
        "load_before": [0.1, 0.2, 0.3],
    },
    "rows": [
        row("first byte: seek, warm; 80 ms", "telpher", ttfb_ms=89.3),
        row("first byte: seek, warm; 80 ms", "kurigram", ttfb_ms=229.0),
        row("mid-stream: nothing; 80 ms", "telpher", "byte-exact", stall_rtts=1.5),
        row("mid-stream: cut; 80 ms", "kurigram", "broken off", stall_rtts=3.0),
    ],
    "ratios": {"bare": 1.5, "cpu": 0.44, "ttfb": 0.6, "far": None},
    "asked": {"bare": "to be stated", "cpu": "at most 0.5", "ttfb": "at most 0.5", "far": ""},
    "reached": {"bare": None, "cpu": True, "ttfb": False, "far": None},
    "reasons": {"far": "no row"},
    "troubles": ["80 ms: seeks: it broke"],
}


def test_every_figure_is_told_and_what_was_not_reached_is_loud() -> None:
    page = told(REPORT)
    assert "| seek, warm; 80 ms | 89.3 [88.3..90.3] | 229 [228..230] |" in page
    assert "| cpu | at most 0.5 | 0.44 | reached |" in page
    assert "| ttfb | at most 0.5 | 0.6 | NOT REACHED |" in page
    assert "| far |  | - | not measured: no row |" in page
    assert "| cut; 80 ms | 3 [2..4] |" in page  # of others than the row above: a table of its own
    assert "| bare | to be stated | 1.5 |  |" in page
    assert "broken off" in page
    assert "FAILED: 80 ms: seeks: it broke" in page
    assert "byte-exact" not in page


def test_only_what_is_between_the_marks_is_written() -> None:
    page = put(f"above\n{BEGIN}\nold\n{END}\nbelow\n", "new")
    assert page == f"above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n"
    assert put(page, "new") == page
    with pytest.raises(ValueError, match="no place"):
        put("a page", "new")


def test_the_readme_has_a_place_for_them(tmp_path: Path) -> None:
    results, readme = tmp_path / "results.json", tmp_path / "README.md"
    report = dict(REPORT)
    report["rows"] = [*REPORT["rows"]]
    for chart in CHARTS:
        report["rows"] += [row(chart.cases[0][0], "telpher", **{chart.figure: 2.0})]
    results.write_text(json.dumps(report), "utf-8")
    readme.write_text(README.read_text("utf-8"), "utf-8")
    main(results, readme, tmp_path)
    assert "Z80" in readme.read_text("utf-8")
    assert len(list(tmp_path.glob("bench-*.svg"))) == len(CHARTS)

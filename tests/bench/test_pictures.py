"""Pictures of figures."""

from __future__ import annotations

import xml.etree.ElementTree as Tree
from typing import Any

import pytest
from bench.pictures import CHARTS, IMAGES, Chart, drawn

SVG = "{http://www.w3.org/2000/svg}"
CHART = Chart("x", "A <title> & more", "mb_s", "MB/s", (("one", "a file"), ("two", "another")))


def row(case: str, system: str, value: float | None) -> dict[str, Any]:
    return {"case": case, "system": system, "mb_s": value}


def test_bars_are_as_long_as_their_figures_say() -> None:
    rows = [row("one", "telpher", 30.0), row("one", "telethon", 7.5), row("two", "telpher", None)]
    picture = Tree.fromstring(drawn(CHART, rows))
    bars = [float(each.attrib["width"]) for each in picture.iter(f"{SVG}rect")]
    assert bars[1] == pytest.approx(bars[0] / 4, abs=1)
    said = [each.text for each in picture.iter(f"{SVG}text")]
    assert said == ["A <title> & more", "a file", "telpher", "30.0 MB/s", "telethon", "7.50 MB/s"]


def test_nothing_measured_is_no_picture() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        drawn(CHART, [row("one", "telpher", None)])


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_the_page_has_a_picture_of_each(chart: Chart) -> None:
    name = f"bench-{chart.name}.svg"
    assert (IMAGES / name).exists()
    assert f"images/{name}" in (IMAGES.parent / "benchmarks.md").read_text("utf-8")

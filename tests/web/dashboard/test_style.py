"""The dashboard's colours can be told apart: WCAG 2.2, 1.4.3 and 1.4.11, from the stylesheet."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from tests.web.test_watch_style import contrast

CSS = resources.files("telpher.web").joinpath("static", "dashboard.css").read_text()

# Text on what lies under it: 4.5 to 1.
TEXT = [
    *(("ink", under) for under in ("back", "card", "press")),
    *(("soft", under) for under in ("back", "card", "press")),
    *(("accent", under) for under in ("back", "card")),
    *(
        (word, under)
        for word in ("good", "middling", "bad", "danger")
        for under in ("back", "card")
    ),
    *(("on-accent", "accent"), ("on-here", "here"), ("on-note", "note"), ("on-warn", "warn")),
    *(("on-danger", "danger"), ("danger", "press"), ("card", "ink")),
]
# Edges of what is pressed or written in, the focus, and the lines of charts: 3 to 1.
EDGES = [
    *(("edge", under) for under in ("back", "card")),
    *(("focus", under) for under in ("back", "card", "here")),
    *((f"c{number}", "card") for number in range(1, 7)),
]


def scheme(dark: bool) -> dict[str, str]:
    """The variables in one of the schemes."""
    blocks = re.findall(r"(@media \(prefers-color-scheme: dark\) \{\s*)?:root \{([^}]*)\}", CSS)
    found: dict[str, str] = {}
    for only_dark, block in blocks:
        if dark or not only_dark:
            found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    return found


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("over", "under"), TEXT)
def test_text(over: str, under: str, dark: bool) -> None:
    colours = scheme(dark)
    assert contrast(colours[over], colours[under]) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("over", "under"), EDGES)
def test_edges(over: str, under: str, dark: bool) -> None:
    colours = scheme(dark)
    assert contrast(colours[over], colours[under]) >= 3


def test_both_schemes_have_every_colour() -> None:
    light, dark = scheme(False), scheme(True)
    assert light.keys() == dark.keys()
    assert [name for name in light if light[name] == dark[name]] == []

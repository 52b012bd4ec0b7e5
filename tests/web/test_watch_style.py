"""The player page's colours can be told apart: WCAG 2.2, 1.4.3 and 1.4.11, from the stylesheet."""

from __future__ import annotations

import re
from importlib import resources

import pytest

CSS = resources.files("telpher.web").joinpath("static", "watch.css").read_text()

# Text on what lies under it: 4.5 to 1.
TEXT = [
    *(("ink", under) for under in ("back", "card", "press")),
    *(("soft", under) for under in ("back", "card")),
    ("on-accent", "accent"),
    ("on-note", "note"),
    *((over, "stage") for over in ("on-stage", "on-stage-soft", "on-stage-accent")),
]
# Edges of what is pressed or written in, and the focus: 3 to 1.
EDGES = [
    *(("edge", under) for under in ("back", "card")),
    *(("focus", under) for under in ("back", "card", "note")),
    ("accent", "card"),
]


def scheme(dark: bool) -> dict[str, str]:
    """The variables in one of the schemes."""
    blocks = re.findall(r"(@media \(prefers-color-scheme: dark\) \{\s*)?:root \{([^}]*)\}", CSS)
    found: dict[str, str] = {}
    for only_dark, block in blocks:
        if dark or not only_dark:
            found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    return found


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted(luminance(each) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("over", "under"), TEXT)
def test_text(over: str, under: str, dark: bool) -> None:
    colours = scheme(dark)
    assert contrast(colours[over], colours[under]) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("over", "under"), EDGES)
def test_edges_and_focus(over: str, under: str, dark: bool) -> None:
    colours = scheme(dark)
    assert contrast(colours[over], colours[under]) >= 3


def test_both_schemes_have_every_colour() -> None:
    light, dark = scheme(dark=False), scheme(dark=True)
    assert light.keys() == dark.keys()
    assert light != dark


def test_focus_is_visible_and_motion_can_be_reduced() -> None:
    assert re.search(r":focus-visible \{ outline: 3px solid var\(--focus\)", CSS)
    assert "outline: none" not in CSS
    assert "@media (prefers-reduced-motion: reduce)" in CSS

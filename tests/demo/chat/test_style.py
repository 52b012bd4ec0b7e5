"""The chat page's colours can be told apart, as the player page's: WCAG 2.2, 1.4.3 and 1.4.11."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from tests.web.test_watch_style import contrast

CSS = resources.files("telpher.demo.chat").joinpath("static", "chat.css").read_text()

# Text on what lies under it: 4.5 to 1.
TEXT = [
    *(("ink", under) for under in ("back", "side", "press", "bubble", "mine", "up")),
    *(("soft", under) for under in ("back", "side", "bubble", "up")),
    *(("link", under) for under in ("bubble", "mine", "side")),
    *(("accent", under) for under in ("back", "bubble", "mine")),
    ("mine-soft", "mine"),
    ("paper-ink", "paper"),
    ("on-accent", "accent"),
    ("on-key", "key"),
    ("on-chosen", "chosen"),
    ("on-tip", "tip"),
    ("danger", "back"),
]
# Edges of what is pressed or written in, and the focus: 3 to 1.
EDGES = [
    *(("edge", under) for under in ("back", "side")),
    *(("focus", under) for under in ("back", "side", "paper", "bubble")),
    ("accent", "back"),
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

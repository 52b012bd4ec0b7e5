"""The pages' colours can be told apart: WCAG 2.2, 1.4.3 and 1.4.11, from the stylesheets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

import pytest

Pair = tuple[str, str]


@dataclass(frozen=True)
class Sheet:
    """A stylesheet. Each of `text` stands on what is named beside it (4.5 to 1); `edges` are those
    of what is pressed or written in, the focus, and the lines of charts (3 to 1)."""

    package: str
    name: str
    text: tuple[Pair, ...]
    edges: tuple[Pair, ...]

    def css(self) -> str:
        return resources.files(self.package).joinpath("static", self.name).read_text()

    def scheme(self, dark: bool) -> dict[str, str]:
        """The variables in one of the schemes."""
        rule = r"(@media \(prefers-color-scheme: dark\) \{\s*)?:root \{([^}]*)\}"
        found: dict[str, str] = {}
        for only_dark, block in re.findall(rule, self.css()):
            if dark or not only_dark:
                found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        return found


def on(under: str, *overs: str) -> tuple[Pair, ...]:
    return tuple((over, under) for over in overs)


WATCH = Sheet(
    "telpher.web",
    "watch.css",
    text=(
        *on("back", "ink", "soft"),
        *on("card", "ink", "soft"),
        *on("press", "ink"),
        *on("accent", "on-accent"),
        *on("note", "on-note"),
        *on("stage", "on-stage", "on-stage-soft", "on-stage-accent"),
    ),
    edges=(*on("back", "edge", "focus"), *on("card", "edge", "focus", "accent"), ("focus", "note")),
)
DASHBOARD = Sheet(
    "telpher.web",
    "dashboard.css",
    text=(
        *on("back", "ink", "soft", "accent", "good", "middling", "bad", "danger"),
        *on("card", "ink", "soft", "accent", "good", "middling", "bad", "danger"),
        *on("press", "ink", "soft", "danger"),
        *(("on-accent", "accent"), ("on-here", "here"), ("on-note", "note"), ("on-warn", "warn")),
        *(("on-danger", "danger"), ("card", "ink")),
    ),
    edges=(
        *on("back", "edge", "focus"),
        *on("card", "edge", "focus", "c1", "c2", "c3", "c4", "c5", "c6"),
        ("focus", "here"),
    ),
)
CHAT = Sheet(
    "telpher.demo.chat",
    "chat.css",
    text=(
        *on("back", "ink", "soft", "accent", "danger"),
        *on("side", "ink", "soft", "link"),
        *on("press", "ink"),
        *on("bubble", "ink", "soft", "link", "accent"),
        *on("mine", "ink", "link", "accent", "mine-soft"),
        *on("up", "ink", "soft"),
        *(("paper-ink", "paper"), ("on-accent", "accent"), ("on-key", "key")),
        *(("on-chosen", "chosen"), ("on-tip", "tip")),
    ),
    edges=(
        *on("back", "edge", "focus", "accent"),
        *on("side", "edge", "focus"),
        *(("focus", "paper"), ("focus", "bubble")),
    ),
)
SHEETS = (WATCH, DASHBOARD, CHAT)

TEXT = [(sheet, *pair) for sheet in SHEETS for pair in sheet.text]
EDGES = [(sheet, *pair) for sheet in SHEETS for pair in sheet.edges]


def named(value: object) -> str:
    return value.name if isinstance(value, Sheet) else str(value)


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
@pytest.mark.parametrize(("sheet", "over", "under"), TEXT, ids=named)
def test_text(sheet: Sheet, over: str, under: str, dark: bool) -> None:
    colours = sheet.scheme(dark)
    assert contrast(colours[over], colours[under]) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("sheet", "over", "under"), EDGES, ids=named)
def test_edges_and_focus(sheet: Sheet, over: str, under: str, dark: bool) -> None:
    colours = sheet.scheme(dark)
    assert contrast(colours[over], colours[under]) >= 3


@pytest.mark.parametrize("sheet", SHEETS, ids=named)
def test_both_schemes_have_every_colour(sheet: Sheet) -> None:
    light, dark = sheet.scheme(dark=False), sheet.scheme(dark=True)
    assert light.keys() == dark.keys()
    assert light != dark


@pytest.mark.parametrize("sheet", SHEETS, ids=named)
def test_focus_is_visible_and_motion_can_be_reduced(sheet: Sheet) -> None:
    css = sheet.css()
    assert re.search(r":focus-visible \{ outline: \dpx solid var\(--focus\)", css)
    # Where a link only leads, nothing is to be pressed.
    without = {each.strip() for each in re.findall(r"([^{}]+)\{[^{}]*outline: none", css)}
    assert without <= {"main"}
    assert "@media (prefers-reduced-motion: reduce)" in css

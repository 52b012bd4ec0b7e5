"""The change log agrees with the package, and keeps its form (keepachangelog.com)."""

import re
from datetime import date
from pathlib import Path

from telpher import __version__

_HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\S+))?$", re.MULTILINE)
TEXT = (Path(__file__).parents[1] / "CHANGELOG.md").read_text()


def releases() -> list[tuple[str, str]]:
    found = [(each["version"], each["date"]) for each in _HEADING.finditer(TEXT)]
    return [(version, day) for version, day in found if version != "Unreleased"]


def test_the_newest_version_is_the_packages() -> None:
    assert releases()[0][0] == __version__


def test_releases_are_dated_and_in_order() -> None:
    days = [date.fromisoformat(day) for _, day in releases()]
    assert days == sorted(days, reverse=True)


def test_sections_are_those_of_the_form() -> None:
    sections = set(re.findall(r"^### (.+)$", TEXT, re.MULTILINE))
    assert sections
    assert sections <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

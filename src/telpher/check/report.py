"""What was found, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from telpher.core import display

# Exit status, as of grep, diff and of telpher's own start: 2 is for what was asked wrongly.
WELL: Final = 0
FAILED: Final = 1
SETTINGS: Final = 2

# Whose failure is the settings' own.
ABOUT_SETTINGS: Final = "settings"

_NAME_WIDTH: Final = 17
_STATUS_WIDTH: Final = 7

# Characters of what was found and what to do; no sentence of ours is as long.
_LONGEST: Final = 1000


class Status(StrEnum):
    """How it is. A warning works, but hardly as intended, or could not be found out."""

    OK = "OK"
    WARNING = "warning"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what to do about it."""

    name: str
    status: Status
    found: str
    remedy: str = ""

    def line(self) -> str:
        """As people read it: one line, whatever the text holds (a channel's title may hold all)."""
        said = display.one_line(f"{self.found} {self.remedy}", _LONGEST)
        return f"{self.status:<{_STATUS_WIDTH}}  {self.name:<{_NAME_WIDTH}}  {said}".rstrip()


def ok(name: str, found: str) -> Finding:
    """All is well."""
    return Finding(name, Status.OK, found)


def warning(name: str, found: str, remedy: str = "") -> Finding:
    """It works, but hardly as intended; or nobody can tell from here."""
    return Finding(name, Status.WARNING, found, remedy)


def failed(name: str, found: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(name, Status.FAILED, found, remedy)


def exit_status(findings: Sequence[Finding]) -> int:
    """0: nothing failed; 1: something did; 2: the settings did."""
    bad = {each.name for each in findings if each.status is Status.FAILED}
    if ABOUT_SETTINGS in bad:
        return SETTINGS
    return FAILED if bad else WELL


def as_json(findings: Sequence[Finding], version: str) -> str:
    """{"status", "version", "checks": [{"name", "status", "found", "remedy"}]}, statuses in small
    letters; the first "status" is the worst of all."""
    worst = max((each.status for each in findings), key=list(Status).index, default=Status.OK)
    checks = [
        {
            "name": each.name,
            "status": each.status.lower(),
            "found": each.found,
            "remedy": each.remedy,
        }
        for each in findings
    ]
    told = {"status": worst.lower(), "version": version, "checks": checks}
    return json.dumps(told, ensure_ascii=False, indent=2)


def summary(findings: Sequence[Finding]) -> str:
    """The last line."""
    count = {status: sum(each.status is status for each in findings) for status in Status}
    failures, warnings = count[Status.FAILED], count[Status.WARNING]
    if not failures and not warnings:
        return "Everything is as it should be."
    parts = [f"{failures} failed", f"{warnings} to look at", f"{count[Status.OK]} well"]
    return ", ".join(part for part in parts if not part.startswith("0 ")) + "."

"""The command itself: from the settings to the status for scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from telpher._version import VERSION
from telpher.check import report
from telpher.check.doctor import Doctor, own_folder
from telpher.check.explain import from_catalogue
from telpher.check.report import Finding
from telpher.clock import Clock, SystemClock
from telpher.config.settings import Settings
from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.redaction import Redaction

Say = Callable[[str], None]


async def run(
    settings: Settings,
    cache_dir: Path,
    say: Say,
    *,
    json: bool = False,
    clock: Clock | None = None,
) -> int:
    """Examines everything and says what was found; the status for scripts (see `report`)."""
    clean = Redaction(settings.secrets())
    with own_folder(settings.work_dir, cache_dir) as own:
        explain = from_catalogue(Catalogue.shipped())
        doctor = Doctor(settings, clock or SystemClock(), own, explain)
        findings = await doctor.examine(
            lambda finding: None if json else say(clean.text(finding.line()))
        )
    told = report.as_json(findings, VERSION) if json else report.summary(findings)
    say(clean.text(told))
    return report.exit_status(findings)


def refused(problems: Sequence[str], say: Say, *, json: bool = False) -> int:
    """The same where the settings are wrong, so that nothing can be examined."""
    findings = [Finding(report.ABOUT_SETTINGS, report.Status.FAILED, each) for each in problems]
    if json:
        say(report.as_json(findings, VERSION))
    else:
        for each in findings:
            say(each.line())
        say("Nothing else can be examined until the settings are right: docs/settings.md.")
    return report.exit_status(findings)

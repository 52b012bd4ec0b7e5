"""`telpher import` from its sources to its last line: where people come from, and what is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from telpher.clock import Clock, SystemClock
from telpher.config.settings import Settings
from telpher.errors import StorageError
from telpher.jobs.importing import Importer, Report
from telpher.storage.base import Database
from telpher.storage.mongo.legacy import PATIENCE, documents
from telpher.storage.opening import database_at
from telpher.storage.users_file import Broken, Record, records

# Records between two lines of progress.
_TOLD_EVERY: Final = 10_000

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the original's people are: files like users.json, and a collection of the MongoDB at
    `url` (empty for none), which may let us wait for `patience` (seconds)."""

    files: Sequence[Path] = ()
    url: str = ""
    collection: str = "users"
    patience: float = PATIENCE

    async def read(self) -> AsyncIterator[Record | Broken]:
        """Everything there is. Raises OSError, SettingsError, StorageError."""
        for path in self.files:
            for record in records(path):
                yield record
        if self.url:
            async for record in documents(self.url, self.collection, self.patience):
                yield record


async def run(settings: Settings, sources: Sources, tell: Tell, *, dry_run: bool = False) -> bool:
    """Takes over everybody into the database that `settings` name; see `take_over`."""
    clock = SystemClock()
    url = settings.database_url.get_secret_value() if settings.database_url else None
    database = database_at(url, settings.work_dir, clock)
    return await take_over(sources, database, clock, tell, dry_run=dry_run)


async def take_over(
    sources: Sources,
    database: AbstractAsyncContextManager[Database],
    clock: Clock,
    tell: Tell,
    *,
    dry_run: bool = False,
) -> bool:
    """Takes over everybody; True when nothing was left behind. `tell` is given lines for people."""
    async with database as opened:
        importer = Importer(
            opened.users,
            clock,
            dry_run=dry_run,
            progress=_Progress(tell),
            unreadable=lambda broken: tell(f"cannot be read: {broken.place}: {broken.reason}"),
        )
        whole = False
        try:
            await importer.run(sources.read())
            whole = not importer.report.unreadable
        except (StorageError, OSError) as error:
            tell(f"stopped: {error}")
            tell("What is counted below is done. Begin it again: nothing will count twice.")
    for line in _summary(importer.report, dry_run=dry_run):
        tell(line)
    return whole


class _Progress:
    """A line now and then."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._next = _TOLD_EVERY

    def __call__(self, report: Report) -> None:
        if report.read >= self._next:
            self._next = report.read + _TOLD_EVERY
            self._tell(_counts(report))


def _summary(report: Report, *, dry_run: bool) -> list[str]:
    lines = [_counts(report)]
    if report.passed_over:
        fields = ", ".join(f"{name} ({count})" for name, count in report.passed_over.most_common())
        lines.append(f"fields that were not understood, and left out: {fields}")
    if dry_run:
        lines.append("This was a dry run: nothing was changed.")
    return lines


def _counts(report: Report) -> str:
    return (
        f"read {report.read}: {report.new} new, {report.merged} merged, "
        f"{report.unreadable} unreadable"
    )

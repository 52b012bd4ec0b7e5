"""Runs all examinations side by side, and tells what they find in one order."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from telpher.check import counts, folder, machine
from telpher.check.address import AddressLook
from telpher.check.bots import LONGEST, BotsLook
from telpher.check.database import DatabaseLook
from telpher.check.explain import Explain
from telpher.check.report import ABOUT_SETTINGS, Finding, failed, ok, warning
from telpher.clock import Clock
from telpher.config import checks
from telpher.config.settings import Settings
from telpher.errors import SettingsError, TelpherError
from telpher.memory import memory_limit
from telpher.storage.folder import claimed
from telpher.storage.visiting import visiting
from telpher.telegram.custody.disk import instance_id

Tell = Callable[[Finding], None]

# Seconds for what does not say otherwise: none takes one where all is well.
_USUAL: Final = 30.0

# Another check may be running on the same folder: it is waited for as long as one may take.
_WAIT: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Examination:
    """`run` has so many seconds; `name` and `remedy` are for what it cannot say itself."""

    name: str
    run: Callable[[], Awaitable[Sequence[Finding]]]
    remedy: str
    seconds: float = _USUAL


@dataclass(frozen=True, slots=True)
class Doctor:
    """`own` is the folder that this check alone uses: see `own_folder`."""

    settings: Settings
    clock: Clock
    own: Path
    explain: Explain

    async def examine(self, tell: Tell) -> list[Finding]:
        """All findings; `tell` is given each as soon as those before it are known."""
        findings = list(self._at_once())
        for each in findings:
            tell(each)
        url = self.settings.database_url
        address = url.get_secret_value() if url else None
        async with (
            visiting(address, self.settings.work_dir, self.clock) as visited,
            asyncio.TaskGroup() as tasks,
        ):
            where = "MongoDB" if address else "SQLite"
            database = DatabaseLook(visited, self.clock, instance_id(self.own), where)
            running = [
                tasks.create_task(self._run(each), name=each.name)
                for each in self._examinations(database)
            ]
            for task in running:
                for each in await task:
                    findings.append(each)
                    tell(each)
        return findings

    def _at_once(self) -> Iterator[Finding]:
        """What asks nobody. The measurement of the processor comes before all that would share
        it."""
        yield ok(ABOUT_SETTINGS, "understood.")
        for sentence in checks.warnings(self.settings):
            yield warning(ABOUT_SETTINGS, sentence)
        yield machine.memory(self.settings, memory_limit())
        yield machine.decryption(self.clock)

    def _examinations(self, database: DatabaseLook) -> list[_Examination]:
        settings = self.settings
        bots = BotsLook(settings, self.own, database, self.clock, self.explain)
        redis = settings.redis_url
        return [
            _Examination(
                "WORK_DIR",
                lambda: asyncio.to_thread(folder.look, settings),
                "See whether that disk works, or set WORK_DIR to a folder elsewhere.",
            ),
            _Examination(
                "database",
                database.look,
                "Start it, or correct DATABASE_URL; without one SQLite in WORK_DIR is used.",
            ),
            *(
                [
                    _Examination(
                        counts.NAME,
                        lambda: counts.look(redis.get_secret_value(), self.clock),
                        "Start it, correct REDIS_URL, or leave it empty where there is one "
                        "telpher alone.",
                    )
                ]
                if redis
                else []
            ),
            _Examination(
                "bot",
                bots.look,
                "Try again in a minute.",
                _USUAL + 2 * LONGEST * (1 + len(settings.extra_bot_tokens)),
            ),
            _Examination("URL", AddressLook(settings).look, "Correct URL.", 2 * _USUAL),
        ]

    async def _run(self, examination: _Examination) -> Sequence[Finding]:
        """Its findings, or that it could not be carried out."""
        name = examination.name
        try:
            async with asyncio.timeout(examination.seconds):
                return await examination.run()
        except SettingsError as error:
            return [failed(ABOUT_SETTINGS, each, "") for each in error.problems]
        except TimeoutError:
            return [failed(name, f"no answer in {examination.seconds:.0f} s.", examination.remedy)]
        except (TelpherError, OSError) as error:
            found = str(error).rstrip(".")
            return [failed(name, f"{found}.", self.explain(error, examination.remedy))]


@contextlib.contextmanager
def own_folder(work_dir: Path, cache_dir: Path) -> Iterator[Path]:
    """A folder that no other check uses as long as the context lasts: in WORK_DIR, so that logins
    are found again; where that cannot be written, in this user's cache; else one for this once."""
    with contextlib.ExitStack() as stack:
        for each in (work_dir / "check", cache_dir / "check"):
            try:
                stack.enter_context(claimed(each, _WAIT))
            except SettingsError:
                continue
            yield each
            return
        yield Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="telpher-check-")))

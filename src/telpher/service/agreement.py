"""All instances on one database are one bot with one LINK_SECRET: with another secret one of them
would refuse the others' links, with another bot it would answer for chats it has never seen.

What they must agree on is a lease each, held not by an instance but by the value itself, as a
fingerprint: who has the same value renews the same lease. Who has another value waits until the
last of the others is gone, as after a change of the settings, and is refused when they stay.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

import structlog

from telpher.core.records import Lease
from telpher.errors import SettingsError, StorageError
from telpher.storage.base import LeaseStore
from telpher.telegram.timing import Sleep

# Seconds. An instance that was killed keeps those with other settings out for so long.
LEASE: Final = 15.0
RENEW_EVERY: Final = 4.0

# How often a newcomer with other settings asks, and how long it goes on: longer than a lease.
ASK_EVERY: Final = 1.0
MOST_ASKED: Final = 20

_PURPOSE: Final = b"telpher: the fingerprint of LINK_SECRET"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Point:
    """One thing to agree on: a lease, the fingerprint that holds it, and what is wrong when
    another one does."""

    lease: str
    fingerprint: str
    problem: str


class Agreement:
    """See the module. `enter` comes before anybody is served; `run` is a job."""

    def __init__(self, leases: LeaseStore, bot: str, link_secret: bytes) -> None:
        self._leases = leases
        self._held: dict[str, Lease] = {}
        self._points = (
            _Point(
                "the bot of this database",
                bot,
                "BOT_TOKEN: another telpher uses this database with another bot. "
                "Give each bot a database of its own (DATABASE_URL).",
            ),
            _Point(
                "the link secret of this database",
                hmac.new(link_secret, _PURPOSE, hashlib.sha256).hexdigest()[:32],
                "LINK_SECRET: another telpher uses this database with another one, so each would "
                "refuse the other's links. Set the same LINK_SECRET for all of them.",
            ),
        )

    async def enter(self, sleep: Sleep = asyncio.sleep) -> None:
        """Returns when nobody disagrees, or the database is away. Raises SettingsError."""
        for asked in range(MOST_ASKED):
            try:
                problems = await self._problems()
            except StorageError:
                return  # `run` goes on asking
            if not problems:
                return
            if not asked:
                _log.warning("waiting for a telpher with other settings to end", problems=problems)
            await sleep(ASK_EVERY)
        raise SettingsError(problems)

    async def run(self, sleep: Sleep = asyncio.sleep) -> None:
        """Holds what is agreed on, until cancelled. Raises StorageError: a job."""
        told: list[str] = []
        while True:
            problems = await self._problems()
            if problems != told:
                for problem in problems:
                    _log.error("instances disagree", problem=problem)
                told = problems
            await sleep(RENEW_EVERY)

    async def leave(self) -> None:
        """Lets others disagree, once all who agree have left. Never fails."""
        try:
            for lease in self._held.values():
                await self._leases.release(lease)
        except StorageError as error:
            _log.debug("the agreement ends by itself", problem=str(error))
        self._held.clear()

    async def _problems(self) -> list[str]:
        problems = []
        for point in self._points:
            lease = await self._leases.acquire(point.lease, point.fingerprint, LEASE)
            if lease is None:
                problems.append(point.problem)
            else:
                self._held[point.lease] = lease
        return problems

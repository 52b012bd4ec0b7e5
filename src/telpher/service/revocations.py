"""Links that end before their time: how that is asked for, and how each process hears of it.

    here         at once, before anything is awaited beyond the decision
    elsewhere    the other processes follow the changes in the database, each second, and at once
                 where there is a bell between them
    on disk      what is known is mirrored, and read before HTTP listens: with the database away
                 the last known set holds, after a restart, too (rule 7)

While the database is away, a link can be revoked by an admin, and by its owner where it is known to
be theirs; the database is told when it is back. The epoch only rises: whoever knows a larger one
tells the database, so a rise while it was away is not lost either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import structlog

from telpher.clock import Clock
from telpher.core.records import Denial
from telpher.core.tally import LinkRevoked
from telpher.errors import StorageError
from telpher.service.denials import Denials
from telpher.service.register import Keeper, Register
from telpher.storage.base import LinkStore, PageKey, ValueStore
from telpher.storage.local import Mirror
from telpher.telegram.timing import Sleep

# Seconds between two looks at the database, and while it is away.
LOOK_EVERY: Final = 1.0
LOOK_WHEN_AWAY: Final = 5.0

# A look may take this share of the time at most: after a ban with a hundred thousand links the same
# changes are read for a while.
_LOAD: Final = 0.1

# Seconds by which each look reaches back before the one before it: a change becomes visible a while
# after its time was read off the database's clock, and with another server of a replica set that
# clock is another one.
REACH_BACK: Final = 30.0

# Seconds for which the dead are remembered beyond their expiry: a clock that is set back by less
# brings nobody back to life.
SET_BACK: Final = 3600.0

PAGE: Final = 1000

# Seconds that somebody who is being answered waits for the mirror.
PATIENCE: Final = 2.0

_EPOCH: Final = "epoch"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class MirrorStore(Protocol):
    """The mirror on disk; see LocalStore."""

    async def mirror(self, now: float) -> Mirror: ...

    async def reflect(self, changes: Sequence[Denial], since: float | None = None) -> None: ...

    async def keep_epoch(self, epoch: int) -> None: ...


class Source(Protocol):
    """Of a Database what is needed here."""

    @property
    def links(self) -> LinkStore: ...

    @property
    def values(self) -> ValueStore: ...

    async def now(self) -> float: ...


async def _unheard() -> None:
    """Where there are no others."""


class Revocations:
    """See the module. `load` comes before the server listens; `run` is a job."""

    def __init__(
        self,
        denials: Denials,
        database: Source,
        mirror: MirrorStore,
        journal: Keeper,
        register: Register,
        clock: Clock,
    ) -> None:
        self._denials = denials
        self._database = database
        self._mirror = mirror
        self._journal = journal
        self._register = register
        self._clock = clock
        self.ring: Callable[[], Awaitable[None]] = _unheard
        """Tells the other processes to look now; neither fails nor takes long."""
        self._since = 0.0
        self._unsaved: list[Denial] = []

    async def load(self) -> None:
        """Brings back what was known last. Never fails; without a disk the database is asked for
        everything once."""
        try:
            known = await self._mirror.mirror(self._clock.now() - SET_BACK)
        except StorageError as error:
            _log.error("which links are dead cannot be read from the disk", problem=str(error))
            return
        for link_id, expires in zip(known.link_ids, known.expires, strict=True):
            self._denials.restore(link_id, expires)
        self._since = known.since
        self._denials.epoch = max(self._denials.epoch, known.epoch)

    async def run(self, sleep: Sleep = asyncio.sleep) -> None:
        """Follows the database until cancelled."""
        while True:
            began = self._clock.monotonic()
            try:
                await self.refresh()
            except StorageError:  # the database says itself what is wrong
                await sleep(LOOK_WHEN_AWAY)
            else:
                await sleep(max(LOOK_EVERY, (self._clock.monotonic() - began) / _LOAD))

    async def refresh(self) -> None:
        """Hears at once what the database knows. Raises StorageError."""
        began = await self._database.now()
        # Its clock may have been set back: then what changes now is older than the last look.
        since = max(0.0, min(self._since, began) - REACH_BACK)
        after: PageKey | None = None
        while page := await self._database.links.denials(since, PAGE, after):
            self._unsaved += self._denials.take(page)
            if self._unsaved:
                await self._save(page[-1].changed)
            if len(page) < PAGE:
                break
            after = PageKey(page[-1].changed, page[-1].link_id)
        self._since = began
        self._denials.sweep(self._clock.now() - SET_BACK)
        await self._agree_on_epoch()

    def known_to_be_of(self, user_id: int, link_id: int) -> bool:
        """Whether the link is known here to be the user's, whatever the database says."""
        return self._register.known_owner(link_id) == user_id

    async def revoke(self, link_id: int, by: int, *, is_admin: bool) -> bool:
        """Ends a link for good; False when `by` has none of that id, and for admins when there is
        none. Raises StorageError when neither database nor memory knows whose it is."""
        unreachable: StorageError | None = None
        try:
            if await self._database.links.revoke(link_id, owner=None if is_admin else by):
                await self._deny(link_id)
                return True
        except StorageError as error:
            unreachable = error
        # It may have been made a moment ago: then it is on its way to the database.
        owner = self._register.known_owner(link_id)
        if owner == by or (is_admin and (owner is not None or unreachable)):
            await self._deny(link_id)
            await self._journal.kept(LinkRevoked(link_id, self._clock.now()))
            return True
        if unreachable and owner is None:
            raise unreachable
        return False

    async def revoke_playlist(self, playlist_id: str, by: int, *, is_admin: bool) -> int:
        """Ends all links of a batch; how many. Raises StorageError: then try again later."""
        owner = None if is_admin else by
        count = await self._database.links.revoke_playlist(playlist_id, owner=owner)
        await self.spread()
        return count

    async def revoke_all(self) -> None:
        """Ends every link that was ever made. Holds here at once, and elsewhere as soon as the
        database can be told."""
        self._denials.epoch += 1
        _log.warning("all links were revoked", epoch=self._denials.epoch)
        await self._keep_epoch()
        try:
            await self._agree_on_epoch()
        except StorageError as error:
            _log.warning("the database is not told of the new epoch yet", problem=str(error))
        await self.ring()

    async def spread(self) -> None:
        """Hears at once what was changed in the database, and has the others hear of it. Raises
        StorageError."""
        await self.ring()
        await self.refresh()

    async def _deny(self, link_id: int) -> None:
        self._denials.deny(link_id)
        self._unsaved.append(Denial(link_id, self._clock.now(), denied=True, expires=0))
        await self._save()
        await self.ring()

    async def _save(self, since: float | None = None) -> None:
        """Brings what is news into the mirror; what the disk does not take is tried again with the
        next. Never fails."""
        saving, self._unsaved = self._unsaved, []
        try:
            async with asyncio.timeout(PATIENCE):
                await self._mirror.reflect(saving, since)
        except (StorageError, TimeoutError) as error:
            self._unsaved = saving + self._unsaved
            problem = str(error) or "the disk does not answer"
            _log.warning("dead links cannot be written down", links=len(saving), problem=problem)
        except asyncio.CancelledError:
            self._unsaved = saving + self._unsaved
            raise

    async def _agree_on_epoch(self) -> None:
        """The larger epoch holds, here, on disk and in the database."""
        value = await self._database.values.get(_EPOCH)
        theirs = int(value.data) if value and value.data.isdigit() else 0
        ours = self._denials.epoch
        if theirs > ours:
            self._denials.epoch = theirs
            await self._keep_epoch()
        elif theirs < ours:
            await self._database.values.put(_EPOCH, str(ours).encode(), self._clock.now())

    async def _keep_epoch(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._mirror.keep_epoch(self._denials.epoch)
        except (StorageError, TimeoutError) as error:
            problem = str(error) or "the disk does not answer"
            _log.warning("the epoch of links cannot be written down", problem=problem)

"""Copies of files in BIN_CHANNEL: links outlive the chat, and extra bots can read (rule 8).

    a link is made    `wanted` notes its message in memory, at once and whatever is wrong elsewhere
    one task          brings what was noted into the store, where it survives kill -9
    another           makes the copies that the store says are wanted (`copying`)
    a file is played  `place` says where its copy is

Two things may be slow or broken, Telegram and the database, and neither is anything to a viewer
whose message is there. Where it is not, "nobody can tell at the moment" is not "there is no copy":
the one is a matter of time, the other ends the link.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping
from itertools import islice

import structlog

from telpher.clock import Clock
from telpher.core.model import MessageRef
from telpher.errors import NotFoundError, StorageError
from telpher.jobs.copying import BATCH, NOT_SEEN, Copying
from telpher.storage.base import CopyStore
from telpher.storage.rest import Rest
from telpher.telegram.gateway import CopyGateway
from telpher.telegram.timing import Sleep

# Messages whose place, or lack of one, is remembered: about 3 MB.
MOST_KNOWN = 10_000

# Messages noted while the disk refuses to take them; links made beyond that get no copy.
MOST_NOTED = 10_000

# Seconds after which a look at the disk is given up: a viewer waits for it.
PLACE_PATIENCE = 2.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class NoCopyDesk:
    """Without BIN_CHANNEL there are no copies."""

    async def place(self, ref: MessageRef) -> MessageRef | None:
        return None

    def wanted(self, ref: MessageRef) -> None:
        return None

    async def run(self) -> None:
        return None


class CopyDesk:
    """See the module. `bot` copies into `channel`, a chat id or a public name without @.

    All copies are made by this object, so it knows each place from the moment there is one.
    """

    def __init__(
        self,
        store: CopyStore,
        bot: CopyGateway,
        channel: int | str,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
        *,
        place_patience: float = PLACE_PATIENCE,
    ) -> None:
        self._store = store
        self._copying = Copying(store, bot, channel, self._learn, sleep)
        self._known: OrderedDict[MessageRef, MessageRef | None] = OrderedDict()
        self._noted: deque[MessageRef] = deque()
        self._news = asyncio.Event()
        self._rest = Rest(clock)
        self._patience = place_patience

    async def place(self, ref: MessageRef) -> MessageRef | None:
        """The copy of `ref`, None while there is none. Raises StorageError when nobody can tell."""
        if ref in self._known:
            self._known.move_to_end(ref)
            return self._known[ref]
        if self._rest.resting:
            raise StorageError("the places of copies could not be read a moment ago")
        try:
            async with asyncio.timeout(self._patience):
                found = await self._store.place(ref)
        except (StorageError, TimeoutError) as error:
            self._trouble(error)
            raise StorageError("the places of copies cannot be read") from error
        if self._rest.succeeded():
            _log.info("the places of copies can be read again")
        # A copy may have been made meanwhile: that is newer than what was read.
        if ref not in self._known:
            self._learn({ref: found})
        return self._known[ref]

    def wanted(self, ref: MessageRef) -> None:
        """A link to `ref` was made: its copy is queued. Never waits, never fails."""
        if len(self._noted) == MOST_NOTED:
            _log.warning("too many copies are to be noted; a link goes without")
            return
        self._noted.append(ref)
        self._news.set()

    async def run(self) -> None:
        """Makes the copies, until cancelled.

        Raises StorageError and TelegramError, in a group: then it is to be called again later.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._save(), name="copies wanted")
            group.create_task(self._copying.run(), name="copies made")

    async def _save(self) -> None:
        """Brings what was noted into the store. What cannot be brought stays noted."""
        while True:
            self._news.clear()
            while self._noted:
                refs = list(islice(self._noted, BATCH))
                await self._store.want(refs)
                for _ in refs:
                    self._noted.popleft()
                self._copying.wake()
            await self._news.wait()

    def _learn(self, places: Mapping[MessageRef, MessageRef | None]) -> None:
        for ref, place in places.items():
            self._known[ref] = place
            self._known.move_to_end(ref)
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def _trouble(self, error: Exception) -> None:
        if self._rest.failed():
            problem = str(error) or "the disk does not answer"
            _log.warning("the places of copies cannot be read", problem=problem)


async def look_into(bot: CopyGateway, channel: int | str, name: str) -> None:
    """Has the extra bot `name` meet the channel it will read from, and says so if it cannot.

    Raises TelegramError in passing trouble: a job for the runner.
    """
    try:
        await bot.resolve(channel)
    except NotFoundError as error:
        _log.error("an extra bot cannot read BIN_CHANNEL", bot=name, reason=str(error), **NOT_SEEN)

"""Which bots can see a file, and where each of them finds it.

The first account is the main one: people talk to it, and it finds files where they were sent.
The others are for bandwidth. They see a file only through its copy in BIN_CHANNEL, which is looked
up beside the stream and joins in when it is found: no viewer ever waits for it. When a message is
gone, the main account goes on with the copy, too, and the link lives.

An account that cannot bring a file is left in peace about it for a while, as long as another can.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from telpher.clock import Clock
from telpher.core.model import FileInfo, FoundFile, Location, MessageRef
from telpher.errors import (
    FloodWaitError,
    NotFoundError,
    RequestRejectedError,
    StorageError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram.locations import Locations, Retention

# What Telegram refused to an account (a channel it was put out of, a file on a CDN) may be granted
# later: it is tried again after so long.
REFUSED_SECONDS = 600.0

# How many such refusals are remembered; the oldest are tried again.
MOST_RESTING = 10_000


class Finder(Protocol):
    """What is needed of each account."""

    @property
    def user_id(self) -> int:
        """The bot's id: the `account` of the locations it finds."""
        ...

    async def find_file(self, ref: MessageRef) -> FoundFile:
        """Reads the message. Raises NotFoundError and TelegramError."""
        ...


class Copies(Protocol):
    """Where the copies in BIN_CHANNEL are."""

    async def place(self, ref: MessageRef) -> MessageRef | None:
        """The copy of message `ref`, as all bots name it; None while there is none.

        Raises StorageError when that cannot be told.
        """
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A file as one account sees it: `ref` is the message or its copy."""

    ref: MessageRef
    location: Location


class Sources:
    """See the module. The first of `accounts` is the main one."""

    def __init__(
        self,
        accounts: Sequence[Finder],
        copies: Copies,
        retention: Retention,
        clock: Clock,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._main = accounts[0].user_id
        self._copies = copies
        self._tables = {
            account.user_id: Locations(account.find_file, retention, clock, tasks)
            for account in accounts
        }
        self._clock = clock
        self._resting: OrderedDict[tuple[int, int], float] = OrderedDict()

    def __len__(self) -> int:
        """How many files' properties are remembered."""
        return len(self._tables[self._main])

    async def close(self) -> None:
        """Ends what is looked up beside."""
        for table in self._tables.values():
            await table.close()

    async def info(self, ref: MessageRef) -> FileInfo:
        """What is known of the file. Raises NotFoundError, StorageError and TelegramError."""
        _, found = await self._find(ref)
        return found.info

    async def of(self, ref: MessageRef, info: FileInfo, without: Collection[int]) -> list[Source]:
        """Where the accounts, but those in `without`, find the file now; at least one of them.

        Raises NotFoundError and TelegramError when there is none.
        """
        extra = [
            each for each in await self._extra(ref, info) if each.location.account not in without
        ]
        if self._main in without or (extra and self._rests(self._main, info.document_id)):
            if not extra:
                raise TelegramUnavailableError("no bot is left that can read the file")
            return extra
        try:
            return [await self._of_main(ref, info), *extra]
        except (TelegramError, NotFoundError):
            if not extra:
                raise
            return extra

    async def refresh(self, source: Source) -> None:
        """Has a new file reference fetched for `source`, whose own was refused.

        A message that is gone is forgotten: `of` tells of its copy, if there is one. Raises
        RequestRejectedError when the reference is no newer.
        """
        table = self._tables[source.location.account]
        try:
            await table.refresh(source.ref, source.location)
        except NotFoundError:
            table.forget(source.ref)

    def rest(self, source: Source, error: TelegramError) -> None:
        """Leaves the account of `source` in peace about the file for as long as `error` lasts."""
        match error:
            case FloodWaitError():
                seconds = float(error.seconds)
            case RequestRejectedError():
                seconds = REFUSED_SECONDS
            case _:
                return
        key = (source.location.account, source.location.document_id)
        self._resting[key] = self._clock.monotonic() + seconds
        self._resting.move_to_end(key)
        if len(self._resting) > MOST_RESTING:
            self._resting.popitem(last=False)

    def _rests(self, account: int, document_id: int) -> bool:
        until = self._resting.get((account, document_id))
        return until is not None and self._clock.monotonic() < until

    async def _find(self, ref: MessageRef) -> tuple[MessageRef, FoundFile]:
        """The main account's: the message, or its copy when the message is gone.

        Raises NotFoundError when there is neither, StorageError when nobody can tell of a copy.
        """
        table = self._tables[self._main]
        try:
            return ref, await table.find(ref)
        except NotFoundError:
            copy = await self._copies.place(ref)
            if copy is None:
                raise
            return copy, await table.find(copy)

    async def _of_main(self, ref: MessageRef, info: FileInfo) -> Source:
        """The main account's, in the message or in its copy.

        Raises NotFoundError where neither holds the file: senders may put another into a message,
        whose bytes must not come in the midst of the first one's.
        """
        place, found = await self._find(ref)
        if not _same(found.info, info) and place == ref:
            copy = await self._copies.place(ref)
            if copy is not None:
                place, found = copy, await self._tables[self._main].find(copy)
        if not _same(found.info, info):
            raise NotFoundError("the message holds another file now")
        return Source(place, found.location)

    async def _copy_for_others(self, ref: MessageRef) -> MessageRef | None:
        """Where they could read, as far as that can be told: the main account has the message."""
        try:
            return await self._copies.place(ref) if len(self._tables) > 1 else None
        except StorageError:
            return None

    async def _extra(self, ref: MessageRef, info: FileInfo) -> list[Source]:
        """What the others know of the copy; what they do not know yet is looked up beside."""
        copy = await self._copy_for_others(ref)
        if copy is None:
            return []
        sources = []
        for account, table in self._tables.items():
            if account == self._main or self._rests(account, info.document_id):
                continue
            found = table.recall(copy)
            if found is None:
                table.look_up_beside(copy)
            elif _same(found.info, info):
                sources.append(Source(copy, found.location))
        return sources


def _same(one: FileInfo, other: FileInfo) -> bool:
    return (one.document_id, one.size) == (other.document_id, other.size)

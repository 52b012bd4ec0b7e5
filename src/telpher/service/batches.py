"""Batches: links to every file between two messages of a chat (rule 27).

    plan      two links name a chat and a range of message ids; checked before any work
    admit     of a private chat only its members; where that cannot be verified, nobody
    collect   messages a hundred at a time, a link for each file, in order
    keep      enters the links, and keeps them as a playlist, too

Nothing is left of a batch that was stopped: its links were neither entered nor shown. Reading
begins only after `admit`: what somebody may not see is not looked at for them.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from telpher.clock import Clock
from telpher.core import message_links
from telpher.core.model import FileInfo, MessageRef
from telpher.core.records import Playlist, PlaylistEntry
from telpher.core.tally import BatchMade
from telpher.errors import TelpherError
from telpher.service.links import Links, LinkService
from telpher.service.people import Notes
from telpher.storage.base import PlaylistStore
from telpher.telegram.chats import ChatGateway, ChatInfo, ChatMessage, Membership

# Messages of one call (telegram.md).
PAGE: Final = 100

_PLAYLIST_ID_BYTES: Final = 18  # 144 bits: cannot be guessed


class BatchRefusedError(TelpherError):
    """A batch that is not made; `reason` names a text, `values` fill it."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values


@dataclass(frozen=True, slots=True)
class Plan:
    """The messages `first` to `last`, both included, of a chat given by public name or chat id."""

    chat: str | int
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many messages there can be."""
        return self.last - self.first + 1


def plan(arguments: str, most: int) -> Plan:
    """What "FIRST LAST" asks for, in either order.

    Raises BatchRefusedError: "usage" for anything but two links, "other_chat" when they name two
    chats, "too_many" for more than `most` messages.
    """
    found = [message_links.parse(each) for each in arguments.split()]
    match found:
        case [message_links.MessageLink() as one, message_links.MessageLink() as other]:
            pass
        case _:
            raise BatchRefusedError("usage")
    if one.chat != other.chat:
        raise BatchRefusedError("other_chat")
    first, last = sorted((one.message_id, other.message_id))
    wanted = Plan(one.chat, first, last)
    if wanted.count > most:
        raise BatchRefusedError("too_many", count=wanted.count, most=most)
    return wanted


@dataclass(frozen=True, slots=True)
class Entry:
    """A file and its link."""

    info: FileInfo
    links: Links


@dataclass(slots=True)
class Harvest:
    """How far a batch is: its entries in order, how many messages were looked at, how many of these
    are gone, and how many hold no file."""

    total: int
    playlist_id: str
    seen: int = 0
    gone: int = 0
    without_file: int = 0
    entries: list[Entry] = field(default_factory=list)


class Batches:
    """See the module."""

    def __init__(
        self,
        chats: ChatGateway,
        links: LinkService,
        playlists: PlaylistStore,
        notes: Notes,
        clock: Clock,
        link_made: Callable[[MessageRef], None],
    ) -> None:
        """`link_made` is told of each message that a link was made to; it never waits or fails."""
        self._link_made = link_made
        self._chats = chats
        self._links = links
        self._playlists = playlists
        self._notes = notes
        self._clock = clock

    async def admit(self, wanted: Plan, user_id: int) -> ChatInfo:
        """The chat, if the user may have its files.

        Raises BatchRefusedError: "not_member", or "unverified" where the bot has no right to see
        who is in it; NotFoundError for a chat that the bot cannot see, TelegramError in trouble.
        """
        chat = await self._chats.chat(wanted.chat)
        if chat.username:
            return chat
        membership = await self._chats.membership(chat.chat_id, user_id)
        if membership is Membership.MEMBER:
            return chat
        unknown = membership is Membership.UNKNOWN
        # Its title is not told either: who asks may be a stranger who counts ids up.
        raise BatchRefusedError("unverified" if unknown else "not_member")

    async def collect(self, wanted: Plan, chat: ChatInfo, owner: int) -> AsyncIterator[Harvest]:
        """Makes the links; yields how far it is after each hundred messages, always the same
        object. Raises NotFoundError when the chat is out of sight, TelegramError in trouble."""
        harvest = Harvest(wanted.count, secrets.token_urlsafe(_PLAYLIST_ID_BYTES))
        for start in range(wanted.first, wanted.last + 1, PAGE):
            ids = range(start, min(start + PAGE, wanted.last + 1))
            messages = await self._chats.read_messages(chat.chat_id, ids)
            self._take(harvest, messages, owner)
            yield harvest

    async def keep(self, harvest: Harvest, title: str, owner: int) -> None:
        """Enters the links of what was collected: they may be handed out from then on. Counts the
        batch, and keeps it as a playlist. Raises StorageError when there is no playlist."""
        await self._links.enter(each.links for each in harvest.entries)
        for each in harvest.entries:
            self._link_made(each.links.record.ref)
        now = self._clock.now()
        self._notes.note(BatchMade(owner, now))
        entries = [_entry(each) for each in harvest.entries]
        await self._playlists.put(Playlist(harvest.playlist_id, owner, title, now, entries))

    def _take(self, harvest: Harvest, messages: Sequence[ChatMessage | None], owner: int) -> None:
        for message in messages:
            harvest.seen += 1
            if message is None:
                harvest.gone += 1
            elif message.file is None:
                harvest.without_file += 1
            else:
                links = self._links.make(message.ref, message.file, owner, harvest.playlist_id)
                harvest.entries.append(Entry(message.file, links))


def _entry(entry: Entry) -> PlaylistEntry:
    link = entry.links.record
    return PlaylistEntry(link.link_id, link.ref, link.expires, link.epoch, entry.info)

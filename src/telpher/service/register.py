"""What a link is of: entered when it is made, looked up in the database when it comes back.

While the database is away, those links are known that were made or asked for here not too long ago;
of the others nobody knows the owner, and nothing is counted against anybody.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple, Protocol

from telpher.core.records import LinkRecord
from telpher.core.tally import Event, LinkMade
from telpher.errors import StorageError

# Links of which this is remembered: about 15 MB.
MOST_KNOWN: Final = 50_000


class Entry(NamedTuple):
    """What limits and counters want to know of a link: whose it is, the id of the playlist it came
    with (empty for none), and its file's size."""

    owner: int
    playlist: str
    size: int


class Keeper(Protocol):
    """Where an event survives a crash; see Journal."""

    async def kept(self, *events: Event) -> None: ...


class LinkFinder(Protocol):
    """Of a LinkStore the one thing needed here."""

    async def get(self, link_id: int) -> LinkRecord | None: ...


class Register:
    """See the module."""

    def __init__(self, journal: Keeper, links: LinkFinder) -> None:
        self._journal = journal
        self._links = links
        self._entries: OrderedDict[int, Entry] = OrderedDict()

    async def enter(self, *records: LinkRecord) -> None:
        """Notes links that are about to be handed out; they survive kill -9 from then on."""
        for record in records:
            self._learn(record)
        await self._journal.kept(*map(LinkMade, records))

    def known_owner(self, link_id: int) -> int | None:
        """Whose it is, as far as that is known without asking."""
        entry = self._entries.get(link_id)
        return None if entry is None else entry.owner

    def known(self, link_id: int) -> Entry | None:
        """What is known of it without asking."""
        if link_id in self._entries:
            self._entries.move_to_end(link_id)
        return self._entries.get(link_id)

    async def owner_of(self, link_id: int) -> int | None:
        """Whose it is; None for a link that is unknown, and while the database does not tell."""
        try:
            entry = await self.find(link_id)
        except StorageError:
            return None
        return None if entry is None else entry.owner

    async def find(self, link_id: int) -> Entry | None:
        """What is known of it, None for an unknown link. Raises StorageError."""
        known = self.known(link_id)
        if known is not None:
            return known
        record = await self._links.get(link_id)
        return None if record is None else self._learn(record)

    def _learn(self, record: LinkRecord) -> Entry:
        entry = Entry(record.owner, record.playlist, record.size)
        self._entries[record.link_id] = entry
        self._entries.move_to_end(record.link_id)
        if len(self._entries) > MOST_KNOWN:
            self._entries.popitem(last=False)
        return entry

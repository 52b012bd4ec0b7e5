"""Whose link it is: entered when it is made, looked up in the database when it comes back.

While the database is away, those links are known that were made or asked for here not too long ago;
of the others nobody knows the owner, and nothing is counted against anybody.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Protocol

from telpher.core.records import LinkRecord
from telpher.core.tally import Event, LinkMade
from telpher.errors import StorageError

# Links whose owner is remembered: about 10 MB.
MOST_KNOWN: Final = 50_000


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
        self._owners: OrderedDict[int, int] = OrderedDict()

    async def enter(self, *records: LinkRecord) -> None:
        """Notes links that are about to be handed out; they survive kill -9 from then on."""
        for record in records:
            self._learn(record.link_id, record.owner)
        await self._journal.kept(*map(LinkMade, records))

    def known_owner(self, link_id: int) -> int | None:
        """Whose it is, as far as that is known without asking."""
        return self._owners.get(link_id)

    async def owner_of(self, link_id: int) -> int | None:
        """Whose it is; None for a link that is unknown, and while the database does not tell."""
        if link_id in self._owners:
            self._owners.move_to_end(link_id)
            return self._owners[link_id]
        try:
            record = await self._links.get(link_id)
        except StorageError:
            return None
        if record is None:
            return None
        self._learn(link_id, record.owner)
        return record.owner

    def _learn(self, link_id: int, owner: int) -> None:
        self._owners[link_id] = owner
        self._owners.move_to_end(link_id)
        if len(self._owners) > MOST_KNOWN:
            self._owners.popitem(last=False)

"""What the house keeps, as Protocols; every database behind them behaves the same.

All methods raise `telpher.errors.StorageError` when the disk or the database refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from telpher.core.model import MessageRef


class CopyStore(Protocol):
    """Where the copies of messages are, and which are still to be made.

    A message is unknown, wanted, kept (its copy has a place) or given up. `want` is the only way
    out of the first; `keep` and `give_up` end the waiting, and a message given up stays so.
    """

    async def place(self, ref: MessageRef) -> MessageRef | None:
        """The copy of `ref`; None while there is none."""
        ...

    async def want(self, refs: Sequence[MessageRef]) -> None:
        """Queues copies of `refs`; those that are queued, kept or given up are left as they are."""
        ...

    async def wanted(self, limit: int) -> list[MessageRef]:
        """Up to `limit` wanted messages of one chat, oldest first: the chat that waits longest."""
        ...

    async def postpone(self, ref: MessageRef) -> None:
        """Has everything that is wanted now go before `ref`; nothing if it is not wanted."""
        ...

    async def keep(self, places: Mapping[MessageRef, MessageRef]) -> None:
        """Notes where copies are: of each message its copy, all of them or none."""
        ...

    async def give_up(self, ref: MessageRef, reason: str) -> None:
        """There will be no copy of `ref`; `reason` is for whoever looks into the database."""
        ...

"""What telpher keeps for itself, as Protocols: leases, sessions, conversations, values, tokens, the
places of copies. See storage/base for what holds of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from telpher.core.model import MessageRef
from telpher.core.records import Dialogue, Lease, Value
from telpher.core.tokens import ApiToken


class LeaseStore(Protocol):
    """Leases, by the database's own idea of time."""

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        """The lease, for so long, unless another holder has it; renews one's own, same fence.

        One that ran out or was given back is anybody's, under a larger fence; 1 is the fence of who
        is the first ever to have it.
        """
        ...

    async def renew(self, lease: Lease, seconds: float) -> bool:
        """Prolongs it: it ends so long from now. False once another holder has had it, or it ran
        out."""
        ...

    async def release(self, lease: Lease) -> None:
        """Gives it back; nothing when it is not held any more."""
        ...


class SessionStore(Protocol):
    """Encrypted sessions, by name ("bot4242/0")."""

    async def load(self, name: str) -> bytes | None:
        """What was saved last."""
        ...

    async def save(self, name: str, fence: int, data: bytes) -> bool:
        """Keeps it; False under a fence older than that of what is there."""
        ...


class DialogueStore(Protocol):
    """Conversations with people, one each."""

    async def get(self, user_id: int, now: float) -> Dialogue | None:
        """Where it stands; None when there is none or its time is over."""
        ...

    async def put(self, dialogue: Dialogue) -> None:
        """In place of whatever was there."""
        ...

    async def drop(self, user_id: int) -> None:
        """It is over."""
        ...


class ValueStore(Protocol):
    """Settings changed at run time, by name ("epoch", "banner start")."""

    async def get(self, name: str) -> Value | None:
        """The value, None where the default holds."""
        ...

    async def put(self, name: str, data: bytes, at: float) -> None:
        """Sets it."""
        ...

    async def drop(self, name: str) -> None:
        """Back to the default."""
        ...


class TokenStore(Protocol):
    """Tokens of the API."""

    async def add(self, token: ApiToken) -> None:
        """A new one; one of that id that is there already is left as it is."""
        ...

    async def get(self, token_id: str) -> ApiToken | None:
        """The one with that id, whether it still opens anything or not."""
        ...

    async def recent(self, limit: int) -> list[ApiToken]:
        """Up to `limit`, newest first, of equal age the one with the larger id."""
        ...

    async def revoke(self, token_id: str, at: float) -> bool:
        """Ends one for good; False when there is none. It stays ended since the first time."""
        ...


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
        """Notes where copies are: of each message its copy."""
        ...

    async def give_up(self, ref: MessageRef, reason: str) -> None:
        """There will be no copy of `ref`; `reason` is for whoever looks into the database."""
        ...

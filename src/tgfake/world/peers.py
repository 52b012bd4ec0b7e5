"""Who a message can be sent to: users, basic groups and channels, each with ids of its own kind.

Inside MTProto the kind travels beside the id. The Bot API folds both into one *marked* number: a
user is its id, a basic group -id, a channel (broadcast or supergroup) -(10^12 + id), which reads as
-100 followed by the id. Ids of channels may exceed 32 bits. https://core.telegram.org/api/bots/ids
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from telethon.tl import types

_CHANNEL_BASE = 10**12


class Kind(StrEnum):
    """The three kinds of peers."""

    USER = "user"
    GROUP = "group"
    CHANNEL = "channel"


class Peer(NamedTuple):
    """A kind and an id: the key of a conversation everywhere in the world."""

    kind: Kind
    id: int

    @property
    def marked(self) -> int:
        """The id as the Bot API and link makers write it."""
        if self.kind is Kind.CHANNEL:
            return -(_CHANNEL_BASE + self.id)
        return -self.id if self.kind is Kind.GROUP else self.id

    @classmethod
    def from_marked(cls, marked: int) -> Peer:
        """The inverse of `marked`."""
        if marked > 0:
            return cls(Kind.USER, marked)
        if -marked > _CHANNEL_BASE:
            return cls(Kind.CHANNEL, -marked - _CHANNEL_BASE)
        return cls(Kind.GROUP, -marked)

    def tl(self) -> Any:
        """The TL constructor: peerUser, peerChat or peerChannel."""
        if self.kind is Kind.CHANNEL:
            return types.PeerChannel(self.id)
        return types.PeerChat(self.id) if self.kind is Kind.GROUP else types.PeerUser(self.id)

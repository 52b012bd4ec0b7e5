"""Chat ids of ours and peers of Telegram's.

    user 7             7
    basic group 7      -7
    channel 7          -1000000000007      -100 written before the id: -(10**12 + id)

Channel ids have 64 bits; those beyond 10**10 make the "-100" run into the number, so the mark is
arithmetic, never text.
"""

from __future__ import annotations

from typing import Any, Protocol

from telethon.tl import types

_CHANNEL_MARK = 10**12


class AccessHashes(Protocol):
    """Where the access hash of a peer is looked up; 0 when it is not known."""

    def access_hash(self, chat_id: int) -> int: ...


def chat_id_of(peer: Any) -> int:
    """The chat id for a PeerUser, PeerChat or PeerChannel; 0 for anything else."""
    if isinstance(peer, types.PeerUser):
        return int(peer.user_id)
    if isinstance(peer, types.PeerChat):
        return -int(peer.chat_id)
    if isinstance(peer, types.PeerChannel):
        return -(_CHANNEL_MARK + int(peer.channel_id))
    return 0


def entity_id(entity: Any) -> int:
    """The chat id of a group or channel as answers describe it; 0 for anything else."""
    if isinstance(entity, types.Channel | types.ChannelForbidden):
        return chat_id_of(types.PeerChannel(entity.id))
    if isinstance(entity, types.Chat | types.ChatForbidden):
        return chat_id_of(types.PeerChat(entity.id))
    return 0


def channel_id_of(chat_id: int) -> int | None:
    """The channel's own id when `chat_id` names a channel or supergroup, else None."""
    return -chat_id - _CHANNEL_MARK if chat_id < -_CHANNEL_MARK else None


def input_peer(chat_id: int, hashes: AccessHashes) -> Any:
    """The InputPeer to address; hash 0 is accepted from bots for peers they have met."""
    channel = channel_id_of(chat_id)
    if channel is not None:
        return types.InputPeerChannel(channel, hashes.access_hash(chat_id))
    if chat_id < 0:
        return types.InputPeerChat(-chat_id)
    return types.InputPeerUser(chat_id, hashes.access_hash(chat_id))


def input_channel(chat_id: int, hashes: AccessHashes) -> Any | None:
    """The InputChannel for a channel's or supergroup's chat id, else None."""
    channel = channel_id_of(chat_id)
    if channel is None:
        return None
    return types.InputChannel(channel, hashes.access_hash(chat_id))

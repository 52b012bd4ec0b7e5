"""Chat ids both ways."""

import pytest
from telethon.tl import types

from telpher.telegram.adapter.peers import (
    channel_id_of,
    chat_id_of,
    entity_id,
    input_channel,
    input_peer,
)


class Hashes:
    def access_hash(self, chat_id: int) -> int:
        return {7: 70, -1000000000007: 71}.get(chat_id, 0)


@pytest.mark.parametrize(
    ("peer", "chat_id"),
    [
        (types.PeerUser(7), 7),
        (types.PeerUser(7_000_000_000), 7_000_000_000),
        (types.PeerChat(7), -7),
        (types.PeerChat(4_000_000_000), -4_000_000_000),
        (types.PeerChannel(7), -1000000000007),
        (types.PeerChannel(2147483648), -1002147483648),
        (types.PeerChannel(7_000_000_000), -1007000000000),
        (types.PeerChannel(20_000_000_000), -1020000000000),
        (types.PeerChannel(1 << 52), -(10**12 + (1 << 52))),
    ],
)
def test_a_chat_id_names_one_peer(peer: object, chat_id: int) -> None:
    assert chat_id_of(peer) == chat_id
    back = input_peer(chat_id, Hashes())
    number = vars(peer).popitem()[1]
    assert number in vars(back).values()
    assert type(back).__name__ == f"Input{type(peer).__name__}"


def test_what_is_no_peer_has_no_id() -> None:
    assert chat_id_of(None) == 0


def test_groups_and_channels_as_answers_describe_them() -> None:
    photo = types.ChatPhotoEmpty()
    assert entity_id(types.Channel(7, "c", photo, None)) == -1000000000007
    assert entity_id(types.ChannelForbidden(7, 1, "c")) == -1000000000007
    assert entity_id(types.Chat(7, "g", photo, 0, None, version=1)) == -7
    assert entity_id(types.ChatForbidden(7, "g")) == -7
    assert entity_id(types.User(7)) == 0


def test_access_hashes_are_looked_up() -> None:
    assert input_peer(7, Hashes()).access_hash == 70
    assert input_peer(8, Hashes()).access_hash == 0
    channel = input_channel(-1000000000007, Hashes())
    assert channel is not None
    assert (channel.channel_id, channel.access_hash) == (7, 71)


@pytest.mark.parametrize("chat_id", [7, -7, -999_999_999_999, -(10**12)])
def test_what_is_no_channel(chat_id: int) -> None:
    assert channel_id_of(chat_id) is None
    assert input_channel(chat_id, Hashes()) is None

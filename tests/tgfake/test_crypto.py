"""The encryption of messages."""

import os

import pytest

from tgfake.crypto import (
    DecryptionError,
    open_as_client,
    open_from_client,
    seal_as_client,
    seal_for_client,
)

KEY = os.urandom(256)
KEY_ID = b"12345678"


@pytest.mark.parametrize("size", [16, 20, 32, 1000, 65536])
@pytest.mark.parametrize(
    ("seal", "unseal"), [(seal_as_client, open_from_client), (seal_for_client, open_as_client)]
)
def test_what_one_side_seals_the_other_opens(seal, unseal, size):
    plain = os.urandom(size)
    packet = seal(KEY, KEY_ID, plain)
    opened = unseal(KEY, packet)
    assert packet[:8] == KEY_ID
    assert opened[:size] == plain
    assert 12 <= len(opened) - size <= 27
    assert unseal(KEY, packet + b"transport"[:9]) == opened


@pytest.mark.parametrize("place", [8, 24, 100, -1])
def test_a_changed_byte_is_noticed(place):
    packet = bytearray(seal_as_client(KEY, KEY_ID, bytes(100)))
    packet[place] ^= 1
    with pytest.raises(DecryptionError):
        open_from_client(KEY, bytes(packet))


def test_the_directions_do_not_mix():
    with pytest.raises(DecryptionError):
        open_from_client(KEY, seal_for_client(KEY, KEY_ID, bytes(100)))


@pytest.mark.parametrize("size", [0, 8, 24, 39])
def test_a_packet_too_short(size):
    with pytest.raises(DecryptionError):
        open_from_client(KEY, bytes(size))

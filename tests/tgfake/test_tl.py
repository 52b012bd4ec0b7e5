"""Reading and writing TL."""

import gzip

import pytest
from telethon.tl import functions, types

from tgfake.tl import (
    GZIP_PACKED,
    MAX_UNPACKED,
    TlError,
    constructor_id,
    method_name,
    pack,
    read,
    read_with_size,
    tl_bytes,
    unpack,
    write,
)

PONG = types.Pong(msg_id=1, ping_id=2)


@pytest.mark.parametrize(
    ("value", "read_back"),
    [(PONG, PONG), (True, True), (False, False), ([PONG, PONG], [PONG, PONG]), ([], [])],
)
def test_what_is_written_can_be_read(value, read_back):
    assert read(write(value, 229)) == read_back


def test_numbers_and_ready_bytes():
    assert write([1, 2], 229) == bytes.fromhex("15c4b51c 02000000 01000000 02000000")
    assert write(b"ready", 229) == b"ready"


@pytest.mark.parametrize("data", [b"", b"abc", b"\xff" * 4, bytes(PONG)[:10]])
def test_what_is_no_object(data):
    for reader in (read, read_with_size):
        with pytest.raises(TlError):
            reader(data)


def test_the_size_of_an_object():
    assert read_with_size(bytes(PONG) + b"padding") == (PONG, 20)
    assert constructor_id(bytes(PONG)) == types.Pong.CONSTRUCTOR_ID
    with pytest.raises(TlError):
        constructor_id(b"abc")


@pytest.mark.parametrize("size", [0, 1, 253, 254, 1000])
def test_bytes_are_filled_up(size):
    assert len(tl_bytes(b"x" * size)) % 4 == 0


def test_packing():
    data = b"abcd" * 1000
    assert unpack(pack(data)) == data
    assert len(pack(data)) < 200


@pytest.mark.parametrize(
    "packed",
    [
        b"rubbish",
        gzip.compress(b"abcd" * 100, mtime=0)[:-9],
        gzip.compress(bytes(MAX_UNPACKED + 1), mtime=0),
    ],
)
def test_packed_data_that_is_broken_or_a_bomb(packed):
    with pytest.raises(TlError):
        unpack(GZIP_PACKED.to_bytes(4, "little") + tl_bytes(packed))


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (functions.PingRequest(1), "ping"),
        (functions.help.GetConfigRequest(), "help.getConfig"),
        (functions.upload.GetFileRequest(None, 0, 0), "upload.getFile"),
    ],
)
def test_names_of_methods(request_, name):
    assert method_name(request_) == name

"""Every case on every implementation that works here."""

from __future__ import annotations

import struct
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.crypto import AuthKey
from telethon.extensions import BinaryReader
from telethon.network.mtprotostate import MTProtoState
from telethon.tl.types import Pong

from telpher.telegram.crypto import Cipher, TamperedError, auth_key_id, ciphers
from telpher.telegram.crypto.envelope import decrypt, decrypt_pair, encrypt
from tests.telegram.crypto.reference import AUTH_KEY, ige_encrypt, seal

MIB = 1 << 20
SERVER = 8  # x of the specification
MESSAGE = Random("message").randbytes(32 + 64 + 16)
every_cipher = pytest.mark.parametrize("cipher", ciphers(), ids=lambda cipher: cipher.name)


@pytest.fixture
def telethon_state() -> MTProtoState:
    return MTProtoState(AuthKey(AUTH_KEY), loggers=defaultdict(lambda: None))


@every_cipher
def test_frames_from_a_server_as_the_specification_makes_them(cipher: Cipher):
    frame = bytearray(seal(AUTH_KEY, MESSAGE, SERVER, ige_encrypt))
    head = frame[:24]
    decrypt(cipher, AUTH_KEY, frame)
    assert frame == head + MESSAGE


@every_cipher
def test_frames_from_a_client_as_the_specification_makes_them(cipher: Cipher):
    frame = encrypt(cipher, AUTH_KEY, MESSAGE)
    assert frame == seal(AUTH_KEY, MESSAGE, 0, ige_encrypt)
    assert frame[:8] == auth_key_id(AUTH_KEY)


@every_cipher
def test_messages_of_any_bytes_like_type_give_the_same_frame(cipher: Cipher):
    frame = encrypt(cipher, AUTH_KEY, MESSAGE, from_client=False)
    assert frame == seal(AUTH_KEY, MESSAGE, SERVER)
    assert encrypt(cipher, AUTH_KEY, bytearray(MESSAGE), from_client=False) == frame
    with memoryview(b"." + MESSAGE)[1:] as view:
        assert encrypt(cipher, AUTH_KEY, view, from_client=False) == frame


@every_cipher
def test_telethon_and_we_read_each_other(cipher: Cipher, telethon_state: MTProtoState):
    from_client = telethon_state.encrypt_message_data(b"a request")
    frame = bytearray(from_client)
    decrypt(cipher, AUTH_KEY, frame, from_server=False)
    with BinaryReader(bytes(frame[24:])) as reader:
        assert (reader.read_long(), reader.read_long()) == (0, telethon_state.id)
        assert reader.read(9) == b"a request"
    assert encrypt(cipher, AUTH_KEY, frame[24:]) == from_client

    pong = bytes(Pong(msg_id=4, ping_id=5))
    msg_id = int(time.time()) << 32 | 1
    answer = struct.pack("<qqqii", 0, telethon_state.id, msg_id, 1, len(pong)) + pong
    answer += b"\0" * (12 + -(len(answer) + 12) % 16)
    read = telethon_state.decrypt_message_data(encrypt(cipher, AUTH_KEY, answer, from_client=False))
    assert (read.obj.msg_id, read.obj.ping_id) == (4, 5)


@every_cipher
@given(
    blocks=st.integers(2, 70_000 // 16),
    offset=st.integers(0, 33),
    server=st.booleans(),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_any_message_anywhere_in_a_buffer(
    cipher: Cipher, blocks: int, offset: int, server: bool, seed: int
):
    random = Random(seed)
    auth_key, message = random.randbytes(256), random.randbytes(16 * blocks)
    sealed = seal(auth_key, message, SERVER if server else 0)
    around = random.randbytes(offset)
    pool = bytearray(around + sealed + around)
    with memoryview(pool)[offset : offset + len(sealed)] as frame:
        decrypt(cipher, auth_key, frame, from_server=server)
    assert pool == around + sealed[:24] + message + around


@every_cipher
@pytest.mark.parametrize("size", [MIB, MIB + 48, 32 * 1024 - 16, 32 * 1024])
def test_large_messages_and_the_sizes_where_the_gil_is_let_go(cipher: Cipher, size: int):
    message = Random(size).randbytes(size)
    frame = bytearray(seal(AUTH_KEY, message, SERVER))
    decrypt(cipher, AUTH_KEY, frame)
    assert frame[24:] == message


@every_cipher
def test_threads_decrypt_at_once(cipher: Cipher):
    def round_trip(seed: int) -> bool:
        random = Random(seed)
        auth_key, message = random.randbytes(256), random.randbytes(256 * 1024)
        frame = bytearray(seal(auth_key, message, SERVER))
        decrypt(cipher, auth_key, frame)
        return frame[24:] == message

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(round_trip, range(16)))


def assert_refused(cipher: Cipher, frame: bytearray, auth_key: bytes = AUTH_KEY, **how: bool):
    with pytest.raises(TamperedError):
        decrypt(cipher, auth_key, frame, **how)
    assert not any(frame)  # nothing of it can be used by mistake
    frame.append(0)  # BufferError if it was still held


@every_cipher
def test_one_changed_bit_in_any_byte_of_msg_key_or_ciphertext(cipher: Cipher):
    genuine = seal(AUTH_KEY, MESSAGE, SERVER)
    for place in range(8, len(genuine)):
        frame = bytearray(genuine)
        frame[place] ^= 1 << place % 8
        assert_refused(cipher, frame)


@every_cipher
@pytest.mark.parametrize("place", [8, 23, 24, 24 + MIB // 2, 24 + MIB - 48, 24 + MIB - 1])
def test_one_changed_bit_of_a_mebibyte(cipher: Cipher, place: int):
    frame = bytearray(seal(AUTH_KEY, bytes(MIB), SERVER))
    frame[place] ^= 0x80
    assert_refused(cipher, frame)


@every_cipher
def test_messages_cut_prolonged_or_reordered_by_whole_blocks(cipher: Cipher):
    genuine = seal(AUTH_KEY, MESSAGE, SERVER)
    head, blocks = genuine[:24], genuine[24:]
    assert_refused(cipher, bytearray(genuine[:-16]))
    assert_refused(cipher, bytearray(genuine + bytes(16)))
    assert_refused(cipher, bytearray(head + blocks[16:]))
    assert_refused(cipher, bytearray(head + blocks[16:32] + blocks[:16] + blocks[32:]))


@every_cipher
def test_messages_under_another_key_or_sent_back_to_their_sender(cipher: Cipher):
    sealed = seal(AUTH_KEY, MESSAGE, SERVER)
    assert_refused(cipher, bytearray(sealed), auth_key=bytes(256))
    assert_refused(cipher, bytearray(sealed), from_server=False)
    assert_refused(cipher, bytearray(seal(AUTH_KEY, MESSAGE, 0)))


@every_cipher
def test_a_refused_part_of_a_pooled_buffer_leaves_the_rest_alone(cipher: Cipher):
    sealed = seal(AUTH_KEY, MESSAGE, 0)
    pool = bytearray(b"before" + sealed + b"after")
    with (
        memoryview(pool)[6 : 6 + len(sealed)] as frame,
        pytest.raises(TamperedError, match="msg_key"),
    ):
        decrypt(cipher, AUTH_KEY, frame)
    assert pool == b"before" + bytes(len(sealed)) + b"after"


@every_cipher
@pytest.mark.parametrize("size", [0, 4, 8, 23, 24, 25, 40, 24 + 31, 24 + 33, 24 + 47, 24 + 65_537])
def test_frames_of_an_impossible_length_are_refused_untouched(cipher: Cipher, size: int):
    content = Random(size).randbytes(size)
    frame = bytearray(content)
    with pytest.raises(ValueError, match="a message cannot have") as caught:
        decrypt(cipher, AUTH_KEY, frame)
    assert not isinstance(caught.value, TamperedError)
    assert frame == content
    frame.append(0)


@every_cipher
@pytest.mark.parametrize("size", [0, 16, 31, 33, 47])
def test_plaintexts_of_an_impossible_length_are_refused(cipher: Cipher, size: int):
    with pytest.raises(ValueError, match="a message cannot have"):
        encrypt(cipher, AUTH_KEY, bytes(size))


@every_cipher
@pytest.mark.parametrize("size", [0, 128, 255, 257])
def test_keys_of_a_wrong_length_are_refused(cipher: Cipher, size: int):
    frame = bytearray(24 + 48)
    with pytest.raises(ValueError, match="256 bytes"):
        decrypt(cipher, bytes(size), frame)
    with pytest.raises(ValueError, match="256 bytes"):
        encrypt(cipher, bytes(size), bytes(48))


@every_cipher
def test_frames_that_cannot_be_written_are_refused(cipher: Cipher):
    sealed: Any = seal(AUTH_KEY, MESSAGE, SERVER)
    for frame in (sealed, memoryview(sealed)):
        with pytest.raises(TypeError, match="writable"):
            decrypt(cipher, AUTH_KEY, frame)
    with pytest.raises(TypeError):
        decrypt(cipher, AUTH_KEY, memoryview(bytearray(2 * len(sealed)))[::2])
    assert sealed == seal(AUTH_KEY, MESSAGE, SERVER)


@every_cipher
def test_errors_carry_nothing_of_key_or_message(cipher: Cipher):
    frame = bytearray(seal(AUTH_KEY, MESSAGE, 0))
    with pytest.raises(TamperedError) as caught:
        decrypt(cipher, AUTH_KEY, frame)
    assert caught.value.args == ("the message does not match its msg_key",)


def pinned(frame: bytes) -> memoryview:
    return memoryview(bytearray(frame))


@every_cipher
@given(
    blocks=st.tuples(*[st.integers(2, 70_000 // 16)] * 2),
    tampered=st.tuples(st.booleans(), st.booleans()),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_two_messages_of_any_sizes_under_two_keys(
    cipher: Cipher, blocks: tuple[int, int], tampered: tuple[bool, bool], seed: int
):
    random = Random(seed)
    keys = [random.randbytes(256) for _ in range(2)]
    messages = [random.randbytes(16 * each) for each in blocks]
    frames = [pinned(seal(*each, SERVER)) for each in zip(keys, messages, strict=True)]
    heads = [bytes(frame[:24]) for frame in frames]
    for frame, changed in zip(frames, tampered, strict=True):
        frame[random.randrange(8, len(frame))] ^= changed
    genuine = decrypt_pair(cipher, (keys[0], frames[0]), (keys[1], frames[1]))
    assert genuine == tuple(not each for each in tampered)
    for frame, head, message, accepted in zip(frames, heads, messages, genuine, strict=True):
        assert frame == (head + message if accepted else bytes(len(frame)))


@every_cipher
@pytest.mark.parametrize("bad", [0, 1])
def test_a_pair_of_which_one_is_impossible_is_refused_untouched(cipher: Cipher, bad: int):
    sealed = seal(AUTH_KEY, MESSAGE, SERVER)
    frames = [pinned(sealed), pinned(sealed)]
    frames[bad] = frames[bad][:-1]
    with pytest.raises(ValueError, match="a message cannot have"):
        decrypt_pair(cipher, (AUTH_KEY, frames[0]), (AUTH_KEY, frames[1]))
    for frame in frames:
        assert frame == sealed[: len(frame)]

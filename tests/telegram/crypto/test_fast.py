"""The extension by itself, below the envelope: what it computes, and what it refuses.

Left out where it was not built or the processor lacks the instructions.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from random import Random
from threading import Event, Thread
from typing import Any

import cryptg
import pytest

from telpher.telegram.crypto import load_extension
from tests.telegram.crypto.test_fallback import AES_256

KEY, IV, PREFIX = (Random(name).randbytes(32) for name in ("key", "iv", "prefix"))
MIB = 1 << 20


@pytest.fixture(params=["decrypt_ige", "decrypt_ige_sha256"])
def function(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def fast(function: str) -> Any:
    """The extension, if it has `function`."""
    try:
        extension = load_extension()
    except ImportError as error:
        pytest.skip(f"no extension: {error}")
    if not hasattr(extension, function):
        pytest.skip(f"this processor cannot do {function}")
    return extension


def arguments(function: str) -> tuple[bytes, ...]:
    """What follows the data."""
    return (KEY, IV, PREFIX) if function == "decrypt_ige_sha256" else (KEY, IV)


@pytest.mark.parametrize("vector", AES_256)
def test_published_vectors(fast: Any, function: str, vector: tuple[str, str, str, str]):
    key, iv, plaintext, ciphertext = map(bytes.fromhex, vector)
    if function == "decrypt_ige":
        data = bytearray(ciphertext)
        fast.decrypt_ige(data, key, iv)
        assert data == plaintext
    elif len(ciphertext) >= 32:
        data = bytearray(ciphertext)
        assert fast.decrypt_ige_sha256(data, key, iv, PREFIX) == sha256(PREFIX + plaintext).digest()
        assert data == plaintext


@pytest.mark.parametrize("offset", range(17))
def test_every_length_at_every_alignment(fast: Any, function: str, offset: int):
    for size in range(32, 32 + 6 * 64, 16):
        plaintext = Random(size).randbytes(size)
        outside = b"\xa5" * 17
        data = bytearray(outside[:offset] + cryptg.encrypt_ige(plaintext, KEY, IV) + outside)
        with memoryview(data)[offset : offset + size] as view:
            digest = getattr(fast, function)(view, *arguments(function))
        assert data == outside[:offset] + plaintext + outside  # and nothing beyond it was touched
        if function == "decrypt_ige_sha256":
            assert digest == sha256(PREFIX + plaintext).digest()


@pytest.mark.parametrize("size", [0, 1, 15, 17, 31, 33, 65])
def test_partial_blocks_are_refused_untouched(fast: Any, function: str, size: int):
    data = bytearray(b"x" * size)
    with pytest.raises(ValueError, match="data"):
        getattr(fast, function)(data, *arguments(function))
    assert data == b"x" * size
    data.append(0)  # BufferError if the extension still held it


def test_one_block_is_enough_for_aes_but_not_for_the_hash(fast: Any, function: str):
    data = bytearray(16)
    if function == "decrypt_ige":
        fast.decrypt_ige(data, KEY, IV)
        assert any(data)
    else:
        with pytest.raises(ValueError, match="32 bytes at least"):
            fast.decrypt_ige_sha256(data, KEY, IV, PREFIX)
        assert not any(data)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_secrets_of_a_wrong_length_are_refused(fast: Any, function: str, length: int):
    secrets = arguments(function)
    for place in range(len(secrets)):
        wrong = [*secrets[:place], bytes(length), *secrets[place + 1 :]]
        data = bytearray(64)
        with pytest.raises(ValueError, match="32 bytes"):
            getattr(fast, function)(data, *wrong)
        assert data == bytes(64)
        data.append(0)


@pytest.mark.parametrize(
    "data",
    [bytes(64), memoryview(bytes(64)), memoryview(bytearray(128))[::2], "text" * 16, None, 64],
    ids=["bytes", "readonly view", "stepped view", "str", "None", "int"],
)
def test_what_is_not_a_writable_buffer_is_refused(fast: Any, function: str, data: Any):
    with pytest.raises((TypeError, BufferError)):
        getattr(fast, function)(data, *arguments(function))


def test_missing_or_surplus_arguments_are_refused(fast: Any, function: str):
    data = bytearray(64)
    for given in (arguments(function)[:-1], (*arguments(function), PREFIX)):
        with pytest.raises(TypeError):
            getattr(fast, function)(data, *given)
    data.append(0)


def test_a_failed_or_finished_call_keeps_no_reference(fast: Any, function: str):
    data, key = bytearray(64), bytes(bytearray(KEY))
    before = sys.getrefcount(data), sys.getrefcount(key)
    for size in (64, 63) * 50:
        with memoryview(data)[:size] as view:
            try:
                getattr(fast, function)(view, key, *arguments(function)[1:])
            except ValueError:
                assert size == 63
    assert (sys.getrefcount(data), sys.getrefcount(key)) == before


def test_other_threads_run_during_a_large_message(fast: Any, function: str):
    """With the interval this long, a thread gets the GIL only from one that lets go of it."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    try:
        assert any(_runs_meanwhile(fast, function) for _ in range(200))
    finally:
        sys.setswitchinterval(interval)


def _runs_meanwhile(fast: Any, function: str) -> bool:
    """Whether this thread got a turn before a decryption elsewhere was over.

    A busy machine may not give it one in that time, therefore it is tried again and again.
    """
    data = bytearray(16 * MIB)
    begins, over = Event(), Event()

    def decrypt() -> None:
        begins.set()
        getattr(fast, function)(data, *arguments(function))
        over.set()

    thread = Thread(target=decrypt)
    thread.start()
    begins.wait()
    meanwhile = not over.is_set()
    thread.join()
    return meanwhile


class TestPair:
    """Two messages in one call come out as each alone would."""

    @pytest.fixture
    def pair(self) -> Any:
        try:
            return load_extension().decrypt_ige_sha256_pair
        except (ImportError, AttributeError) as error:
            pytest.skip(f"no pairs here: {error}")

    @pytest.mark.parametrize("one", range(32, 32 + 5 * 64, 16))
    def test_every_length_beside_every_other(self, pair: Any, one: int):
        for other in range(32, 32 + 5 * 64, 16):
            plaintexts = [Random(size).randbytes(size) for size in (one, other)]
            secrets = (KEY, IV, PREFIX), (PREFIX, KEY, IV)
            works = [
                (bytearray(cryptg.encrypt_ige(plaintext, key, iv) + b"rest"), key, iv, prefix)
                for plaintext, (key, iv, prefix) in zip(plaintexts, secrets, strict=True)
            ]
            digests = pair(*((memoryview(data)[:-4], *secret) for data, *secret in works))
            for plaintext, digest, (data, _, _, prefix) in zip(
                plaintexts, digests, works, strict=True
            ):
                assert data == plaintext + b"rest"
                assert digest == sha256(prefix + plaintext).digest()

    @pytest.mark.parametrize("wrong", [0, 1])
    def test_what_is_wrong_with_one_leaves_both_untouched(self, pair: Any, wrong: int):
        data = [bytearray(64), bytearray(64)]
        works = [(each, KEY, IV, PREFIX) for each in data]
        short = [(each, KEY, IV, PREFIX) for each in data]
        short[wrong] = (memoryview(data[wrong])[:-1], KEY, IV, PREFIX)
        works[wrong] = (data[wrong], KEY, IV[:-1], PREFIX)
        for given in (works, short):
            with pytest.raises(ValueError, match=r"data|32 bytes"):
                pair(*given)
        with pytest.raises(TypeError):
            pair(works[1 - wrong])
        short.clear()
        for each in data:
            assert each == bytes(64)
            each.append(0)  # BufferError if the extension still held it

"""The key exchange, both sides by hand, and what must end it."""

import struct
from hashlib import sha1

import cryptg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.crypto import rsa
from telethon.extensions import BinaryReader

from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.exchange import GENERATOR, PRIME, KeyExchange, NewKey, factors
from telpher.telegram.mtproto.schema import MalformedError
from tgfake.exchange import Exchange
from tgfake.exchange import NewKey as ServersKey
from tgfake.keys import DC_KEYS

DC = 2
KEY = DC_KEYS[DC]
NOW = 1_700_000_000.0


def encrypt(fingerprint: int, data: bytes) -> bytes | None:
    """The old way, as the client library has it: SHA-1, data, padding."""
    if fingerprint != KEY.fingerprint:
        return None
    block = (sha1(data).digest() + data).ljust(255, b"\x07")
    return pow(int.from_bytes(block), 65537, KEY.n).to_bytes(256)


class Pair:
    """A client and tgfake's server; `twist` changes what the server says at a step."""

    def __init__(self, client: KeyExchange | None = None) -> None:
        self.client = client or KeyExchange(encrypt)
        self.server = Exchange(DC, KEY)

    def answer(self, said: bytes) -> bytes:
        with BinaryReader(said) as reader:
            return bytes(self.server.answer(reader.tgread_object(), NOW))

    def run(self, step: int = -1, twist=bytes) -> NewKey:
        said = self.client.begin()
        for number in range(3):
            heard = self.answer(said)
            if number == step:
                heard = twist(heard)
            said = self.client.answer(memoryview(heard))
        assert isinstance(said, NewKey)
        return said


@pytest.mark.parametrize("prepared", [False, True])
def test_both_sides_have_the_same_key_and_salt(prepared):
    pair = Pair()
    if prepared:
        pair.client.prepare()
    agreed = pair.run()
    assert pair.server.result == ServersKey(agreed.key, agreed.salt, None)
    assert len(agreed.key) == 256


def test_the_secret_does_not_show():
    agreed = Pair().run()
    assert str(agreed) == "NewKey()"


def test_the_client_librarys_own_encryption_fits():
    keys = dict(rsa._server_keys)
    try:
        rsa.add_key(KEY.public_pem(), old=False)
        assert Pair(KeyExchange(rsa.encrypt)).run().key
    finally:
        rsa._server_keys.clear()
        rsa._server_keys.update(keys)


def test_a_server_with_unknown_keys_is_refused():
    with pytest.raises(MalformedError, match="RSA"):
        Pair(KeyExchange(lambda fingerprint, data: None)).run()


@pytest.mark.parametrize("step", [0, 1, 2])
def test_any_byte_that_is_wrong_ends_it(step):
    """Constructor, nonces, encrypted answers, hashes: nothing is there for nothing. (The server's
    own nonce is not known before the first answer, nor what it signs with.)"""
    size = len(_answers()[step])
    for at in range(0, 20 if step == 0 else size, 3 if step == 0 else 43):

        def twist(heard, at=at):
            return heard[:at] + bytes((heard[at] ^ 1,)) + heard[at + 1 :]

        with pytest.raises(MalformedError):
            Pair().run(step, twist)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_truncated_answers_end_it(step):
    for size in range(0, len(_answers()[step]), 61):
        with pytest.raises(MalformedError):
            Pair().run(step, lambda heard, size=size: heard[:size])


def _answers() -> list[bytes]:
    pair, found = Pair(), []
    said = pair.client.begin()
    for _ in range(3):
        found.append(pair.answer(said))
        said = pair.client.answer(memoryview(found[-1]))
    return found


@pytest.mark.parametrize(
    ("generator", "prime", "public"),
    [
        (2, PRIME, PRIME // 3),
        (GENERATOR, PRIME - 2, PRIME // 3),
        (GENERATOR, PRIME, 1),
        (GENERATOR, PRIME, PRIME - 1),
        (GENERATOR, PRIME, 1 << 1983),
        (GENERATOR, PRIME, 0),
    ],
)
def test_numbers_that_would_give_a_weak_key_are_refused(generator, prime, public):
    client = KeyExchange(encrypt)
    pair = Pair(client)
    said = client.begin()
    client.answer(memoryview(pair.answer(said)))
    key, iv = client._temporary()
    nonces = client._nonce + client._server_nonce
    inner = struct.pack("<I", schema.SERVER_DH_INNER_DATA) + nonces + struct.pack("<i", generator)
    for number in (prime, public):
        inner += schema.serialised(number.to_bytes(256))
    inner += struct.pack("<i", int(NOW))
    plain = sha1(inner).digest() + inner
    plain += bytes(-len(plain) % 16)
    offer = struct.pack("<I", schema.SERVER_DH_PARAMS_OK) + nonces
    offer += schema.serialised(cryptg.encrypt_ige(plain, key, iv))
    with pytest.raises(MalformedError):
        client.answer(memoryview(offer))


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % each for each in range(2, int(number**0.5) + 1))


SMALL_PRIMES = [number for number in range(3, 400) if _is_prime(number)]
# The largest below 2^31, and some between.
LARGE_PRIMES = [2147483647, 2147483629, 1073741789, 1500000001]


@given(st.sampled_from(SMALL_PRIMES), st.sampled_from(SMALL_PRIMES))
def test_small_factors(p, q):
    assert factors(p * q) == (min(p, q), max(p, q))


@pytest.mark.parametrize("p", LARGE_PRIMES)
def test_large_factors(p):
    for q in LARGE_PRIMES:
        assert factors(p * q) == (min(p, q), max(p, q))


@pytest.mark.parametrize("number", [0, 1, 3, 4, 7, 101, 1 << 62, (1 << 64) + 1, 2147483647])
def test_what_has_no_two_factors_is_refused(number):
    with pytest.raises(MalformedError):
        factors(number)

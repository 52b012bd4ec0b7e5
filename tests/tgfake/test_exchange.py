"""The key exchange, seen from a client that does every step by hand."""

import hashlib
import os
import time
from math import gcd
from typing import Any

import pytest
from telethon.tl import functions, types

from tgfake.crypto import aes_ige_decrypt, aes_ige_encrypt, sha1
from tgfake.exchange import DH_PRIME, Exchange, ExchangeError, WrongDcError
from tgfake.keys import DC_KEYS
from tgfake.tl import read, read_with_size

DC = 3
KEY = DC_KEYS[DC]


def rsa_old(data: bytes) -> bytes:
    block = sha1(data) + data + os.urandom(235 - len(data))
    return pow(int.from_bytes(block, "big"), 65537, KEY.n).to_bytes(256, "big")


def rsa_pad(data: bytes) -> bytes:
    padded = data + os.urandom(192 - len(data))
    while True:
        temporary = os.urandom(32)
        hashed = padded[::-1] + hashlib.sha256(temporary + padded).digest()
        cipher = aes_ige_encrypt(hashed, temporary, bytes(32))
        mask = hashlib.sha256(cipher).digest()
        block = bytes(a ^ b for a, b in zip(temporary, mask, strict=True)) + cipher
        if (number := int.from_bytes(block, "big")) < KEY.n:
            return pow(number, 65537, KEY.n).to_bytes(256, "big")


class Client:
    """A client's side, step by step."""

    def __init__(self) -> None:
        self.exchange = Exchange(DC, KEY)
        self.nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        self.new_nonce = os.urandom(32)

    def ask(self, request: Any) -> Any:
        return read(bytes(self.exchange.answer(read(bytes(request)), time.time())))

    def begin(self, kind: type = functions.ReqPqMultiRequest) -> Any:
        self.res_pq = self.ask(kind(self.nonce))
        pq = int.from_bytes(self.res_pq.pq, "big")
        self.p, self.q = factors(pq)
        return self.res_pq

    def inner(self, kind: type = types.PQInnerData, **more: Any) -> bytes:
        return bytes(
            kind(
                pq=self.res_pq.pq,
                p=self.p.to_bytes(4, "big"),
                q=self.q.to_bytes(4, "big"),
                nonce=self.nonce,
                server_nonce=self.res_pq.server_nonce,
                new_nonce=int.from_bytes(self.new_nonce, "little", signed=True),
                **more,
            )
        )

    def offer(self, encrypted: bytes, fingerprint: int = KEY.fingerprint) -> Any:
        request = functions.ReqDHParamsRequest(
            nonce=self.nonce,
            server_nonce=self.res_pq.server_nonce,
            p=self.p.to_bytes(4, "big"),
            q=self.q.to_bytes(4, "big"),
            public_key_fingerprint=fingerprint,
            encrypted_data=encrypted,
        )
        answer = self.ask(request)
        server = self.res_pq.server_nonce.to_bytes(16, "little", signed=True)
        middle = sha1(server + self.new_nonce)
        key = sha1(self.new_nonce + server) + middle[:12]
        iv = middle[12:] + sha1(self.new_nonce * 2) + self.new_nonce[:4]
        self.aes = key, iv
        plain = aes_ige_decrypt(answer.encrypted_answer, *self.aes)
        inner, size = read_with_size(plain[20:])
        assert sha1(plain[20 : 20 + size]) == plain[:20]
        return inner

    def finish(self, g_b: int) -> Any:
        inner = types.ClientDHInnerData(
            nonce=self.nonce,
            server_nonce=self.res_pq.server_nonce,
            retry_id=0,
            g_b=g_b.to_bytes(256, "big"),
        )
        plain = sha1(bytes(inner)) + bytes(inner)
        plain += os.urandom(-len(plain) % 16)
        return self.ask(
            functions.SetClientDHParamsRequest(
                nonce=self.nonce,
                server_nonce=self.res_pq.server_nonce,
                encrypted_data=aes_ige_encrypt(plain, *self.aes),
            )
        )


def factors(pq: int) -> tuple[int, int]:
    """Pollard's rho: the factors of a product of two primes, the smaller first."""
    for c in range(1, 20):
        x = y = 2
        while True:
            x = (x * x + c) % pq
            y = (y * y + c) % pq
            y = (y * y + c) % pq
            if (d := gcd(abs(x - y), pq)) != 1:
                break
        if d != pq:
            return min(d, pq // d), max(d, pq // d)
    raise AssertionError("no factors")


INNERS = [
    (types.PQInnerData, {}),
    (types.PQInnerDataDc, {"dc": DC}),
    (types.PQInnerDataDc, {"dc": -DC}),
    (types.PQInnerDataTemp, {"expires_in": 60}),
    (types.PQInnerDataTempDc, {"dc": 10000 + DC, "expires_in": 60}),
]


@pytest.mark.parametrize("encrypt", [rsa_old, rsa_pad])
@pytest.mark.parametrize(("kind", "more"), INNERS)
def test_every_form_of_the_first_secret(encrypt, kind, more):
    client = Client()
    client.begin()
    inner = client.offer(encrypt(client.inner(kind, **more)))
    assert int.from_bytes(inner.dh_prime, "big") == DH_PRIME
    assert inner.g == 3
    b = int.from_bytes(os.urandom(256), "big")
    answer = client.finish(pow(3, b, DH_PRIME))
    key = pow(int.from_bytes(inner.g_a, "big"), b, DH_PRIME).to_bytes(256, "big")
    assert isinstance(answer, types.DhGenOk)
    digest = sha1(client.new_nonce + b"\x01" + sha1(key)[:8])[4:]
    assert answer.new_nonce_hash1.to_bytes(16, "little", signed=True) == digest
    assert client.exchange.result.key == key
    assert client.exchange.result.lifetime == more.get("expires_in")


@pytest.mark.parametrize("kind", [functions.ReqPqRequest, functions.ReqPqMultiRequest])
def test_the_factors_are_small_and_the_fingerprint_is_known(kind):
    client = Client()
    answer = client.begin(kind)
    assert len(answer.pq) == 8
    assert 2**30 < client.p <= client.q < 2**31
    assert answer.server_public_key_fingerprints == [KEY.fingerprint]


def test_another_data_centre_is_told_apart():
    client = Client()
    client.begin()
    with pytest.raises(WrongDcError):
        client.offer(rsa_pad(client.inner(types.PQInnerDataDc, dc=DC + 1)))


def test_wrong_factors_are_refused():
    client = Client()
    client.begin()
    client.p += 1
    with pytest.raises(ExchangeError):
        client.offer(rsa_pad(client.inner()))


def test_another_key_is_refused():
    client = Client()
    client.begin()
    with pytest.raises(ExchangeError):
        client.offer(rsa_pad(client.inner()), fingerprint=DC_KEYS[1].fingerprint)


def test_rubbish_instead_of_a_secret_is_refused():
    client = Client()
    client.begin()
    with pytest.raises(ExchangeError):
        client.offer(os.urandom(255).rjust(256, b"\0"))


@pytest.mark.parametrize("g_b", [0, 1, DH_PRIME - 1, 2**1000])
def test_weak_public_values_are_refused(g_b):
    client = Client()
    client.begin()
    client.offer(rsa_pad(client.inner()))
    with pytest.raises(ExchangeError):
        client.finish(g_b)
    assert client.exchange.result is None


def test_steps_out_of_order_are_refused():
    client = Client()
    client.begin()
    client.aes = bytes(32), bytes(32)
    with pytest.raises(ExchangeError):
        client.finish(pow(3, 12345, DH_PRIME))


def test_nonces_of_another_conversation_are_refused():
    client = Client()
    client.begin()
    client.nonce += 1
    with pytest.raises(ExchangeError):
        client.offer(rsa_pad(client.inner()))


def test_the_published_key_is_the_one_that_decrypts():
    number = int.from_bytes(os.urandom(255), "big")
    cipher = pow(number, 65537, KEY.n).to_bytes(256, "big")
    assert int.from_bytes(KEY.decrypt(cipher), "big") == number
    assert KEY.public_pem().startswith("-----BEGIN RSA PUBLIC KEY-----\nMIIB")
    assert len({key.n for key in DC_KEYS.values()}) == 5

"""How a client without an authorisation key gets one: the client's side, no I/O, no clock.

    us                                          server
    req_pq_multi(nonce)                 ->
                                        <-      resPQ(server_nonce, pq = p * q, RSA keys)
    req_DH_params(p, q, RSA(new_nonce)) ->          which only the server can read
                                        <-      server_DH_params_ok(AES(g, dh_prime, g_a))
    set_client_DH_params(AES(g_b))      ->
                                        <-      dh_gen_ok(hash of new_nonce and the key)

Both then hold g_ab [/mtproto/auth_key]; what has to be checked: [/mtproto/security_guidelines].

The arithmetic takes up to a tenth of a second (pq into its factors, two powers of 2048 bits), in
which an event loop would serve nobody: `begin` and `answer` are for another thread. The power that
needs nothing of the server's is made in `prepare`, while the first answer is on its way.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha1
from hmac import compare_digest
from math import gcd
from typing import Final

import cryptg

from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.schema import MalformedError

# RSA of data with its hash and padding, for the server key with a fingerprint; None without it.
Encrypt = Callable[[int, bytes], bytes | None]

# Telegram's servers use this prime, checked by its clients' authors once and for all. For another
# one everybody would have to find out whether it is safe, which takes seconds.
PRIME: Final = int(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F"
    "48198A0AA7C14058229493D22530F4DBFA336F6E0AC925139543AED44CCE7C37"
    "20FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64"
    "2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4"
    "A4A695811051907E162753B56B0F6B410DBA74D8A84B2A14B3144E0EF1284754"
    "FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4"
    "E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F"
    "0D8115F635B105EE2E4E15D04B2454BF6F4FADF034B10403119CD8E3B92FCC5B",
    16,
)

# What the servers use with it.
GENERATOR: Final = 3

_KEY: Final = 256
_NONCE: Final = 16
_BLOCK: Final = 16
_HASH: Final = 20

# Public values nearer than this to 0 or to the prime are refused.
_MARGIN: Final = 1 << (2048 - 64)

# pq is below 2^63, so its smaller factor below 2^32.
_MOST_PQ: Final = 1 << 63

# Differences multiplied before a common divisor is looked for, which costs as much as many of them.
_TOGETHER: Final = 256

_UINT: Final = struct.Struct("<I")
_INT: Final = struct.Struct("<i")
_LONG: Final = struct.Struct("<q")


@dataclass(frozen=True, slots=True)
class NewKey:
    """The outcome: the key of 256 bytes, and the first salt."""

    key: bytes = field(repr=False)
    salt: int = field(repr=False)


class KeyExchange:
    """One exchange: send what `begin` gives, and what `answer` gives until that is the key.

    What is sent and heard are serialised objects, without the head of a plain message.
    """

    def __init__(self, encrypt: Encrypt) -> None:
        self._encrypt = encrypt
        self._nonce = os.urandom(_NONCE)
        self._new_nonce = os.urandom(2 * _NONCE)
        self._server_nonce = b""
        self._secret = 0
        self._key = b""
        self._next: Callable[[_Reader], bytes | NewKey] = self._factors

    def begin(self) -> bytes:
        """The first request."""
        return _UINT.pack(schema.REQ_PQ_MULTI) + self._nonce

    def prepare(self) -> None:
        """Does what can be done before there is an answer; some hundredths of a second."""
        self._secret = int.from_bytes(os.urandom(_KEY))
        self._public = pow(GENERATOR, self._secret, PRIME)

    def answer(self, heard: memoryview) -> bytes | NewKey:
        """The next request, or the key. Raises MalformedError where the exchange has failed."""
        return self._next(_Reader(heard))

    def _factors(self, heard: _Reader) -> bytes:
        """resPQ to req_DH_params."""
        heard.expect(schema.RES_PQ)
        heard.expect_bytes(self._nonce)
        self._server_nonce = heard.raw(_NONCE)
        pq = int.from_bytes(heard.string())
        p, q = factors(pq)
        names = schema.serialised(_bytes(p)) + schema.serialised(_bytes(q))
        inner = _UINT.pack(schema.P_Q_INNER_DATA) + schema.serialised(_bytes(pq)) + names
        inner += self._nonce + self._server_nonce + self._new_nonce
        for fingerprint in heard.longs():
            encrypted = self._encrypt(fingerprint, inner)
            if encrypted is not None:
                self._next = self._agree
                head = self._head(schema.REQ_DH_PARAMS) + names + _LONG.pack(fingerprint)
                return head + schema.serialised(encrypted)
        raise MalformedError("the server has none of the RSA keys that are known")

    def _agree(self, heard: _Reader) -> bytes:
        """server_DH_params_ok to set_client_DH_params."""
        self._expect(heard, schema.SERVER_DH_PARAMS_OK)
        key, iv = self._temporary()
        inner = self._inner(_decrypted(heard.string(), key, iv))
        if not self._secret:
            self.prepare()
        self._key = pow(inner, self._secret, PRIME).to_bytes(_KEY)
        said = self._head(schema.CLIENT_DH_INNER_DATA) + _LONG.pack(0)
        said += schema.serialised(_bytes(self._public))
        said = _sha1(said) + said
        said += os.urandom(-len(said) % _BLOCK)
        self._next = self._agreed
        encrypted = schema.serialised(cryptg.encrypt_ige(said, key, iv))
        return self._head(schema.SET_CLIENT_DH_PARAMS) + encrypted

    def _inner(self, plain: bytes) -> int:
        """g_a out of server_DH_inner_data behind its hash."""
        heard = _Reader(memoryview(plain)[_HASH:])
        heard.expect(schema.SERVER_DH_INNER_DATA)
        heard.expect_bytes(self._nonce)
        heard.expect_bytes(self._server_nonce)
        generator, prime = heard.number(), int.from_bytes(heard.string())
        public = int.from_bytes(heard.string())
        heard.number()
        if not compare_digest(_sha1(plain[_HASH : _HASH + heard.at]), plain[:_HASH]):
            raise MalformedError("a key exchange that was tampered with")
        if (generator, prime) != (GENERATOR, PRIME):
            raise MalformedError("another prime than Telegram's")
        if not _MARGIN <= public <= PRIME - _MARGIN:
            raise MalformedError("a public value that would give a weak key")
        return public

    def _agreed(self, heard: _Reader) -> NewKey:
        """dh_gen_ok."""
        self._expect(heard, schema.DH_GEN_OK)
        hashed = _sha1(self._new_nonce + b"\x01" + _sha1(self._key)[:8])
        heard.expect_bytes(hashed[-_NONCE:])
        both = zip(self._new_nonce[:8], self._server_nonce[:8], strict=True)
        salt = bytes(one ^ other for one, other in both)
        return NewKey(self._key, int.from_bytes(salt, "little", signed=True))

    def _head(self, kind: int) -> bytes:
        return _UINT.pack(kind) + self._nonce + self._server_nonce

    def _expect(self, heard: _Reader, kind: int) -> None:
        heard.expect(kind)
        heard.expect_bytes(self._nonce)
        heard.expect_bytes(self._server_nonce)

    def _temporary(self) -> tuple[bytes, bytes]:
        """AES key and vector of the exchange itself."""
        new, server = self._new_nonce, self._server_nonce
        middle = _sha1(server + new)
        key = _sha1(new + server) + middle[:12]
        return key, middle[12:] + _sha1(new + new) + new[:4]


class _Reader:
    """Goes through a serialised object. Everything raises MalformedError where it does not fit."""

    def __init__(self, body: memoryview) -> None:
        self._body = body
        self.at = 0

    def raw(self, size: int) -> bytes:
        """So many bytes."""
        found = bytes(self._body[self.at : self.at + size])
        if len(found) < size:
            raise MalformedError("a body that is too short")
        self.at += size
        return found

    def expect(self, kind: int) -> None:
        """The constructor must be this one."""
        if self.raw(_UINT.size) != _UINT.pack(kind):
            raise MalformedError("the key exchange took another turn")

    def expect_bytes(self, wanted: bytes) -> None:
        """These must come."""
        if not compare_digest(self.raw(len(wanted)), wanted):
            raise MalformedError("a key exchange that is not ours")

    def number(self) -> int:
        """An int."""
        (found,) = _INT.unpack(self.raw(_INT.size))
        return int(found)

    def string(self) -> bytes:
        """A string of bytes, and what fills it up."""
        found = bytes(schema.byte_string(self._body, self.at))
        self.at += len(schema.serialised(found))
        return found

    def longs(self) -> tuple[int, ...]:
        """The vector of longs that ends the object."""
        return schema.longs(self._body, self.at)


def factors(pq: int) -> tuple[int, int]:
    """The two primes of `pq`, the smaller first: Pollard's rho as Brent has improved it.

    Raises MalformedError for a number that is none of that kind.
    """
    if not 3 < pq < _MOST_PQ or pq % 2 == 0:
        raise MalformedError("a number that cannot be the product of two primes")
    for _ in range(_TOGETHER):
        found = _divisor(pq, random.randrange(1, pq), random.randrange(2, pq))  # noqa: S311
        if found not in (1, pq):
            return min(found, pq // found), max(found, pq // found)
    raise MalformedError("a number that cannot be the product of two primes")


def _divisor(number: int, step: int, start: int) -> int:
    """One divisor of `number`, or `number` itself: then another walk has to be tried."""
    y, length, found = start, 1, 1
    x = before = y
    while found == 1:
        x = y
        for _ in range(length):
            y = (y * y + step) % number
        done = 0
        while done < length and found == 1:
            before, product = y, 1
            for _ in range(min(_TOGETHER, length - done)):
                y = (y * y + step) % number
                product = product * (x - y) % number
            found = gcd(product, number)
            done += _TOGETHER
        length *= 2
        if length > 1 << 20:
            return number  # a prime, or no walk that ends
    if found == number:  # both at once: once more, one by one
        found, y = 1, before
        while found == 1:
            y = (y * y + step) % number
            found = gcd(x - y, number)
    return found


def _sha1(data: bytes) -> bytes:
    """The protocol wants it."""
    return sha1(data, usedforsecurity=False).digest()


def _bytes(number: int) -> bytes:
    """Big-endian, as short as it may be."""
    return number.to_bytes((number.bit_length() + 7) // 8)


def _decrypted(data: bytes, key: bytes, iv: bytes) -> bytes:
    if not data or len(data) % _BLOCK:
        raise MalformedError("a key exchange of broken blocks")
    plain: bytes = cryptg.decrypt_ige(data, key, iv)
    return plain

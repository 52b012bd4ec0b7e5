"""The server's side of MTProto's key exchange: how a client without a key gets one.

    client                                 server
    req_pq_multi(nonce)                ->
                                       <-  resPQ(server_nonce, pq = p * q, key fingerprints)
    req_DH_params(RSA(p, q, new_nonce)) ->
                                       <-  server_DH_params_ok(AES(g, dh_prime, g_a))
    set_client_DH_params(AES(g_b))     ->
                                       <-  dh_gen_ok

Both then hold g_ab, the authorisation key of 256 bytes. See
https://core.telegram.org/mtproto/auth_key. The RSA part is accepted in both forms that clients use:
the old one, SHA-1 then data then padding, and RSA_PAD.

One `Exchange` serves one connection. No sockets here; time comes in from outside.
"""

import hashlib
import os
import random
from dataclasses import dataclass
from typing import Any

from telethon.tl import functions, types

from tgfake.crypto import aes_ige_decrypt, aes_ige_encrypt, sha1
from tgfake.keys import RsaKey
from tgfake.tl import TlError, read_with_size

DH_PRIME = int(
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
"""The prime that Telegram's servers use; some clients accept no other."""
GENERATOR = 3
_MARGIN = 1 << (2048 - 64)
"""Public values closer than this to 0 or to the prime are refused (security guidelines)."""
_FACTOR_BITS = 31
"""Factors below 2**31: four bytes each, and a product that fits a signed long."""
_SECRET_BYTES = 32
"""Telegram's has 256, whose powers take eight times as long: while they are made nobody is served,
and what depends on that would look like a fault of the client's."""
_INNER_DATA = (
    types.PQInnerData,
    types.PQInnerDataDc,
    types.PQInnerDataTemp,
    types.PQInnerDataTempDc,
)


class ExchangeError(Exception):
    """A step that does not fit the exchange; Telegram answers it with the transport error -404."""


class WrongDcError(ExchangeError):
    """The client believes to speak with another data centre: transport error -444."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """The outcome of an exchange."""

    key: bytes
    salt: int
    """The first server salt, signed."""
    lifetime: int | None
    """Seconds a temporary key lives; None for a permanent one."""


class Exchange:
    """The conversation about one key; `result` is set when it has been agreed on."""

    def __init__(self, dc: int, rsa_key: RsaKey) -> None:
        self._dc = dc
        self._rsa = rsa_key
        self._nonce = 0
        self._server_nonce = 0
        self._pq = 0
        self._new_nonce = b""
        self._secret = 0
        self._lifetime: int | None = None
        self.result: NewKey | None = None

    def answer(self, request: Any, now: float) -> Any:
        """The TL object that answers `request`; raises ExchangeError."""
        if isinstance(request, functions.ReqPqRequest | functions.ReqPqMultiRequest):
            return self._begin(request)
        if request.nonce != self._nonce or request.server_nonce != self._server_nonce:
            raise ExchangeError("nonces do not match")
        if isinstance(request, functions.ReqDHParamsRequest):
            return self._offer(request, now)
        if isinstance(request, functions.SetClientDHParamsRequest):
            return self._finish(request)
        raise ExchangeError(f"{type(request).__name__} outside a session")

    def _begin(self, request: Any) -> Any:
        self._nonce = request.nonce
        self._server_nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        self._pq = _random_prime() * _random_prime()
        return types.ResPQ(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            pq=self._pq.to_bytes(8, "big"),
            server_public_key_fingerprints=[self._rsa.fingerprint],
        )

    def _offer(self, request: Any, now: float) -> Any:
        if request.public_key_fingerprint != self._rsa.fingerprint:
            raise ExchangeError("encrypted to a key that is not ours")
        inner = _read_inner(self._rsa.decrypt(request.encrypted_data))
        self._check_inner(inner)
        self._new_nonce = inner.new_nonce.to_bytes(32, "little", signed=True)
        self._lifetime = getattr(inner, "expires_in", None)
        self._secret, public = _key_pair()
        plain = bytes(
            types.ServerDHInnerData(
                nonce=self._nonce,
                server_nonce=self._server_nonce,
                g=GENERATOR,
                dh_prime=DH_PRIME.to_bytes(256, "big"),
                g_a=public.to_bytes(256, "big"),
                server_time=int(now),
            )
        )
        plain = sha1(plain) + plain
        plain += os.urandom(-len(plain) % 16)
        return types.ServerDHParamsOk(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            encrypted_answer=aes_ige_encrypt(plain, *self._aes()),
        )

    def _check_inner(self, inner: Any) -> None:
        if inner.nonce != self._nonce or inner.server_nonce != self._server_nonce:
            raise ExchangeError("nonces do not match")
        p, q = int.from_bytes(inner.p, "big"), int.from_bytes(inner.q, "big")
        if p * q != self._pq or p in (1, self._pq):
            raise ExchangeError("pq is not p times q")
        # A media address is named by the negative number, a test server by 10000 more.
        if hasattr(inner, "dc") and abs(inner.dc) % 10000 != self._dc:
            raise WrongDcError(f"meant for DC {inner.dc}")

    def _aes(self) -> tuple[bytes, bytes]:
        server = self._server_nonce.to_bytes(16, "little", signed=True)
        new = self._new_nonce
        middle = sha1(server + new)
        return sha1(new + server) + middle[:12], middle[12:] + sha1(new + new) + new[:4]

    def _finish(self, request: Any) -> Any:
        if not self._new_nonce:
            raise ExchangeError("req_DH_params comes first")
        if not request.encrypted_data or len(request.encrypted_data) % 16:
            raise ExchangeError("not whole AES blocks")
        plain = aes_ige_decrypt(request.encrypted_data, *self._aes())
        inner = _hashed(plain)
        if not isinstance(inner, types.ClientDHInnerData):
            raise ExchangeError("not client_DH_inner_data")
        public = int.from_bytes(inner.g_b, "big")
        if not _MARGIN <= public <= DH_PRIME - _MARGIN:
            raise ExchangeError("g_b is out of range")
        key = pow(public, self._secret, DH_PRIME).to_bytes(256, "big")
        server = self._server_nonce.to_bytes(16, "little", signed=True)
        salt = bytes(a ^ b for a, b in zip(self._new_nonce[:8], server[:8], strict=True))
        self.result = NewKey(key, int.from_bytes(salt, "little", signed=True), self._lifetime)
        digest = sha1(self._new_nonce + b"\x01" + sha1(key)[:8])[4:]
        return types.DhGenOk(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            new_nonce_hash1=int.from_bytes(digest, "little", signed=True),
        )


def _hashed(data: bytes) -> Any:
    """The object in `data`, which is SHA-1, object, padding; raises ExchangeError."""
    try:
        found, size = read_with_size(data[20:])
    except TlError as e:
        raise ExchangeError("no TL object inside") from e
    if sha1(data[20 : 20 + size]) != data[:20]:
        raise ExchangeError("SHA-1 does not match")
    return found


def _read_inner(block: bytes) -> Any:
    """p_q_inner_data from a decrypted RSA block of 256 bytes, in either form."""
    padded = _remove_rsa_pad(block)
    try:
        inner = _hashed(block[1:]) if padded is None else read_with_size(padded)[0]
    except TlError as e:
        raise ExchangeError("no TL object inside") from e
    if not isinstance(inner, _INNER_DATA):
        raise ExchangeError("not p_q_inner_data")
    return inner


def _remove_rsa_pad(block: bytes) -> bytes | None:
    """The padded data of RSA_PAD, or None where the block is not made that way."""
    masked, cipher = block[:32], block[32:]
    key = bytes(a ^ b for a, b in zip(masked, hashlib.sha256(cipher).digest(), strict=True))
    plain = aes_ige_decrypt(cipher, key, bytes(32))
    data = plain[:192][::-1]
    return data if hashlib.sha256(key + data).digest() == plain[192:] else None


def _key_pair() -> tuple[int, int]:
    while True:
        secret = int.from_bytes(os.urandom(_SECRET_BYTES), "big")
        public = pow(GENERATOR, secret, DH_PRIME)
        if _MARGIN <= public <= DH_PRIME - _MARGIN:
            return secret, public


def _is_prime(number: int) -> bool:
    """Miller-Rabin; these four bases are exact below 3,215,031,751."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7):
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        if not any(pow(power, 1 << r, number) == number - 1 for r in range(1, twos)):
            return False
    return True


def _random_prime() -> int:
    while True:
        candidate = random.SystemRandom().getrandbits(_FACTOR_BITS) | (1 << (_FACTOR_BITS - 1)) | 1
        if _is_prime(candidate):
            return candidate

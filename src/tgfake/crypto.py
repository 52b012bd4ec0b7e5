"""MTProto 2.0's encryption of messages, and AES-IGE.

A packet is `auth_key_id (8) | msg_key (16) | AES-IGE(plaintext)`. `msg_key` is the middle of the
SHA-256 over 32 bytes of the authorisation key and the plaintext; from it and the authorisation key
come the AES key and vector. The two directions use different parts of the key: x = 0 from client
to server, x = 8 back. See https://core.telegram.org/mtproto/description.
"""

import hashlib
import hmac
import os

import cryptg

_FROM_CLIENT = 0
_FROM_SERVER = 8
_HEADER = 24
_MIN_PADDING = 12


class DecryptionError(Exception):
    """A packet whose msg_key does not belong to its content."""


def aes_ige_encrypt(plain: bytes, key: bytes, iv: bytes) -> bytes:
    """AES-256 in IGE mode; `plain` is a multiple of 16 bytes."""
    cipher: bytes = cryptg.encrypt_ige(plain, key, iv)
    return cipher


def aes_ige_decrypt(cipher: bytes, key: bytes, iv: bytes) -> bytes:
    """The inverse of `aes_ige_encrypt`."""
    plain: bytes = cryptg.decrypt_ige(cipher, key, iv)
    return plain


def sha1(data: bytes) -> bytes:
    """SHA-1, which the key exchange prescribes."""
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _message_key(auth_key: bytes, plain: bytes, x: int) -> bytes:
    digest = hashlib.sha256(auth_key[88 + x : 120 + x])
    digest.update(plain)
    return digest.digest()[8:24]


def _derive(auth_key: bytes, msg_key: bytes, x: int) -> tuple[bytes, bytes]:
    a = hashlib.sha256(msg_key + auth_key[x : x + 36]).digest()
    b = hashlib.sha256(auth_key[x + 40 : x + 76] + msg_key).digest()
    return a[:8] + b[8:24] + a[24:32], b[:8] + a[8:24] + b[24:32]


def _open(auth_key: bytes, packet: bytes, x: int) -> bytes:
    size = (len(packet) - _HEADER) // 16 * 16  # what is left over is the transport's padding
    if size <= 0:
        raise DecryptionError("packet too short")
    msg_key = packet[8:_HEADER]
    plain = aes_ige_decrypt(packet[_HEADER : _HEADER + size], *_derive(auth_key, msg_key, x))
    if not hmac.compare_digest(msg_key, _message_key(auth_key, plain, x)):
        raise DecryptionError("msg_key does not match")
    return plain


def _seal(auth_key: bytes, key_id: bytes, plain: bytes, x: int) -> bytes:
    padded = plain + os.urandom(_MIN_PADDING + -(len(plain) + _MIN_PADDING) % 16)
    msg_key = _message_key(auth_key, padded, x)
    return key_id + msg_key + aes_ige_encrypt(padded, *_derive(auth_key, msg_key, x))


def open_from_client(auth_key: bytes, packet: bytes) -> bytes:
    """The plaintext, padding included, of a client's packet; raises DecryptionError."""
    return _open(auth_key, packet, _FROM_CLIENT)


def seal_for_client(auth_key: bytes, key_id: bytes, plain: bytes) -> bytes:
    """A packet for the client; `key_id` is the key's id as the wire has it, eight bytes."""
    return _seal(auth_key, key_id, plain, _FROM_SERVER)


def seal_as_client(auth_key: bytes, key_id: bytes, plain: bytes) -> bytes:
    """A packet as a client would make it; for tests that speak raw MTProto."""
    return _seal(auth_key, key_id, plain, _FROM_CLIENT)


def open_as_client(auth_key: bytes, packet: bytes) -> bytes:
    """The plaintext of a server's packet; for tests that speak raw MTProto."""
    return _open(auth_key, packet, _FROM_SERVER)

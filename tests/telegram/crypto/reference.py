"""The same mathematics, written plainly a second time: what the implementations are held against.

IGE is built on pyaes, one block at a time, and is itself checked against Ben Laurie's vectors
(test_fallback.py). It is slow: for large messages the tests take cryptg.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1, sha256
from random import Random

import cryptg
import pyaes

AUTH_KEY = Random("authorisation key").randbytes(256)


def xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def ige_encrypt(plaintext: bytes, key: bytes, iv: bytes) -> bytes:
    aes = pyaes.AES(key)
    ciphertext, before = iv[:16], iv[16:]
    out = b""
    for start in range(0, len(plaintext), 16):
        block = plaintext[start : start + 16]
        ciphertext = xor(bytes(aes.encrypt(list(xor(block, ciphertext)))), before)
        out, before = out + ciphertext, block
    return out


def seal(
    auth_key: bytes,
    message: bytes,
    x: int,
    encrypt: Callable[[bytes, bytes, bytes], bytes] = cryptg.encrypt_ige,
) -> bytes:
    """A frame, step by step as the specification has it; x is 0 from a client, 8 from a server."""
    msg_key_large = sha256(auth_key[88 + x : 88 + x + 32] + message).digest()
    msg_key = msg_key_large[8 : 8 + 16]
    sha256_a = sha256(msg_key + auth_key[x : x + 36]).digest()
    sha256_b = sha256(auth_key[40 + x : 40 + x + 36] + msg_key).digest()
    aes_key = sha256_a[0:8] + sha256_b[8 : 8 + 16] + sha256_a[24 : 24 + 8]
    aes_iv = sha256_b[0:8] + sha256_a[8 : 8 + 16] + sha256_b[24 : 24 + 8]
    return sha1(auth_key).digest()[-8:] + msg_key + encrypt(message, aes_key, aes_iv)

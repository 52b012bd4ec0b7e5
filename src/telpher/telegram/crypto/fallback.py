"""Decryption and hash one after the other: where the extension cannot do both at once.

cryptg, which is always installed, does AES-IGE of bytes into new bytes; hashlib (OpenSSL) has the
best SHA-256 for any processor. cryptg keeps the GIL, and the message is copied twice.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import cryptg

from telpher.telegram.crypto.envelope import Cipher


def in_turn(
    decrypt_ige: Callable[[memoryview, bytes, bytes], None],
) -> Callable[[memoryview, bytes, bytes, bytes], bytes]:
    """`Cipher.decrypt` from a decryption in place."""

    def decrypt(data: memoryview, key: bytes, iv: bytes, prefix: bytes) -> bytes:
        decrypt_ige(data, key, iv)
        digest = sha256(prefix)
        digest.update(data)
        return digest.digest()

    return decrypt


def encrypt_ige(message: bytes, key: bytes, iv: bytes) -> bytes:
    """AES-256-IGE, for every implementation: what telpher sends on its own connection is small."""
    ciphertext: bytes = cryptg.encrypt_ige(message, key, iv)
    return ciphertext


def _decrypt_ige(data: memoryview, key: bytes, iv: bytes) -> None:
    data[:] = cryptg.decrypt_ige(bytes(data), key, iv)


CRYPTG = Cipher("cryptg", encrypt_ige, in_turn(_decrypt_ige))

"""Sessions as they lie in a database or on a disk: unreadable, and noticed when they were changed.

    blob   version (1 byte) | nonce (12 bytes, random) | AES-256-GCM ciphertext and tag

The key is HKDF-SHA-256 of API_HASH (RFC 5869), which has 128 random bits: no slow derivation is
needed. The name a blob is kept under is authenticated with it, so that none can be put in another's
place. A random nonce is good for 2^32 blobs under one key (NIST SP 800-38D, 8.3): a save every five
seconds is 700 years of them.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_PURPOSE = b"telpher sessions 1"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class BrokenSealError(Exception):
    """A blob was sealed with another API_HASH or under another name, was damaged, or is none."""


class Seal:
    """Made from API_HASH; never printed."""

    def __init__(self, secret: str) -> None:
        derivation = HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE)
        self._cipher = AESGCM(derivation.derive(secret.encode()))

    def close(self, name: str, text: str) -> bytes:
        """`text`, sealed to be kept under `name`."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, text.encode(), _bound(name))

    def open(self, name: str, blob: bytes) -> str:
        """What was sealed. Raises BrokenSealError."""
        nonce, rest = blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :]
        if blob[:1] != _VERSION or len(nonce) != _NONCE_BYTES:
            raise BrokenSealError("not sealed by this version of telpher")
        try:
            return self._cipher.decrypt(nonce, rest, _bound(name)).decode()
        except InvalidTag as error:
            raise BrokenSealError("sealed with another API_HASH, or damaged") from error


def _bound(name: str) -> bytes:
    return _VERSION + name.encode()

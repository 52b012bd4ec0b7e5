"""Message encryption of MTProto 2.0, with the best implementation that works on this machine.

    aes-ni+sha-ni  the C extension, decryption and hash in one pass, without the GIL; two messages
                   side by side take little longer than one
    aes-ni         the C extension for the decryption, then hashlib, without the GIL
    cryptg         cryptg, then hashlib: always there

The extension is optional (setup.py), and offers only what the processor can do (_fast.c).
All functions are synchronous and may run in any thread. From 32 KiB on the extension releases the
GIL: a large message is best decrypted away from the event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, Protocol, cast

from telpher.telegram.crypto import envelope, fallback
from telpher.telegram.crypto.envelope import HEADER, Cipher, TamperedError, auth_key_id

__all__ = [
    "HEADER",
    "IMPLEMENTATION",
    "PAIRS",
    "Cipher",
    "Extension",
    "TamperedError",
    "auth_key_id",
    "choose",
    "ciphers",
    "decrypt",
    "decrypt_pair",
    "encrypt",
    "load_extension",
]


class Extension(Protocol):
    """_fast.c; where there is SHA-NI, it also has `decrypt_ige_sha256`, a `Cipher.decrypt`, and
    `decrypt_ige_sha256_pair`, a `Cipher.decrypt_pair`."""

    def decrypt_ige(self, data: memoryview, key: bytes, iv: bytes, /) -> None:
        """Decrypts AES-256-IGE in place."""


def load_extension() -> Extension:
    """Raises ImportError if it was not built, or the processor has no AES-NI."""
    return cast(Extension, import_module("telpher.telegram.crypto._fast"))


def ciphers(load: Callable[[], Extension] = load_extension) -> list[Cipher]:
    """All implementations that work here, the fastest first."""
    try:
        extension = load()
    except ImportError:
        return [fallback.CRYPTG]
    found = [
        Cipher("aes-ni", fallback.encrypt_ige, fallback.in_turn(extension.decrypt_ige)),
        fallback.CRYPTG,
    ]
    fused = getattr(extension, "decrypt_ige_sha256", None)
    if fused is not None:
        pair = getattr(extension, "decrypt_ige_sha256_pair", None)
        found.insert(0, Cipher("aes-ni+sha-ni", fallback.encrypt_ige, fused, pair))
    return found


def choose(load: Callable[[], Extension] = load_extension) -> Cipher:
    """The fastest implementation that works here."""
    return ciphers(load)[0]


_CIPHER: Final = choose()

IMPLEMENTATION: Final = _CIPHER.name
"""What decrypts in this process: for logs and diagnosis."""

PAIRS: Final = _CIPHER.decrypt_pair is not None
"""Whether two messages together take less time than one after the other."""


def decrypt(auth_key: bytes, frame: bytearray | memoryview, *, from_server: bool = True) -> None:
    """Decrypts frame[24:] in place: see `envelope.decrypt`."""
    envelope.decrypt(_CIPHER, auth_key, frame, from_server=from_server)


def decrypt_pair(
    one: tuple[bytes, memoryview], other: tuple[bytes, memoryview]
) -> tuple[bool, bool]:
    """Decrypts two keys' frames in place, whether each is genuine: see `envelope.decrypt_pair`."""
    return envelope.decrypt_pair(_CIPHER, one, other)


def encrypt(
    auth_key: bytes, message: bytes | bytearray | memoryview, *, from_client: bool = True
) -> bytes:
    """The whole frame for a padded plaintext: see `envelope.encrypt`."""
    return envelope.encrypt(_CIPHER, auth_key, message, from_client=from_client)

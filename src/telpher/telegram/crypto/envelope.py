"""The encrypted envelope of MTProto 2.0 messages.

    frame      auth_key_id (8) | msg_key (16) | ciphertext, whole blocks of 16
    plaintext  salt (8) | session_id (8) | msg_id (8) | seq_no (4) | length (4) | message | padding

Both sides hold one authorisation key of 256 bytes. Each takes its secrets from another part of it,
so that a message cannot be sent back to whom it came from: x = 0 from client to server, 8 back.

    msg_key   the middle 16 bytes of SHA-256(auth_key[88+x : 120+x] + plaintext)
    a, b      SHA-256(msg_key + auth_key[x : 36+x]), SHA-256(auth_key[40+x : 76+x] + msg_key)
    aes_key   a[:8] + b[8:24] + a[24:]
    aes_iv    b[:8] + a[8:24] + b[24:]
    ciphertext = AES-256-IGE(plaintext, aes_key, aes_iv)

So msg_key is an authentication code as well as the seed of the key, and it is one over the
PLAINTEXT, padding included: it can only be checked after the decryption, and until then not a byte
of the message means anything. `decrypt` therefore gives back a genuine message or zeros, never
something between. What is inside (salt, session, time, duplicates) is the connection's to check.

Source: core.telegram.org/mtproto/description and core.telegram.org/mtproto/security_guidelines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1, sha256
from hmac import compare_digest
from typing import Final

KEY_SIZE: Final = 256
HEADER: Final = 24  # auth_key_id and msg_key
_MSG_KEY: Final = slice(8, 24)  # its place in the frame, and also what a digest gives of itself
_BLOCK: Final = 16
_LEAST: Final = 32  # the fields before the message
_FROM_CLIENT: Final = 0
_FROM_SERVER: Final = 8

# Ciphertext, key, iv and prefix: what `Cipher.decrypt` takes.
Work = tuple[memoryview, bytes, bytes, bytes]


class TamperedError(ValueError):
    """The message was not made with this key, or was changed on its way."""

    def __init__(self) -> None:
        super().__init__("the message does not match its msg_key")


@dataclass(frozen=True, slots=True)
class Cipher:
    """One way to do the two heavy steps; `name` is for logs and diagnosis.

    `encrypt(message, key, iv)` is AES-256-IGE. `decrypt(data, key, iv, prefix)` is its inverse, in
    place, and returns SHA-256(prefix + what is now in data); key, iv and prefix are 32 bytes each.
    `decrypt_pair(work, work)` does two such messages in little more than the time of one; None
    where they would take the time of both.
    """

    name: str
    encrypt: Callable[[bytes, bytes, bytes], bytes]
    decrypt: Callable[[memoryview, bytes, bytes, bytes], bytes]
    decrypt_pair: Callable[[Work, Work], tuple[bytes, bytes]] | None = None


def auth_key_id(auth_key: bytes) -> bytes:
    """The 8 bytes that say at the head of a frame which key it is for."""
    return sha1(auth_key, usedforsecurity=False).digest()[12:]


def encrypt(
    cipher: Cipher,
    auth_key: bytes,
    message: bytes | bytearray | memoryview,
    *,
    from_client: bool = True,
) -> bytes:
    """The frame for `message`, a plaintext that has its padding already.

    Raises ValueError if the key is not 256 bytes, or the message not whole blocks of 16 bytes.
    """
    side = _FROM_CLIENT if from_client else _FROM_SERVER
    plaintext = bytes(message)
    _check_sizes(auth_key, len(plaintext))
    msg_key = sha256(_hashed_part(auth_key, side) + plaintext).digest()[_MSG_KEY]
    aes_key, aes_iv = _derive(auth_key, msg_key, side)
    return auth_key_id(auth_key) + msg_key + cipher.encrypt(plaintext, aes_key, aes_iv)


def decrypt(
    cipher: Cipher, auth_key: bytes, frame: bytearray | memoryview, *, from_server: bool = True
) -> None:
    """Decrypts frame[24:] in place; the frame stays pinned meanwhile, and nobody else may use it.

    The auth_key_id is not looked at: by it the caller chose the key (`auth_key_id`).

    Raises TypeError if the frame is not writable, ValueError if it or the key has a wrong length,
    both before anything is touched; TamperedError after the whole frame has been set to zeros.
    """
    side = _FROM_SERVER if from_server else _FROM_CLIENT
    with _opening(auth_key, frame, side) as opening:
        if not opening.accept(cipher.decrypt(*opening.work)):
            raise TamperedError


def decrypt_pair(
    cipher: Cipher, one: tuple[bytes, memoryview], other: tuple[bytes, memoryview]
) -> tuple[bool, bool]:
    """`decrypt` of two keys' frames from a server, together: whether each is genuine.

    One that is not has been set to zeros, and says nothing of the other. Raises TypeError and
    ValueError like `decrypt`, before anything of either is touched.
    """
    with _opening(*one, _FROM_SERVER) as first, _opening(*other, _FROM_SERVER) as second:
        if cipher.decrypt_pair is None:
            digests = cipher.decrypt(*first.work), cipher.decrypt(*second.work)
        else:
            digests = cipher.decrypt_pair(first.work, second.work)
        return first.accept(digests[0]), second.accept(digests[1])


@dataclass(slots=True)
class _Opening:
    """A frame that is being decrypted."""

    frame: memoryview
    msg_key: bytes
    work: Work

    def accept(self, digest: bytes) -> bool:
        """Whether what has been decrypted is genuine; if not, it is made zeros."""
        if compare_digest(digest[_MSG_KEY], self.msg_key):
            return True
        self.frame[:] = bytes(len(self.frame))
        return False


@contextmanager
def _opening(auth_key: bytes, frame: bytearray | memoryview, side: int) -> Iterator[_Opening]:
    """Pins the frame. Raises TypeError and ValueError."""
    with memoryview(frame) as given, given.cast("B") as whole, whole[HEADER:] as body:
        if whole.readonly:
            raise TypeError("a frame is decrypted in place and must be writable")
        _check_sizes(auth_key, len(whole) - HEADER)
        msg_key = bytes(whole[_MSG_KEY])
        aes_key, aes_iv = _derive(auth_key, msg_key, side)
        yield _Opening(whole, msg_key, (body, aes_key, aes_iv, _hashed_part(auth_key, side)))


def _check_sizes(auth_key: bytes, plaintext: int) -> None:
    if len(auth_key) != KEY_SIZE:
        raise ValueError(f"an authorisation key has {KEY_SIZE} bytes, not {len(auth_key)}")
    if plaintext < _LEAST or plaintext % _BLOCK:
        raise ValueError(f"a message cannot have {plaintext} bytes: {_LEAST} or more, by {_BLOCK}")


def _hashed_part(auth_key: bytes, side: int) -> bytes:
    return auth_key[88 + side : 120 + side]


def _derive(auth_key: bytes, msg_key: bytes, side: int) -> tuple[bytes, bytes]:
    a = sha256(msg_key + auth_key[side : 36 + side]).digest()
    b = sha256(auth_key[40 + side : 76 + side] + msg_key).digest()
    return a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:]

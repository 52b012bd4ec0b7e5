"""Signed links: the value of `?k=` (rules 3 to 5), made and verified.

    byte  0        version, 1
          1 ..  4  key epoch: all links of an older epoch are revoked at once
          5 ..  9  expiry in Unix seconds, 0 for never
         10 .. 17  link id, by which one link is revoked and counted
         18 .. 33  the first 128 bits of HMAC-SHA256(secret, label | bytes 0 .. 17 | chat | message)

34 bytes, big-endian, as 46 characters of base64url without padding. Chat and message stand in the
URL's path already and are only signed. The label and the fixed widths keep the signed text apart
from anything else signed with the same secret, and from any other split of the same bytes.

One set of claims has one key. 46 characters hold 276 bits, 4 more than needed: where these are not
zero, the key is refused, or each link would have 16 spellings and a cache or a revocation list that
goes by the key could be passed by.

Nothing is looked up and nothing in the claims is believed before the tag was compared, in constant
time. Whoever does not hold the secret learns one thing: no.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from typing import NamedTuple

from telpher.core.model import MessageRef
from telpher.errors import BadSignatureError, GoneError, LinkExpiredError

_VERSION = 1
_LABEL = b"telpher link 1\0"
_TAG_BYTES = 16

# version, epoch, expiry's upper byte and lower four, link id: struct has no number of five bytes.
_CLAIMS = struct.Struct(">BIBIQ")
_PLACE = struct.Struct(">qq")

_KEY = re.compile(r"[A-Za-z0-9_-]{46}")

_MAX_EPOCH = (1 << 32) - 1
_MAX_EXPIRES = (1 << 40) - 1  # the year 36812
_MAX_LINK_ID = (1 << 64) - 1
_INT64 = range(-(1 << 63), 1 << 63)

# RFC 2104 wants no less than half the digest; shorter than this is a mistake in the wiring.
_MIN_SECRET = 16


@dataclass(frozen=True, slots=True)
class Claims:
    """What a link says. `expires` is in Unix seconds, 0 for never. `signed` is False where nobody
    vouches for it: such a link may name a message that never was.

    Raises ValueError for a number that does not fit into a key.
    """

    ref: MessageRef
    link_id: int
    expires: int
    epoch: int
    signed: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.link_id <= _MAX_LINK_ID:
            raise ValueError("a link id has 64 bits")
        if not 0 <= self.expires <= _MAX_EXPIRES:
            raise ValueError("an expiry has 40 bits")
        if not 0 <= self.epoch <= _MAX_EPOCH:
            raise ValueError("an epoch has 32 bits")


def unsigned(ref: MessageRef) -> Claims:
    """What a link without a signature says (OPEN_LINKS).

    Its id is the message's own, so that plays of two files are two; nobody made it, so it can be
    neither revoked nor counted to anybody. Raises ValueError for ids of more than 64 bits.
    """
    if not _fits(ref):
        raise ValueError("chat and message ids have 64 bits")
    place = _PLACE.pack(ref.chat_id, ref.message_id)
    digest = hashlib.blake2b(place, digest_size=8, person=b"telpher open 1").digest()
    return Claims(ref, int.from_bytes(digest) >> 1 or 1, expires=0, epoch=0, signed=False)


def derive_secret(text: str, purpose: str = "link secret 1") -> bytes:
    """32 bytes that sign links, or are for what else `purpose` names; from LINK_SECRET or, where
    that is not set, from the bot's token.

    HKDF (RFC 5869) with SHA-256: what is derived under this label tells nothing of the text, nor of
    what is derived from it for another purpose. Raises ValueError when `text` is empty.
    """
    if not text:
        raise ValueError("a secret cannot be derived from nothing")
    extracted = hmac.digest(b"telpher", text.encode(errors="surrogateescape"), "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")


class LinkSigner:
    """Signs and verifies with one secret of at least 16 bytes; it is never shown."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _MIN_SECRET:
            raise ValueError(f"a secret has at least {_MIN_SECRET} bytes")
        self._secret = secret

    def sign(self, claims: Claims) -> str:
        """The key of a link. Raises ValueError for a chat or message id of more than 64 bits."""
        if not _fits(claims.ref):
            raise ValueError("chat and message ids have 64 bits")
        high, low = divmod(claims.expires, 1 << 32)
        body = _CLAIMS.pack(_VERSION, claims.epoch, high, low, claims.link_id)
        return _encode(body + self._tag(body, claims.ref))

    def verify(self, ref: MessageRef, key: str | None, now: float, epoch: int) -> Claims:
        """The claims of a key that was signed for `ref`.

        `now` is in Unix seconds, `epoch` the one in force. Raises BadSignatureError for a key that
        is missing, malformed or not signed for `ref`; for one that is, GoneError when its epoch is
        another, LinkExpiredError from the second of its expiry on.
        """
        raw = _decode(key)
        if raw is None or not _fits(ref):
            raise BadSignatureError("no signature, or a malformed one")
        body, tag = raw[: _CLAIMS.size], raw[_CLAIMS.size :]
        if not hmac.compare_digest(tag, self._tag(body, ref)):
            raise BadSignatureError("the signature is wrong")
        fields = _Fields._make(_CLAIMS.unpack(body))
        if fields.version != _VERSION:
            raise BadSignatureError("a version that this program does not know")
        if fields.epoch != epoch:
            raise GoneError("the link is of another key epoch")
        if fields.expires and now >= fields.expires:
            raise LinkExpiredError("the link has expired")
        return Claims(ref, fields.link_id, fields.expires, fields.epoch)

    def _tag(self, body: bytes, ref: MessageRef) -> bytes:
        message = _LABEL + body + _PLACE.pack(ref.chat_id, ref.message_id)
        return hmac.digest(self._secret, message, "sha256")[:_TAG_BYTES]


class _Fields(NamedTuple):
    """The claims as packed."""

    version: int
    epoch: int
    expires_high: int
    expires_low: int
    link_id: int

    @property
    def expires(self) -> int:
        return self.expires_high << 32 | self.expires_low


def _fits(ref: MessageRef) -> bool:
    """Whether the ids have at most 64 bits: those of a path may have any number of digits."""
    return ref.chat_id in _INT64 and ref.message_id in _INT64


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(key: str | None) -> bytes | None:
    """The 34 bytes of a key in its one right spelling, else None."""
    if key is None or not _KEY.fullmatch(key):
        return None
    raw = base64.urlsafe_b64decode(f"{key}==")
    return raw if _encode(raw) == key else None

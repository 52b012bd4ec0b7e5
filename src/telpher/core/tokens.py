"""Tokens of the API: what is handed out, what is kept of it, and what it opens. Pure.

    tlp_  16 hexadecimal digits  _  43 characters of base64url
          the token's id            a secret of 256 random bits

The id is no secret: it finds the row, names the token in lists and logs, and revokes it. Of the
secret only its SHA-256 is kept. A slow hash (scrypt, argon2) is for passwords, which people choose
and others can guess; against 256 random bits there is nothing to guess, so that a slow one would
protect nothing and cost each request what it costs a guesser.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ID_BYTES: Final = 8
SECRET_BYTES: Final = 32

_TEXT: Final = re.compile(r"tlp_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


class Scope(StrEnum):
    """What a token may be allowed. To write does not mean to read."""

    FILES_READ = "files:read"
    LINKS_READ = "links:read"
    LINKS_WRITE = "links:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    STATS_READ = "stats:read"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is kept of a token. `name` is for people; times are Unix seconds, 0 for never."""

    token_id: str
    name: str
    digest: bytes
    scopes: frozenset[Scope]
    created: float
    expires: float = 0.0
    revoked: float = 0.0

    def opens(self, secret: str, now: float) -> bool:
        """Whether `secret` is its secret and it is neither revoked nor over; in constant time."""
        right = hmac.compare_digest(self.digest, digest(secret))
        over = self.expires and now >= self.expires
        return right and not over and not self.revoked


def write(token_id: str, secret: str) -> str:
    """The token as it is handed out."""
    return f"tlp_{token_id}_{secret}"


def read(text: str) -> tuple[str, str] | None:
    """Id and secret of a token; None for what is none."""
    found = _TEXT.fullmatch(text)
    return (found[1], found[2]) if found else None


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def pack(scopes: Iterable[Scope]) -> str:
    """Scopes as one text, always in the same order."""
    return " ".join(sorted(scopes))


def unpack(text: str) -> frozenset[Scope]:
    """Scopes out of `pack`; what another version knows and this one does not is left out."""
    known = {each.value for each in Scope}
    return frozenset(Scope(each) for each in text.split() if each in known)

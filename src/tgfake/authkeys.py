"""Authorisation keys, and the logins that they carry.

A key belongs to one data centre. A *login* is what a user or bot did once on its home data centre;
exportAuthorization and importAuthorization carry it to keys of other data centres. When it ends, by
logOut or because the server destroyed it, all of its keys are without a user again.

Salts: every half hour a key gets a new one and the last one stays valid for another half hour. They
are derived from the key and the number of the half hour, so nothing has to be stored.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass, field
from typing import Protocol

from telethon.tl import types

from tgfake.crypto import sha1
from tgfake.world import Account

SALT_PERIOD = 1800
"""Seconds from one server salt to the next, as on Telegram."""


class Bearer(Protocol):
    """A connection, as the keys that it uses know it."""

    @property
    def competes(self) -> bool:
        """Whether it counts as using its keys."""


@dataclass(eq=False, slots=True)
class Login:
    """One login of one account, and the keys that carry it."""

    account: Account
    keys: list[AuthKey] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class AuthKey:
    """An authorisation key of one data centre."""

    key: bytes
    dc: int
    first_salt: int
    created: float
    expires: float | None = None
    login: Login | None = None
    layer: int = 0
    """The layer of the last invokeWithLayer; 0 before the first."""
    connections: set[Bearer] = field(default_factory=set)
    """The TCP connections it is used on now."""
    wire_id: bytes = field(init=False)
    """The id as packets begin with it."""

    def __post_init__(self) -> None:
        self.wire_id = sha1(self.key)[12:]

    @property
    def id(self) -> int:
        """The id as a number."""
        return int.from_bytes(self.wire_id, "little")

    @property
    def account(self) -> Account | None:
        """Who is logged in with this key."""
        return self.login.account if self.login is not None else None

    def salt(self, now: float, ahead: int = 0) -> int:
        """The salt of the half hour that `now` lies in, or of one `ahead` of it; signed."""
        period = int(now // SALT_PERIOD) + ahead
        digest = hmac.new(self.key, struct.pack("<q", period), hashlib.sha256).digest()
        return int.from_bytes(digest[:8], "little", signed=True)

    def accepts(self, salt: int, now: float) -> bool:
        """Whether a client may still use `salt`."""
        if salt in (self.salt(now), self.salt(now, -1)):
            return True
        return salt == self.first_salt and now < self.created + 2 * SALT_PERIOD

    def future_salts(self, now: float, count: int) -> list[types.FutureSalt]:
        """The salt of now and those of the half hours to come."""
        start = int(now // SALT_PERIOD) * SALT_PERIOD
        return [
            types.FutureSalt(
                valid_since=start + i * SALT_PERIOD,
                valid_until=start + (i + 2) * SALT_PERIOD,
                salt=self.salt(now, i),
            )
            for i in range(count)
        ]

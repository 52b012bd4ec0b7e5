"""The cluster's memory of authorisation keys, logins and exported authorisations.

A key belongs to one data centre. A *login* is what a user or bot did once on its home data centre;
exportAuthorization and importAuthorization carry it to keys of other data centres. When it ends, by
logOut or because the server destroyed it, all of its keys are without a user again.

Salts: every half hour a key gets a new one and the last one stays valid for another half hour. They
are derived from the key and the number of the half hour, so nothing has to be stored.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telethon.tl import types

from tgfake.crypto import sha1
from tgfake.session import Session

if TYPE_CHECKING:
    from tgfake.connection import Connection
    from tgfake.exchange import NewKey
    from tgfake.world import Account

SALT_PERIOD = 1800
"""Seconds from one server salt to the next, as on Telegram."""
_MAX_SESSIONS = 64
"""Sessions kept per key; the oldest one without a connection goes first."""
_EXPORT_SIZE = 128
_MAX_EXPORTS = 1024


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
    sessions: OrderedDict[int, Session] = field(default_factory=OrderedDict)
    connections: set[Connection] = field(default_factory=set)
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

    def session(self, session_id: int) -> Session:
        """The session of that number, made on first sight."""
        found = self.sessions.get(session_id)
        if found is None:
            self._make_room()
            found = self.sessions[session_id] = Session(self, session_id)
        return found

    def _make_room(self) -> None:
        if len(self.sessions) < _MAX_SESSIONS:
            return
        idle = next((s for s in self.sessions.values() if s.connection is None), None)
        if idle is not None:
            del self.sessions[idle.session_id]


class Keyring:
    """Every key of every data centre."""

    def __init__(self) -> None:
        self._keys: dict[tuple[int, bytes], AuthKey] = {}
        self._exports: OrderedDict[bytes, tuple[Login, int]] = OrderedDict()
        self._logins: dict[Account, list[Login]] = {}

    def add(self, dc: int, new: NewKey, now: float) -> AuthKey:
        """Keep what a key exchange agreed on."""
        expires = None if new.lifetime is None else now + new.lifetime
        key = AuthKey(new.key, dc, new.salt, now, expires)
        self._keys[dc, key.wire_id] = key
        return key

    def find(self, dc: int, wire_id: bytes, now: float) -> AuthKey | None:
        """The key of that data centre with this id, unless it has expired."""
        key = self._keys.get((dc, wire_id))
        if key is not None and key.expires is not None and key.expires < now:
            self.destroy(key)
            return None
        return key

    def get(self, dc: int, key_id: int) -> AuthKey:
        """The key that a call came in with; raises KeyError."""
        return self._keys[dc, key_id.to_bytes(8, "little")]

    def destroy(self, key: AuthKey) -> None:
        """Forget a key; its packets are answered with -404 from now on."""
        self._keys.pop((key.dc, key.wire_id), None)
        self.unbind(key)

    def log_in(self, key: AuthKey, account: Account) -> Login:
        """Begin a login of `account` with `key`."""
        self.unbind(key)
        login = Login(account, [key])
        self._logins.setdefault(account, []).append(login)
        key.login = login
        return login

    def carry(self, login: Login, key: AuthKey) -> None:
        """Let another data centre's key have part in a login."""
        self.unbind(key)
        login.keys.append(key)
        key.login = login

    def unbind(self, key: AuthKey) -> None:
        """Take the user from one key; a login without keys is over."""
        login, key.login = key.login, None
        if login is None:
            return
        login.keys.remove(key)
        if not login.keys:
            self.end(login)

    def end(self, login: Login) -> None:
        """End a login on all data centres."""
        for key in login.keys:
            key.login = None
        login.keys.clear()
        logins = self._logins.get(login.account, [])
        if login in logins:
            logins.remove(login)

    def logins(self, account: Account) -> list[Login]:
        """The logins that an account has now."""
        return list(self._logins.get(account, ()))

    def sessions(self, account: Account, dc: int) -> Iterator[Session]:
        """The sessions of an account on one data centre."""
        for login in self.logins(account):
            for key in login.keys:
                if key.dc == dc:
                    yield from list(key.sessions.values())

    def export(self, login: Login, dc: int) -> bytes:
        """Secret bytes with which a key of data centre `dc` can join `login`, once."""
        secret = os.urandom(_EXPORT_SIZE)
        self._exports[secret] = (login, dc)
        if len(self._exports) > _MAX_EXPORTS:
            self._exports.popitem(last=False)
        return secret

    def redeem(self, secret: bytes, dc: int) -> Login | None:
        """The login that was exported as `secret` for `dc`; None if it is over or was used."""
        login, meant_for = self._exports.pop(secret, (None, 0))
        return login if login is not None and meant_for == dc and login.keys else None

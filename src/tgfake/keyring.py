"""The cluster's memory: authorisation keys, their sessions, logins and exported authorisations.

What is in here outlives every connection.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator

from tgfake.authkeys import AuthKey, Login
from tgfake.exchange import NewKey
from tgfake.session import Session
from tgfake.world import Account

_MAX_SESSIONS = 64
"""Sessions kept per key; the oldest one without a connection goes first."""
_EXPORT_SIZE = 128
_MAX_EXPORTS = 1024


class Keyring:
    """Every key of every data centre."""

    def __init__(self) -> None:
        self._keys: dict[tuple[int, bytes], AuthKey] = {}
        self._exports: OrderedDict[bytes, tuple[Login, int]] = OrderedDict()
        self._logins: dict[Account, list[Login]] = {}
        self._sessions: dict[AuthKey, OrderedDict[int, Session]] = {}

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
        self._sessions.pop(key, None)
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

    def session(self, key: AuthKey, session_id: int) -> Session:
        """The session of that number, made on first sight."""
        sessions = self._sessions.setdefault(key, OrderedDict())
        found = sessions.get(session_id)
        if found is None:
            _make_room(sessions)
            found = sessions[session_id] = Session(key, session_id)
        return found

    def forget_session(self, key: AuthKey, session_id: int) -> bool:
        """Forget a session; False if there was none."""
        sessions = self._sessions.get(key)
        return sessions is not None and sessions.pop(session_id, None) is not None

    def sessions(self, account: Account, dc: int) -> Iterator[Session]:
        """The sessions of an account on one data centre."""
        for login in self.logins(account):
            for key in login.keys:
                if key.dc == dc:
                    yield from list(self._sessions.get(key, {}).values())


def _make_room(sessions: OrderedDict[int, Session]) -> None:
    if len(sessions) < _MAX_SESSIONS:
        return
    idle = next((s for s in sessions.values() if s.connection is None), None)
    if idle is not None:
        del sessions[idle.session_id]

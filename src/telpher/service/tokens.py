"""Tokens of the API: made, checked, listed, revoked. `core/tokens` says what one is.

Each check asks the database, so that revoking holds everywhere with the next request; while the
database is away nobody is let in.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Final

import structlog

from telpher.clock import Clock
from telpher.core import tokens
from telpher.core.tally import DAY
from telpher.core.tokens import ApiToken, Scope
from telpher.storage.base import TokenStore

# Tokens in a list: they are made by hand.
MOST_LISTED: Final = 1000

_LONGEST_NAME: Final = 100

# Compared with where there is no such token, so that this takes as long as a wrong secret.
_NOBODYS: Final = ApiToken("", "", bytes(32), frozenset(), 0.0)

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Tokens:
    """See the module."""

    def __init__(self, store: TokenStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def create(
        self, name: str, scopes: Iterable[Scope], days: float = 0
    ) -> tuple[str, ApiToken]:
        """A new token, good for so many days (0: until it is revoked), and what is kept of it.

        Its text is not kept: whoever loses it needs another. Raises StorageError.
        """
        now = self._clock.now()
        secret = secrets.token_urlsafe(tokens.SECRET_BYTES)
        token = ApiToken(
            token_id=secrets.token_hex(tokens.ID_BYTES),
            name=name[:_LONGEST_NAME],
            digest=tokens.digest(secret),
            scopes=frozenset(scopes),
            created=now,
            expires=now + days * DAY if days else 0.0,
        )
        await self._store.add(token)
        _log.info("a token was made", token=token.token_id, scopes=tokens.pack(token.scopes))
        return tokens.write(token.token_id, secret), token

    async def check(self, text: str) -> ApiToken | None:
        """The token that `text` is, while it opens anything. Raises StorageError."""
        read = tokens.read(text)
        if read is None:
            return None
        token_id, secret = read
        found = await self._store.get(token_id) or _NOBODYS
        return found if found.opens(secret, self._clock.now()) else None

    async def all(self) -> list[ApiToken]:
        """All of them, newest first, those that ended too. Raises StorageError."""
        return await self._store.recent(MOST_LISTED)

    async def revoke(self, token_id: str) -> bool:
        """Ends one at once and for good; False when there is none. Raises StorageError."""
        done = await self._store.revoke(token_id, self._clock.now())
        _log.info("a token was revoked", token=token_id, known=done)
        return done

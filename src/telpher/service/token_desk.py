"""`telpher token`: tokens of the API, made and ended by whoever runs the server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from telpher.clock import Clock, SystemClock
from telpher.config.settings import Settings
from telpher.core import display, tokens
from telpher.core.tokens import ApiToken, Scope
from telpher.errors import StorageError
from telpher.service.tokens import Tokens
from telpher.storage.opening import database_at

Tell = Callable[[str], None]

_SHOWN_NAME = 40


class TokenDesk:
    """What the commands do; each says True when it was done, and `tell`s people what came of it."""

    def __init__(self, settings: Settings, tell: Tell, clock: Clock | None = None) -> None:
        self._settings = settings
        self._tell = tell
        self._clock = clock or SystemClock()

    async def create(self, name: str, scopes: Sequence[Scope], days: float) -> bool:
        """Tells the new token, which is shown this once."""
        async with self._tokens() as book:
            try:
                text, _ = await book.create(name, scopes, days)
            except StorageError as error:
                return self._failed(error)
        self._tell(text)
        return True

    async def list(self) -> bool:
        """Tells a line for each token."""
        async with self._tokens() as book:
            try:
                found = await book.all()
            except StorageError as error:
                return self._failed(error)
        for each in found:
            self._tell(self._line(each))
        return True

    async def revoke(self, token_id: str) -> bool:
        """Ends one."""
        async with self._tokens() as book:
            try:
                known = await book.revoke(token_id)
            except StorageError as error:
                return self._failed(error)
        self._tell(f"{token_id} is revoked" if known else f"there is no token {token_id}")
        return known

    @asynccontextmanager
    async def _tokens(self) -> AsyncIterator[Tokens]:
        url = self._settings.database_url
        secret = url.get_secret_value() if url else None
        async with database_at(secret, self._settings.work_dir, self._clock) as database:
            yield Tokens(database.tokens, self._clock)

    def _failed(self, error: StorageError) -> bool:
        self._tell(f"the database does not answer: {error}")
        return False

    def _line(self, token: ApiToken) -> str:
        name = display.one_line(token.name, _SHOWN_NAME)
        parts = (token.token_id, self._state(token), tokens.pack(token.scopes), name)
        return "  ".join(parts)

    def _state(self, token: ApiToken) -> str:
        if token.revoked:
            return f"revoked {_date(token.revoked)}"
        if not token.expires:
            return "valid"
        over = self._clock.now() >= token.expires
        return f"{'expired' if over else 'valid until'} {_date(token.expires)}"


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")

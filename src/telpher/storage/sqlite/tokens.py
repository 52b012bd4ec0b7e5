"""Tokens of the API, in SQLite."""

# ruff: noqa: S608 (the statements are put together from this module's own constants)

from __future__ import annotations

from telpher.core.tokens import ApiToken, pack, unpack
from telpher.storage.scalars import storable
from telpher.storage.sqlite.file import SqliteFile

_FIELDS = "token_id, name, digest, scopes, created, expires, revoked"
_ADD = f"INSERT OR IGNORE INTO tokens ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
_GET = f"SELECT {_FIELDS} FROM tokens WHERE token_id = ?"
_RECENT = f"SELECT {_FIELDS} FROM tokens ORDER BY created DESC, token_id DESC LIMIT ?"
_REVOKE = """
    UPDATE tokens SET revoked = CASE revoked WHEN 0 THEN ? ELSE revoked END WHERE token_id = ?
"""


class SqliteTokens:
    """See TokenStore."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    async def add(self, token: ApiToken) -> None:
        """See TokenStore."""
        head = (storable(token.token_id), storable(token.name), token.digest, pack(token.scopes))
        await self._file.change(_ADD, (*head, token.created, token.expires, token.revoked))

    async def get(self, token_id: str) -> ApiToken | None:
        """See TokenStore."""
        row = await self._file.one(_GET, (storable(token_id),))
        return _token(*row) if row else None

    async def recent(self, limit: int) -> list[ApiToken]:
        """See TokenStore."""
        return [_token(*row) for row in await self._file.all(_RECENT, (max(limit, 0),))]

    async def revoke(self, token_id: str, at: float) -> bool:
        """See TokenStore."""
        return await self._file.change(_REVOKE, (at, storable(token_id))) > 0


def _token(token_id: str, name: str, digest: bytes, scopes: str, *times: float) -> ApiToken:
    return ApiToken(token_id, name, digest, unpack(scopes), *times)

"""Tokens of the API, in MongoDB."""

from __future__ import annotations

from telpher.core.tokens import ApiToken, pack, unpack
from telpher.storage.mongo.forms import moment, seconds
from telpher.storage.mongo.schema import TOKENS
from telpher.storage.mongo.server import Document, Server
from telpher.storage.scalars import storable


class MongoTokens:
    """See TokenStore."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def add(self, token: ApiToken) -> None:
        """See TokenStore."""
        fields = {
            "name": storable(token.name),
            "digest": token.digest,
            "scopes": pack(token.scopes),
            "created": moment(token.created),
            "expires": moment(token.expires),
            "revoked": moment(token.revoked),
        }
        async with self._server.asking() as collections:
            await collections[TOKENS].update_one(
                {"_id": storable(token.token_id)}, {"$setOnInsert": fields}, upsert=True
            )

    async def get(self, token_id: str) -> ApiToken | None:
        """See TokenStore."""
        async with self._server.asking() as collections:
            found = await collections[TOKENS].find_one({"_id": storable(token_id)})
        return _token(found) if found else None

    async def recent(self, limit: int) -> list[ApiToken]:
        """See TokenStore."""
        if limit <= 0:
            return []
        async with self._server.asking() as collections:
            rows = collections[TOKENS].find().sort([("created", -1), ("_id", -1)]).limit(limit)
            return [_token(row) async for row in rows]

    async def revoke(self, token_id: str, at: float) -> bool:
        """See TokenStore."""
        named = {"_id": storable(token_id)}
        never = {**named, "revoked": moment(0)}
        async with self._server.asking() as collections:
            await collections[TOKENS].update_one(never, {"$set": {"revoked": moment(at)}})
            return await collections[TOKENS].find_one(named, {"_id": True}) is not None


def _token(found: Document) -> ApiToken:
    return ApiToken(
        token_id=found["_id"],
        name=found["name"],
        digest=bytes(found["digest"]),
        scopes=unpack(found["scopes"]),
        created=seconds(found["created"]),
        expires=seconds(found["expires"]),
        revoked=seconds(found["revoked"]),
    )

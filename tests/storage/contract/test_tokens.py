"""Tokens of the API."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telpher.core.tokens import ApiToken, Scope, digest
from tests.storage.contract.makers import NOW

SCOPES = frozenset({Scope.LINKS_READ, Scope.LINKS_WRITE})


def token(token_id: str = "a" * 16, **more) -> ApiToken:
    made = ApiToken(token_id, "a script", digest("secret"), SCOPES, NOW, NOW + 86_400.5)
    return replace(made, **more)


async def test_a_token_comes_back_whole(database):
    assert await database.tokens.get("a" * 16) is None
    endless = token("b" * 16, name="", scopes=frozenset(), expires=0.0)
    await database.tokens.add(token())
    await database.tokens.add(endless)
    assert await database.tokens.get("a" * 16) == token()
    assert await database.tokens.get("b" * 16) == endless
    assert await database.tokens.get("") is None


async def test_one_that_is_there_is_not_replaced(database):
    await database.tokens.add(token())
    await database.tokens.revoke("a" * 16, NOW + 1)
    await database.tokens.add(token(name="another", scopes=frozenset(Scope)))
    assert await database.tokens.get("a" * 16) == token(revoked=NOW + 1)


async def test_lists_begin_with_the_newest(database):
    assert await database.tokens.recent(9) == []
    ages = {"c": NOW, "b": NOW + 1, "a": NOW + 1}
    for token_id, created in ages.items():
        await database.tokens.add(token(token_id, created=created))
    assert [each.token_id for each in await database.tokens.recent(9)] == ["b", "a", "c"]
    assert [each.token_id for each in await database.tokens.recent(2)] == ["b", "a"]
    assert await database.tokens.recent(0) == []


async def test_revoking_is_for_good(database):
    await database.tokens.add(token("a"))
    await database.tokens.add(token("b"))
    assert await database.tokens.revoke("a", NOW + 5)
    assert await database.tokens.revoke("a", NOW + 9)
    assert (await database.tokens.get("a")).revoked == NOW + 5
    assert (await database.tokens.get("b")).revoked == 0
    assert not await database.tokens.revoke("c", NOW)


@pytest.mark.parametrize("text", ["' OR '1'='1", "$where", "nul \0 inside", "\ud800", "x" * 5000])
async def test_what_is_no_id_finds_nothing(database, text):
    await database.tokens.add(token("a", name=text))
    assert await database.tokens.get(text) is None
    assert not await database.tokens.revoke(text, NOW)
    assert (await database.tokens.get("a")).name == text.replace("\ud800", "\ufffd")

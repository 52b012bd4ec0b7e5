"""Tokens on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.core.tally import DAY
from telpher.core.tokens import Scope
from telpher.errors import StorageError
from telpher.service.tokens import Tokens
from telpher.storage.sqlite import SqliteDatabase


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteDatabase]:
    async with SqliteDatabase(tmp_path / "db.sqlite3", clock) as database:
        yield database


@pytest.fixture
def book(database: SqliteDatabase, clock: FakeClock) -> Tokens:
    return Tokens(database.tokens, clock)


async def test_a_token_opens_what_it_was_made_for(book: Tokens) -> None:
    text, token = await book.create("a script", [Scope.USERS_READ])
    assert token.scopes == {Scope.USERS_READ}
    assert await book.check(text) == token
    assert await book.all() == [token]


async def test_no_two_are_alike(book: Tokens) -> None:
    assert (await book.create("x", []))[0] != (await book.create("x", []))[0]


async def test_the_secret_is_nowhere_on_disk(book: Tokens, tmp_path: Path) -> None:
    text, token = await book.create("x", [])
    kept = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("*")))  # noqa: ASYNC240
    assert token.token_id.encode() in kept
    assert text.rpartition("_")[2].encode() not in kept
    assert text[-20:].encode() not in kept


async def test_a_wrong_secret_an_unknown_id_and_no_token_open_nothing(book: Tokens) -> None:
    text, _ = await book.create("x", Scope)
    other, _ = await book.create("y", Scope)
    swapped = text[:20] + other[20:]
    last = "A" if text[-1] != "A" else "B"
    for wrong in (swapped, text[:-1] + last, "tlp_" + "0" * 16 + text[20:], "", "tlp_", text + "="):
        assert await book.check(wrong) is None


async def test_it_ends_at_its_time(book: Tokens, clock: FakeClock) -> None:
    text, _ = await book.create("x", [], days=2)
    clock.advance(2 * DAY - 1)
    assert await book.check(text)
    clock.advance(1)
    assert await book.check(text) is None


async def test_revoking_holds_at_once(book: Tokens) -> None:
    text, token = await book.create("x", [])
    assert await book.revoke(token.token_id)
    assert await book.check(text) is None
    assert not await book.revoke("0" * 16)


async def test_nobody_is_let_in_while_the_database_is_away(
    book: Tokens, database: SqliteDatabase
) -> None:
    text, _ = await book.create("x", [])
    await database.__aexit__(None, None, None)
    with pytest.raises(StorageError):
        await book.check(text)

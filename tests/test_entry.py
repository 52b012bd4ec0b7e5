"""The way to the dashboard, as the settings have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from telpher.books import open_books
from telpher.clock import FakeClock
from telpher.config.settings import Settings
from telpher.crew.telephone import Telephone
from telpher.entry import Entry, open_entry
from telpher.storage.local import LocalStore
from telpher.storage.sqlite import SqliteDatabase
from telpher.web.dashboard.pulse import Counters

ADMIN = 7


@pytest.fixture
async def entry(tmp_path: Path):
    """Makes entries that share a database."""
    clock = FakeClock()
    async with (
        SqliteDatabase(tmp_path / "telpher.sqlite3", clock) as database,
        LocalStore(tmp_path / "local.sqlite3") as local,
    ):

        def make(**settings: object) -> Entry:
            chosen = Settings(bot_token="4242:AAF-token", admins={ADMIN}, **settings)
            books = open_books(chosen, clock, database, local, Telephone(), lambda _: None)
            return open_entry(chosen, clock, database, books, Counters)

        yield make


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://files.example.org", True),
        ("https://a.org/tg", True),
        ("http://localhost:1", False),
    ],
)
async def test_a_link_leads_to_the_server_and_is_good_there(entry, url: str, secure: bool) -> None:
    there = entry(url=url)
    address, _, link = there.invite(ADMIN).partition("?link=")
    assert address == f"{url}/dashboard/sign-in"
    assert there.sign_in.invited(link) == ADMIN
    assert there.secure is secure


async def test_instances_with_one_secret_let_in_each_others_admins(entry) -> None:
    one, other, stranger = entry(), entry(), entry(link_secret="another long secret of its own")
    link = one.invite(ADMIN).partition("?link=")[2]
    session = await other.sign_in.begin(link)
    assert session is not None
    cookie = other.sign_in.cookie(session)
    assert await one.sign_in.check(cookie) == session
    assert stranger.sign_in.invited(link) is None
    assert await stranger.sign_in.check(cookie) is None

"""What `telpher token` does and says."""

from __future__ import annotations

from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.config.settings import Settings
from telpher.core.tokens import Scope
from telpher.service.token_desk import TokenDesk


class Desk(TokenDesk):
    """Keeps what it says."""

    def __init__(self, work_dir: Path) -> None:
        self.clock = FakeClock()
        self.said: list[str] = []
        settings = Settings(api_id=1, api_hash="0" * 32, bot_token="1:x", work_dir=work_dir)
        super().__init__(settings, self.said.append, self.clock)

    async def lines(self) -> list[str]:
        self.said.clear()
        assert await self.list()
        return self.said.copy()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_a_token_is_said_once_and_never_listed(desk: Desk) -> None:
    assert await desk.create("my\nscript", [Scope.LINKS_READ, Scope.FILES_READ], 0)
    (text,) = desk.said
    token_id = text.split("_")[1]
    assert await desk.lines() == [f"{token_id}  valid  files:read links:read  my script"]


async def test_lists_say_what_became_of_each(desk: Desk) -> None:
    for name, days in (("a", 0), ("b", 1), ("c", 3)):
        assert await desk.create(name, [Scope.STATS_READ], days)
        desk.clock.advance(1)
    first = desk.said[0].split("_")[1]
    assert await desk.revoke(first)
    desk.clock.advance(86_400)
    states = [line.split("  ")[1] for line in await desk.lines()]
    assert states == ["valid until 2023-11-17", "expired 2023-11-15", "revoked 2023-11-14"]


async def test_what_is_not_there_cannot_be_revoked(desk: Desk) -> None:
    assert not await desk.revoke("0" * 16)
    assert desk.said == ["there is no token " + "0" * 16]


async def test_a_database_that_is_away_is_said(tmp_path: Path) -> None:
    (tmp_path / "telpher.sqlite3").mkdir()
    desk = Desk(tmp_path)
    for done in (
        await desk.create("x", [], 0),
        await desk.list(),
        await desk.revoke("0" * 16),
    ):
        assert not done
    assert all(line.startswith("the database does not answer: ") for line in desk.said)

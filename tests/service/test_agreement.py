"""Instances on one database agree, or one of them waits, and is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from telpher.clock import FakeClock
from telpher.errors import SettingsError, StorageError
from telpher.service.agreement import ASK_EVERY, LEASE, MOST_ASKED, RENEW_EVERY, Agreement
from telpher.storage.sqlite import SqliteDatabase

SECRET = b"a secret of the links"
OTHER = b"s0me-thing-else"


class _EnoughError(Exception):
    """Ends a loop without an end."""


class Turns:
    """A sleep that lets time go by, and after some turns ends."""

    def __init__(self, clock: FakeClock, most: int = 10**6) -> None:
        self._clock = clock
        self._most = most
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        if len(self.taken) >= self._most:
            raise _EnoughError
        self.taken.append(seconds)
        self._clock.advance(seconds)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteDatabase]:
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", clock) as database:
        yield database


async def disagrees(database: SqliteDatabase, clock: FakeClock) -> bool:
    """Whether one with another secret would have to wait."""
    other, turns = Agreement(database.leases, "42", OTHER), Turns(clock, most=0)
    try:
        await other.enter(turns)
    except _EnoughError:
        return True
    return False


async def test_those_who_agree_never_wait(database: SqliteDatabase, clock: FakeClock) -> None:
    turns = Turns(clock)
    for _ in range(3):
        await Agreement(database.leases, "42", SECRET).enter(turns)
    assert turns.taken == []


@pytest.mark.parametrize(
    ("bot", "secret", "named"),
    [
        ("43", SECRET, ["BOT_TOKEN"]),
        ("42", OTHER, ["LINK_SECRET"]),
        ("43", OTHER, ["B", "L"]),
    ],
)
async def test_who_disagrees_with_one_that_stays_is_refused(
    database: SqliteDatabase, clock: FakeClock, bot: str, secret: bytes, named: list[str]
) -> None:
    there = Agreement(database.leases, "42", SECRET)
    await there.enter(Turns(clock))

    class TheOtherStays(Turns):
        async def __call__(self, seconds: float) -> None:
            await super().__call__(seconds)
            await there.enter(Turns(clock))

    with capture_logs() as logs, pytest.raises(SettingsError) as caught:
        await Agreement(database.leases, bot, secret).enter(TheOtherStays(clock))
    assert len(caught.value.problems) == len(named)
    for problem, name in zip(caught.value.problems, named, strict=True):
        assert problem.startswith(name)
    assert secret.decode() not in f"{logs}{caught.value}"


async def test_after_a_change_of_settings_the_next_one_waits_for_the_last(
    database: SqliteDatabase, clock: FakeClock
) -> None:
    old = Agreement(database.leases, "42", SECRET)
    await old.enter(Turns(clock))
    new, turns = Agreement(database.leases, "42", b"a new one"), Turns(clock)
    await old.leave()
    await new.enter(turns)
    assert turns.taken == []


async def test_one_that_was_killed_is_waited_for(
    database: SqliteDatabase, clock: FakeClock
) -> None:
    await Agreement(database.leases, "42", SECRET).enter(Turns(clock))
    turns = Turns(clock)
    await Agreement(database.leases, "42", b"a new one").enter(turns)
    assert LEASE <= sum(turns.taken) < MOST_ASKED * ASK_EVERY


async def test_one_that_leaves_takes_nothing_from_those_who_agree(
    database: SqliteDatabase, clock: FakeClock
) -> None:
    here, there = (Agreement(database.leases, "42", SECRET) for _ in range(2))
    await here.enter(Turns(clock))
    await there.enter(Turns(clock))
    await here.leave()
    with pytest.raises(_EnoughError):
        await there.run(Turns(clock, most=2))
    assert await disagrees(database, clock)


async def test_what_is_held_does_not_run_out(database: SqliteDatabase, clock: FakeClock) -> None:
    here = Agreement(database.leases, "42", SECRET)
    await here.enter(Turns(clock))
    with pytest.raises(_EnoughError):
        await here.run(Turns(clock, most=10))
    assert RENEW_EVERY * 10 > LEASE
    assert await disagrees(database, clock)


async def test_who_finds_out_later_says_so_once(database: SqliteDatabase, clock: FakeClock) -> None:
    await Agreement(database.leases, "42", SECRET).enter(Turns(clock))
    with capture_logs() as logs, pytest.raises(_EnoughError):
        await Agreement(database.leases, "42", OTHER).run(Turns(clock, most=2))
    [entry] = [each for each in logs if each["log_level"] == "error"]
    assert entry["problem"].startswith("LINK_SECRET")


async def test_without_a_database_nobody_waits(clock: FakeClock) -> None:
    class Away:
        async def acquire(self, name: str, holder: str, seconds: float) -> None:
            raise StorageError("away")

    turns = Turns(clock)
    await Agreement(Away(), "42", SECRET).enter(turns)  # type: ignore[arg-type]
    assert turns.taken == []

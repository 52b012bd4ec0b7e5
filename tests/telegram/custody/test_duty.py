"""One instance handles updates, and the next one goes on where it stopped."""

import asyncio
from dataclasses import dataclass

import pytest

from telpher.clock import FakeClock
from telpher.telegram.custody.duty import (
    ASK_EVERY,
    LEASE,
    MOST_MISSED,
    RENEW_EVERY,
    UpdateDuty,
)
from telpher.telegram.custody.state import UpdateState
from tests.telegram.custody.fakes import MemoryDatabase, View, vault

NAME = "bot42"


def state(pts):
    return UpdateState(pts, 0, 1_700_000_000, 0, {})


class Instances:
    """Instances of telpher on one database."""

    def __init__(self, tmp_path):
        self.clock = FakeClock()
        self.database = MemoryDatabase(self.clock)
        self.views = {}
        self._tmp_path = tmp_path

    def view(self, folder):
        return self.views.setdefault(folder, View(self.database))

    def duty(self, folder, clock=None):
        """A process on that folder."""
        clock = clock or self.clock
        return UpdateDuty(vault(self.view(folder), self._tmp_path / folder, clock), NAME)

    async def on(self, folder, pts=None):
        """One that is on duty, and has handled updates."""
        duty = self.duty(folder)
        assert await duty.look()
        if pts is not None:
            await duty.keep(state(pts))
        return duty


@pytest.fixture
def all_(tmp_path):
    return Instances(tmp_path)


async def test_one_is_on_duty(all_):
    first, second = all_.duty("a"), all_.duty("b")
    assert await first.look()
    assert not await second.look()
    for _ in range(10):
        all_.clock.advance(RENEW_EVERY)
        assert await first.look()
        assert not await second.look()
    assert (first.term, second.term) == (1, 0)
    assert second.pause < first.pause


async def test_it_is_handed_over_with_how_far_it_came(all_):
    first, second = await all_.on("a", 5), all_.duty("b")
    await second.look()
    await first.hand_over(state(7))
    assert await second.look()
    assert (second.state, second.term) == (state(7), 1)
    assert not await first.look()


async def test_who_was_killed_is_followed_after_a_while(all_):
    await all_.on("a", 5)
    second = all_.duty("b")
    all_.clock.advance(LEASE - 1)
    assert not await second.look()
    all_.clock.advance(2)
    assert await second.look()
    assert second.state == state(5)


async def test_who_was_killed_goes_on_at_once_on_its_own_disk(all_):
    await all_.on("a", 5)
    again = all_.duty("a")
    assert await again.look()
    assert again.state == state(5)


async def test_who_lost_the_lease_is_off_and_learns_what_was_handled_meanwhile(all_):
    first = await all_.on("a", 5)
    all_.clock.advance(LEASE + 1)
    second = await all_.on("b", 9)
    assert not await first.look()
    await first.keep(state(6))
    await second.hand_over(state(9))
    assert await first.look()
    assert (first.state, first.term) == (state(9), 2)


async def test_a_lease_that_only_ran_out_interrupts_nothing(all_):
    first = await all_.on("a", 5)
    all_.clock.advance(LEASE + 1)
    assert await first.look()
    assert first.term == 1


# Seconds that people may be kept waiting, and how long a connection may take of them.
BUDGET = 10.0
CONNECTING = 3.0


def test_whoever_is_followed_is_followed_in_time():
    assert LEASE + ASK_EVERY + CONNECTING <= BUDGET
    assert 3 * RENEW_EVERY < LEASE, "two renewals may be lost"


async def test_as_long_as_the_lease_lasts_nobody_is_asked_before_a_word_is_said(all_):
    first = await all_.on("a", 5)
    all_.view("a").away = True
    all_.clock.advance(LEASE - 0.1)
    calls = all_.database.calls
    assert await first.sure()
    assert all_.database.calls == calls


@dataclass
class Hands:
    """A clock of which each hand can be moved alone."""

    monotonic_hand: float = 1_000.0
    wall_hand: float = 1_700_000_000.0

    def monotonic(self):
        return self.monotonic_hand

    def now(self):
        return self.wall_hand


@pytest.mark.parametrize(("monotonic", "wall"), [(True, True), (True, False), (False, True)])
async def test_who_was_frozen_finds_out_that_it_was_followed_before_it_says_a_word(
    all_, monotonic, wall
):
    """To a process that was stopped both hands have moved, to one whose wall clock was set back
    meanwhile the monotonic one, on a machine that was suspended the wall clock's."""
    hands = Hands()
    first = all_.duty("a", hands)
    assert await first.look()
    all_.clock.advance(LEASE + 1)
    await all_.on("b")
    hands.monotonic_hand += monotonic * (LEASE + 1)
    hands.wall_hand += wall * (LEASE + 1)
    assert not await first.sure()
    assert not first.on


async def test_a_lease_that_nobody_took_is_had_again_before_a_word_is_said(all_):
    first = await all_.on("a", 5)
    all_.clock.advance(LEASE + 1)
    assert await first.sure()
    assert all_.database.holder("updates bot42") is not None
    assert first.term == 1


async def test_many_that_wake_up_at_once_ask_once(all_):
    first = await all_.on("a", 5)
    all_.clock.advance(LEASE + 1)
    calls = all_.database.calls
    assert all(await asyncio.gather(*(first.sure() for _ in range(50))))
    # To renew, to acquire, to load and save how far updates are.
    assert all_.database.calls - calls <= 4


async def test_who_is_off_duty_says_nothing_and_asks_nobody(all_):
    await all_.on("a", 5)
    second = all_.duty("b")
    assert not await second.look()
    calls = all_.database.calls
    assert not await second.sure()
    assert all_.database.calls == calls


async def test_who_has_handed_over_says_nothing_more(all_):
    first = await all_.on("a", 5)
    await first.hand_over(state(5))
    assert not await first.sure()


async def test_without_a_database_who_is_on_duty_speaks_and_asks_now_and_then(all_):
    first = await all_.on("a", 5)
    all_.database.away = True
    all_.clock.advance(LEASE + 1)
    calls = all_.database.calls
    for _ in range(10):
        assert await first.sure()
    assert all_.database.calls == calls + 1
    all_.clock.advance(RENEW_EVERY)
    assert await first.sure()
    assert all_.database.calls == calls + 2


# The database is away.


async def test_without_a_database_who_is_on_duty_goes_on(all_):
    first = await all_.on("a", 5)
    all_.database.away = True
    all_.clock.advance(LEASE * 100)
    assert await first.look()
    await first.keep(state(6))
    all_.database.away = False
    assert await first.look()
    assert first.term == 1
    await first.hand_over(state(6))
    second = all_.duty("b")
    assert await second.look()
    assert second.state == state(6)


async def test_without_a_database_who_is_off_stays_off(all_):
    await all_.on("a", 5)
    second = all_.duty("b")
    await second.look()
    all_.database.away = True
    all_.clock.advance(LEASE * 100)
    assert not await second.look()


async def test_without_a_database_who_was_on_duty_last_starts_on_duty(all_):
    first = await all_.on("a", 5)
    all_.database.away = True
    await first.keep(state(6))
    await first.hand_over(state(7))
    for _ in range(2):
        again = all_.duty("a")
        assert await again.look()
        assert again.state == state(7)
        await again.hand_over(None)


@pytest.mark.parametrize("folder", ["a", "never there"])
async def test_without_a_database_anybody_else_starts_on_duty_after_a_while(all_, folder):
    first = await all_.on("a", 5)
    await first.hand_over(state(5))
    all_.database.away = True
    duty = all_.duty(folder)
    for _ in range(MOST_MISSED - 1):
        assert not await duty.look()
    assert await duty.look()
    assert duty.term == 1
    all_.database.away = False
    assert await duty.look()
    assert not await all_.duty("b").look()


async def test_who_went_on_duty_alone_is_off_when_the_database_says_so(all_):
    alone = all_.duty("a")
    all_.view("a").away = True
    for _ in range(MOST_MISSED):
        await alone.look()
    await all_.on("b", 5)
    assert await alone.look()
    all_.view("a").away = False
    assert not await alone.look()


async def test_somebody_may_take_over_from_one_who_cannot_reach_the_database(all_):
    first = await all_.on("a", 5)
    all_.view("a").away = True
    all_.clock.advance(LEASE + 1)
    second = await all_.on("b", 9)
    assert await first.look()
    all_.view("a").away = False
    all_.clock.advance(RENEW_EVERY)
    await second.look()
    assert not await first.look()


async def test_what_was_handled_without_the_database_is_saved_once_it_is_back(all_):
    first = await all_.on("a", 5)
    all_.database.away = True
    await first.keep(state(8))
    all_.database.away = False
    await first.look()
    all_.clock.advance(LEASE + 1)
    second = all_.duty("b")
    assert await second.look()
    assert second.state == state(8)


# What is kept.


async def test_damaged_copies_cost_the_state_alone(all_, tmp_path):
    first = await all_.on("a", 5)
    await first.hand_over(state(5))
    all_.database.blobs[f"{NAME} updates"] = (1, b"nonsense")
    (tmp_path / "a" / "sessions" / f"{NAME}-updates.sealed").write_bytes(b"nonsense")
    again = all_.duty("a")
    assert await again.look()
    assert again.state is None

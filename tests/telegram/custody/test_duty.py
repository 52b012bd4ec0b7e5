"""One instance handles updates, and the next one goes on where it stopped."""

import pytest

from telpher.clock import FakeClock
from telpher.telegram.custody.duty import LEASE, MOST_MISSED, RENEW_EVERY, UpdateDuty
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

    def duty(self, folder):
        """A process on that folder."""
        return UpdateDuty(vault(self.view(folder), self._tmp_path / folder, self.clock), NAME)

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

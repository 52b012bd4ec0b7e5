"""Leases, and the sessions that are written under them.

The database's time may be the real one: what must end is given a short time and waited for, what
must last gets an hour.
"""

from __future__ import annotations

import asyncio

from telpher.core.records import Lease

HOUR = 3600.0
SHORT = 0.05
PATIENCE = 60.0


async def acquired(place, leases, holder: str, name: str = "n") -> Lease:
    """The lease, as soon as it is free."""
    async with asyncio.timeout(PATIENCE):
        while (lease := await leases.acquire(name, holder, HOUR)) is None:
            await place.tick()
    return lease


async def lapsed(place, leases, name: str = "n") -> None:
    """Until nobody has it: somebody else could take it."""
    other = await acquired(place, leases, "who looks", name)
    await leases.release(other)


async def test_only_one_has_it(database):
    leases = database.leases
    first = await leases.acquire("n", "one", HOUR)
    assert (first.name, first.holder) == ("n", "one")
    assert await leases.acquire("n", "two", HOUR) is None
    assert await leases.acquire("another", "two", HOUR) is not None


async def test_ones_own_is_renewed_under_the_same_fence(database):
    leases = database.leases
    first = await leases.acquire("n", "one", HOUR)
    assert await leases.acquire("n", "one", HOUR) == first
    assert await leases.renew(first, HOUR)
    assert await leases.acquire("n", "two", HOUR) is None


async def test_one_that_was_given_back_is_anybodys_under_a_larger_fence(database):
    leases = database.leases
    fences = []
    for holder in ("one", "two", "two", "one"):
        lease = await leases.acquire("n", holder, HOUR)
        fences.append(lease.fence)
        await leases.release(lease)
        assert not await leases.renew(lease, HOUR)
    assert fences == sorted(set(fences))


async def test_the_first_fence_ever_is_one_and_never_comes_again(database):
    leases = database.leases
    first = await leases.acquire("n", "one", HOUR)
    assert first.fence == 1
    assert await leases.acquire("n", "one", HOUR) == first
    await leases.release(first)
    assert (await leases.acquire("n", "one", HOUR)).fence == 2
    assert (await leases.acquire("another", "one", HOUR)).fence == 1


async def test_giving_back_what_another_has_changes_nothing(database):
    leases = database.leases
    first = await leases.acquire("n", "one", HOUR)
    await leases.release(first)
    second = await leases.acquire("n", "two", HOUR)
    await leases.release(first)
    await leases.release(Lease("n", "one", second.fence))
    await leases.release(Lease("n", "two", second.fence - 1))
    await leases.release(Lease("unknown", "one", 1))
    assert await leases.renew(second, HOUR)


async def test_it_runs_out(place, database):
    leases = database.leases
    first = await leases.acquire("n", "one", SHORT)
    second = await acquired(place, leases, "two")
    assert second.fence > first.fence
    assert not await leases.renew(first, HOUR)
    assert await leases.acquire("n", "one", HOUR) is None
    assert await leases.renew(second, HOUR)


async def test_one_that_ran_out_is_not_renewed_and_comes_back_under_a_larger_fence(place, database):
    leases = database.leases
    first = await leases.acquire("n", "one", SHORT)
    async with asyncio.timeout(PATIENCE):
        while await leases.renew(first, SHORT / 2):
            await place.tick()
    again = await leases.acquire("n", "one", HOUR)
    assert again.fence > first.fence
    assert not await leases.renew(first, HOUR)


async def test_renewing_prolongs_it(place, database):
    leases = database.leases
    lease = await leases.acquire("n", "one", HOUR / 2)
    assert await leases.renew(lease, HOUR)
    short = await leases.acquire("measure", "one", SHORT)
    await lapsed(place, leases, "measure")
    assert not await leases.renew(short, HOUR)
    assert await leases.acquire("n", "two", HOUR) is None


async def test_renewing_may_also_shorten_it(place, database):
    leases = database.leases
    lease = await leases.acquire("n", "one", HOUR)
    assert await leases.renew(lease, SHORT)
    assert (await acquired(place, leases, "two")).fence > lease.fence


async def test_of_many_at_once_one_gets_it(place):
    async with place.open() as here, place.open() as there:
        many = [
            (each.leases if n % 2 else here.leases).acquire("n", f"holder {n}", HOUR)
            for n, each in enumerate([here, there] * 10)
        ]
        leases = await asyncio.gather(*many)
    assert len([each for each in leases if each]) == 1


async def test_instances_see_each_others_leases(place):
    async with place.open() as here, place.open() as there:
        lease = await here.leases.acquire("n", "one", HOUR)
        assert await there.leases.acquire("n", "two", HOUR) is None
        assert await there.leases.renew(lease, HOUR)
        await there.leases.release(lease)
        assert not await here.leases.renew(lease, HOUR)


async def test_leases_outlive_their_instance(place):
    async with place.open() as database:
        first = await database.leases.acquire("n", "one", HOUR)
    async with place.open() as database:
        assert await database.leases.acquire("n", "two", HOUR) is None
        assert await database.leases.acquire("n", "one", HOUR) == first


async def test_a_session_comes_back_as_it_was_saved(database):
    sessions = database.sessions
    assert await sessions.load("bot1/0") is None
    for data in (b"", bytes(range(256)) * 100, b"last"):
        assert await sessions.save("bot1/0", 1, data)
        assert await sessions.load("bot1/0") == data
    assert await sessions.load("bot1/1") is None


async def test_who_lost_the_lease_cannot_save(database):
    sessions = database.sessions
    assert await sessions.save("bot1/0", 3, b"new")
    assert not await sessions.save("bot1/0", 2, b"old")
    assert await sessions.load("bot1/0") == b"new"
    assert await sessions.save("bot1/1", 1, b"another")
    assert await sessions.save("bot1/0", 4, b"newer")
    assert await sessions.load("bot1/0") == b"newer"

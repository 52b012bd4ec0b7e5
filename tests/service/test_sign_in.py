"""Links that are good once, and sessions that end: on a real database, also on two instances."""

from __future__ import annotations

import pytest

from telpher.clock import FakeClock
from telpher.errors import StorageError
from telpher.service import sign_in
from telpher.service.people import Access
from telpher.service.sign_in import BELIEVED, GOOD_FOR, IDLE, LONGEST, SignIn
from telpher.storage.sqlite import SqliteDatabase

ADMIN, OTHER, SOMEBODY = 7, 8, 9
SECRET = b"s" * 32


class Leases:
    """Those of the database, until they fail; counts what is asked."""

    def __init__(self, leases):
        self._leases = leases
        self.failure = None
        self.renewals = 0

    def _fail(self):
        if self.failure:
            raise self.failure

    async def acquire(self, *arguments):
        self._fail()
        return await self._leases.acquire(*arguments)

    async def renew(self, *arguments):
        self.renewals += 1
        self._fail()
        return await self._leases.renew(*arguments)

    async def release(self, *arguments):
        self._fail()
        await self._leases.release(*arguments)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def admins():
    return {ADMIN, OTHER}


@pytest.fixture
async def leases(tmp_path, clock):
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", clock) as database:
        yield Leases(database.leases)


@pytest.fixture
def make(leases, clock, admins):
    """Makes an instance; all share the database."""
    return lambda secret=SECRET: SignIn(secret, leases, Access(admins), clock)


@pytest.fixture
def here(make):
    return make()


async def entered(desk, user_id=ADMIN):
    """The cookie of somebody who has just signed in."""
    session = await desk.begin(desk.invite(user_id))
    assert session.user_id == user_id
    return desk.cookie(session)


async def test_a_link_lets_its_admin_in(here):
    session = await here.check(await entered(here, OTHER))
    assert session.user_id == OTHER


async def test_a_link_is_good_once_whatever_became_of_the_session(here, make):
    link = here.invite(ADMIN)
    session = await here.begin(link)
    assert await here.begin(link) is None
    assert await make().begin(link) is None, "after a restart, on another instance"
    await here.end(session)
    assert await here.begin(link) is None
    assert await make().begin(link) is None


async def test_two_instances_at_once_let_one_in(make):
    one, two = make(), make()
    link = one.invite(ADMIN)
    found = [await desk.begin(link) for desk in (one, two)]
    assert [each is None for each in found] == [False, True]


async def test_looking_at_a_link_spends_nothing(here):
    link = here.invite(ADMIN)
    for _ in range(3):
        assert here.invited(link) == ADMIN
    assert await here.begin(link) is not None


async def test_a_link_is_good_for_ten_minutes(here, clock):
    link = here.invite(ADMIN)
    clock.advance(GOOD_FOR - 1)
    assert here.invited(link) == ADMIN
    clock.advance(1)
    assert here.invited(link) is None
    assert await here.begin(link) is None


async def test_a_link_of_somebody_who_is_no_admin_is_none(here, admins):
    assert here.invited(here.invite(SOMEBODY)) is None
    assert await here.begin(here.invite(SOMEBODY)) is None
    link = here.invite(OTHER)
    admins.remove(OTHER)
    assert await here.begin(link) is None


async def test_a_link_that_another_secret_signed_is_none(here, make):
    assert await here.begin(make(b"t" * 32).invite(ADMIN)) is None
    assert await here.check(await entered(make(b"t" * 32))) is None


async def test_while_the_database_is_away_a_link_stays_good(here, leases):
    link = here.invite(ADMIN)
    leases.failure = StorageError("away")
    with pytest.raises(StorageError):
        await here.begin(link)
    leases.failure = None
    assert await here.begin(link) is not None


async def test_a_session_holds_on_every_instance_and_after_a_restart(here, make):
    cookie = await entered(here)
    assert await make().check(cookie) is not None


async def test_signing_out_ends_it_everywhere(here, make, clock):
    there = make()
    cookie = await entered(here)
    session = await there.check(cookie)
    await here.end(session)
    assert await here.check(cookie) is None
    assert await make().check(cookie) is None
    clock.advance(BELIEVED)
    assert await there.check(cookie) is None


async def test_signing_out_ends_one_session_and_no_other(here):
    one, two = await entered(here), await entered(here)
    await here.end(await here.check(one))
    assert await here.check(two) is not None


async def test_a_session_that_idles_is_over_and_one_in_use_is_not(here, make, clock):
    used, idle = await entered(here), await entered(here)
    for _ in range(3):
        clock.advance(IDLE / 2)
        assert await here.check(used) is not None
    assert await here.check(idle) is None
    assert await make().check(idle) is None


async def test_a_session_is_over_in_the_evening_however_much_it_is_used(here, clock):
    cookie = await entered(here)
    for _ in range(int(LONGEST / IDLE * 2) - 1):
        clock.advance(IDLE / 2)
        assert await here.check(cookie) is not None
    clock.advance(IDLE / 2)
    assert await here.check(cookie) is None


async def test_whoever_is_no_admin_any_more_is_out_at_once(here, admins):
    cookie = await entered(here)
    assert await here.check(cookie) is not None
    admins.remove(ADMIN)
    assert await here.check(cookie) is None


async def test_a_cookie_with_another_secret_in_it_is_none(here, make, clock):
    """What somebody could make who has the signing key and the database, and not the cookie."""
    session = await here.begin(here.invite(ADMIN))
    forged = type(session)(session.user_id, session.began, session.nonce, b"?" * 16)
    assert await make().check(here.cookie(forged)) is None


async def test_with_the_database_away_who_is_known_here_stays(here, make, leases, clock):
    cookie = await entered(here)
    leases.failure = StorageError("away")
    clock.advance(IDLE - 1)
    assert await here.check(cookie) is not None
    with pytest.raises(StorageError):
        await make().check(cookie)
    clock.advance(1)
    with pytest.raises(StorageError):
        await here.check(cookie)


async def test_signing_out_while_the_database_is_away_holds_here(here, leases, clock):
    cookie = await entered(here)
    leases.failure = StorageError("away")
    await here.end(await here.check(cookie))
    assert await here.check(cookie) is None
    leases.failure = None
    clock.advance(BELIEVED)
    assert await here.check(cookie) is None


async def test_the_database_is_asked_every_few_seconds(here, leases, clock):
    cookie = await entered(here)
    for _ in range(50):
        await here.check(cookie)
    assert leases.renewals == 0
    clock.advance(BELIEVED)
    await here.check(cookie)
    await here.check(cookie)
    assert leases.renewals == 1


async def test_forged_cookies_ask_the_database_nothing(here, leases):
    for cookie in ("", "x", "A" * 108, here.invite(ADMIN)):
        assert await here.check(cookie) is None
    assert leases.renewals == 0


async def test_what_is_remembered_is_bounded(here, leases):
    first = await entered(here)
    for _ in range(sign_in.MOST_KNOWN):
        await entered(here)
    assert await here.check(first) is not None
    assert leases.renewals == 1, "it was asked for again"

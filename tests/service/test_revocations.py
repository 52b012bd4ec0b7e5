from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.model import MessageRef
from telpher.core.records import Denial, LinkRecord, Value
from telpher.core.tally import LinkRevoked
from telpher.errors import StorageError
from telpher.service.denials import Denials
from telpher.service.register import Register
from telpher.service.revocations import PAGE, Revocations
from telpher.storage.local import LocalStore
from tests.jobs.fakes import under_way, until

ANN, BEN = 7, 8


def link(link_id, owner=ANN, playlist=""):
    return LinkRecord(
        link_id, owner, MessageRef(owner, 1), 1.5, 0, 0, 99, "a.mp4", 10, playlist=playlist
    )


class Database:
    """Links and values in memory; `away` refuses everything."""

    def __init__(self, clock):
        self.away = False
        self.records: dict[int, LinkRecord] = {}
        self.changes: dict[int, Denial] = {}
        self.kept_values: dict[str, Value] = {}
        self.pages = 0
        self._clock = clock

    links = values = property(lambda self: self)

    async def now(self):
        self._look()
        return self._clock.now()

    async def revoke(self, link_id, at=None, owner=None):
        self._look()
        record = self.records.get(link_id)
        if record is None or owner not in (None, record.owner):
            return False
        self.change(link_id, self._clock.now() if at is None else at)
        return True

    async def revoke_playlist(self, playlist_id, at=None, owner=None):
        self._look()
        found = [each for each in self.records.values() if each.playlist == playlist_id]
        return sum([await self.revoke(each.link_id, at, owner) for each in found])

    def change(self, link_id, at, denied=True, expires=0):
        self.changes[link_id] = Denial(link_id, at, denied, expires)

    async def denials(self, since, limit, after=None):
        self._look()
        self.pages += 1
        rows = sorted(self.changes.values(), key=lambda each: (each.changed, each.link_id))
        later = [each for each in rows if each.changed >= since]
        if after:
            later = [
                each for each in later if (each.changed, each.link_id) > (after.at, after.number)
            ]
        return later[:limit]

    async def get(self, name):
        self._look()
        return self.records.get(name) if isinstance(name, int) else self.kept_values.get(name)

    async def put(self, name, data, at):
        self._look()
        self.kept_values[name] = Value(data, at)

    def _look(self):
        if self.away:
            raise StorageError("away")


class Instance:
    """One process's knowledge of what is dead."""

    def __init__(self, path, database, clock):
        self.store = LocalStore(path)
        self.database = database
        self.events = []
        self.denials = Denials()
        self.register = Register(self, database)
        self.revocations = Revocations(
            self.denials, database, self.store, self, self.register, clock
        )

    async def __aenter__(self):
        await self.store.__aenter__()
        await self.revocations.load()
        return self

    async def __aexit__(self, *error):
        await self.store.__aexit__(*error)

    async def kept(self, *events):
        self.events += events

    async def revoke(self, link_id, by=ANN, is_admin=False):
        return await self.revocations.revoke(link_id, by, is_admin=is_admin)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def database(clock):
    return Database(clock)


@pytest.fixture
async def here(tmp_path, database, clock):
    async with Instance(tmp_path / "here", database, clock) as instance:
        yield instance


@pytest.fixture
async def there(tmp_path, database, clock):
    async with Instance(tmp_path / "there", database, clock) as instance:
        yield instance


async def test_a_revoked_link_is_dead_here_at_once_and_elsewhere_with_the_next_look(
    here, there, database
):
    database.records[5] = link(5)
    assert await here.revoke(5)
    assert 5 in here.denials
    assert 5 not in there.denials
    await there.revocations.refresh()
    assert 5 in there.denials


@pytest.mark.parametrize("ahead", [300.0, -300.0])
async def test_instances_whose_clocks_are_apart_hear_of_each_other(
    tmp_path, database, clock, ahead
):
    """The database's clock is the one that counts, also when it is set back."""
    wrong = FakeClock(clock.now() + ahead)
    async with (
        Instance(tmp_path / "wrong", database, wrong) as one,
        Instance(tmp_path / "right", database, clock) as other,
    ):
        for link_id, here, there in ((5, one, other), (6, other, one), (7, one, other)):
            database.records[link_id] = link(link_id)
            for each in (one, other):
                await each.revocations.refresh()
            if link_id == 7:
                clock._now -= 300
            assert await here.revoke(link_id)
            for each in (one, other):
                await each.revocations.refresh()
            assert link_id in there.denials


async def test_a_clock_that_is_set_back_brings_no_link_back_to_life(here, database, clock):
    soon = int(clock.now()) + 5
    database.change(5, clock.now(), expires=soon)
    clock.advance(60)
    for _ in range(1100):
        await here.revocations.refresh()
    clock._now -= 60
    assert 5 in here.denials


@pytest.mark.parametrize(
    ("by", "is_admin", "revoked"), [(ANN, False, True), (BEN, False, False), (BEN, True, True)]
)
@pytest.mark.parametrize("away", [False, True])
async def test_only_its_owner_or_an_admin_revokes_a_link(
    here, database, by, is_admin, revoked, away
):
    database.records[5] = link(5)
    await here.register.owner_of(5)
    database.away = away
    assert await here.revoke(5, by, is_admin) is revoked
    assert (5 in here.denials) is revoked


async def test_a_link_that_is_on_its_way_to_the_database_can_be_revoked(here):
    await here.register.enter(link(5))
    here.events.clear()
    assert not await here.revoke(5, BEN)
    assert await here.revoke(5)
    assert 5 in here.denials
    (event,) = here.events
    assert isinstance(event, LinkRevoked)


async def test_an_unknown_link_is_not_revoked(here):
    assert not await here.revoke(5)
    assert not await here.revoke(5, is_admin=True)


async def test_while_the_database_is_away_nobody_is_believed_to_own_an_unknown_link(here, database):
    database.away = True
    with pytest.raises(StorageError):
        await here.revoke(5)
    assert 5 not in here.denials
    assert await here.revoke(5, BEN, is_admin=True)
    assert 5 in here.denials


async def test_what_is_dead_stays_so_after_a_restart_with_the_database_away(
    tmp_path, here, database, clock
):
    database.records[5] = link(5)
    database.change(6, clock.now())
    await here.revocations.refresh()
    database.away = True
    await here.revocations.revoke_all()
    await here.revoke(5, is_admin=True)
    async with Instance(tmp_path / "here", database, clock) as later:
        assert 5 in later.denials
        assert 6 in later.denials
        assert later.denials.epoch == 1


async def test_a_revocation_here_is_not_undone_by_an_older_pardon(here, database, clock):
    database.records[5] = link(5)
    database.change(5, clock.now(), denied=False)
    clock.advance(1)
    await here.register.owner_of(5)
    database.away = True
    assert await here.revoke(5)
    database.away = False
    await here.revocations.refresh()
    assert 5 in here.denials


async def test_many_changes_are_read_page_by_page(here, database, clock):
    for link_id in range(1, 2 * PAGE + 2):
        database.change(link_id, clock.now())
    await here.revocations.refresh()
    assert len(here.denials) == 2 * PAGE + 1
    assert database.pages == 3


async def test_a_change_that_shows_late_is_not_missed(here, database, clock):
    await here.revocations.refresh()
    clock.advance(100)
    await here.revocations.refresh()
    database.change(5, clock.now() - 20)
    await here.revocations.refresh()
    assert 5 in here.denials
    clock.advance(100)
    await here.revocations.refresh()
    database.pages = 0
    await here.revocations.refresh()
    assert database.pages == 1


async def test_a_batch_is_revoked_as_a_whole(here, database):
    for link_id in (5, 6):
        database.records[link_id] = link(link_id, playlist="p")
    database.records[9] = link(9)
    assert await here.revocations.revoke_playlist("p", BEN, is_admin=False) == 0
    assert await here.revocations.revoke_playlist("p", ANN, is_admin=False) == 2
    assert [number in here.denials for number in (5, 6, 9)] == [True, True, False]


async def test_the_epoch_rises_everywhere_and_never_falls(here, there, database):
    await here.revocations.revoke_all()
    await there.revocations.refresh()
    assert there.denials.epoch == 1
    database.away = True
    await there.revocations.revoke_all()
    database.away = False
    await here.revocations.refresh()
    assert (here.denials.epoch, there.denials.epoch) == (1, 2)
    await there.revocations.refresh()
    await here.revocations.refresh()
    assert (here.denials.epoch, there.denials.epoch) == (2, 2)


async def test_an_epoch_that_is_no_number_changes_nothing(here, database):
    database.kept_values["epoch"] = Value(b"x", 0)
    await here.revocations.refresh()
    assert here.denials.epoch == 0


async def test_the_job_follows_and_goes_on_when_the_database_is_back(here, database, clock):
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)
        await asyncio.sleep(0)

    database.away = True
    async with under_way(lambda: here.revocations.run(pause)):
        await until(lambda: pauses)
        database.away = False
        database.change(5, clock.now())
        await until(lambda: 5 in here.denials)


async def test_without_a_disk_links_are_revoked_all_the_same(tmp_path, database, clock):
    (tmp_path / "file").write_text("no folder")
    database.records[5] = link(5)
    async with Instance(tmp_path / "file" / "x", database, clock) as instance:
        assert await instance.revoke(5)
        await instance.revocations.revoke_all()
        assert 5 in instance.denials
        assert instance.denials.epoch == 1

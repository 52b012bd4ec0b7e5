from __future__ import annotations

import pytest

from telpher.clock import FakeClock
from telpher.core.model import FileInfo, Kind, MessageRef, Viewer
from telpher.core.records import LinkRecord
from telpher.core.tally import DAY, BytesServed, PlayBegun
from telpher.errors import QuotaSpentError, StorageError
from telpher.service.register import Register
from telpher.service.usage import BELIEVED, Allowance, Usage

GIB = 1 << 30
MIDNIGHT = 19_000 * DAY
REF = MessageRef(7, 1)
FILM = FileInfo(99, GIB, "video/mp4", "film.mp4", Kind.VIDEO, 0)


class Database:
    """Link 1 belongs to user 7. `spent` by owner and day; is the journal, too."""

    def __init__(self):
        self.away = False
        self.spent = {}
        self.asked = []
        self.events = []

    async def get(self, link_id):
        if self.away:
            raise StorageError("away")
        self.asked.append(link_id)
        return LinkRecord(1, 7, REF, 1.5, 0, 0, 99, "a", 10) if link_id == 1 else None

    async def used(self, owner, day):
        if self.away:
            raise StorageError("away")
        self.asked.append((owner, day))
        return self.spent.get((owner, day), 0)

    async def kept(self, *events):
        self.events += events

    def note(self, event):
        self.events.append(event)


@pytest.fixture
def clock():
    return FakeClock(MIDNIGHT + 3600)


@pytest.fixture
def database():
    return Database()


def make_usage(database, clock, daily=GIB, by_owner=False):
    register = Register(database, database)
    return Usage(database, register, database, clock, Allowance(daily, by_owner))


@pytest.fixture
def usage(database, clock):
    return make_usage(database, clock)


def test_plays_and_bytes_are_noted(usage, database, clock):
    viewer = Viewer(1, "client")
    usage.begun(viewer, REF, FILM)
    usage.served(viewer, FILM, 10)
    now = clock.now()
    assert database.events == [
        PlayBegun(1, 99, REF, "film.mp4", GIB, now),
        BytesServed(1, 99, 10, now),
    ]


async def test_without_limits_nobody_is_asked_whose_link_it_is(database, clock):
    usage = make_usage(database, clock, daily=0)
    assert await usage.admit(1) is None
    assert database.asked == []


async def test_whose_it_is_is_told_where_another_limit_needs_it(database, clock):
    usage = make_usage(database, clock, daily=0, by_owner=True)
    assert await usage.admit(1) == 7
    assert await usage.admit(2) is None
    assert database.asked == [1, 2]


async def test_who_has_spent_the_quota_waits_till_midnight(usage, database, clock):
    database.spent[7, MIDNIGHT] = GIB
    with pytest.raises(QuotaSpentError) as refusal:
        await usage.admit(1)
    wait = refusal.value.retry_after
    assert DAY - 3600 <= wait <= DAY - 3600 + 1
    clock.advance(wait)
    assert await usage.admit(1) == 7


async def test_what_goes_out_here_counts_at_once_and_the_database_is_asked_now_and_then(
    usage, database, clock
):
    database.spent[7, MIDNIGHT] = GIB - 10
    assert await usage.admit(1) == 7
    usage.served(Viewer(1, "client", owner=7), FILM, 9)
    assert await usage.admit(1) == 7
    usage.served(Viewer(1, "client", owner=7), FILM, 1)
    with pytest.raises(QuotaSpentError):
        await usage.admit(1)
    assert database.asked.count((7, MIDNIGHT)) == 1


async def test_what_other_processes_served_counts_after_a_while(usage, database, clock):
    assert await usage.admit(1) == 7
    database.spent[7, MIDNIGHT] = GIB
    clock.advance(BELIEVED)
    with pytest.raises(QuotaSpentError):
        await usage.admit(1)


async def test_counters_that_are_on_their_way_are_not_forgotten(usage, database, clock):
    assert await usage.admit(1) == 7
    usage.served(Viewer(1, "client", owner=7), FILM, GIB)
    clock.advance(BELIEVED)
    with pytest.raises(QuotaSpentError):
        await usage.admit(1)


async def test_while_the_database_is_away_only_what_went_out_here_counts(usage, database, clock):
    assert await usage.admit(1) == 7
    database.away = True
    clock.advance(BELIEVED)
    assert await usage.admit(1) == 7
    assert await usage.admit(2) is None
    usage.served(Viewer(1, "client", owner=7), FILM, GIB)
    with pytest.raises(QuotaSpentError):
        await usage.admit(1)


async def test_a_new_day_begins_at_nothing(usage, clock):
    usage.served(Viewer(1, "client", owner=7), FILM, GIB)
    with pytest.raises(QuotaSpentError):
        await usage.admit(1)
    clock.advance(DAY)
    assert await usage.admit(1) == 7

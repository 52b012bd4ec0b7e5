from telpher.clock import FakeClock
from telpher.core.model import MessageRef, Person
from telpher.core.records import Totals
from telpher.core.tally import DAY, HOUR, BytesServed, HourSum, PersonSeen, PlayBegun, tally
from telpher.service.figures import figures
from telpher.storage.sqlite import SqliteDatabase

NOW = 500 * DAY + HOUR / 2
REF = MessageRef(7, 1)


def played(at):
    return [PlayBegun(1, 9, REF, "film.mp4", 100, at), BytesServed(1, 9, 50, at)]


async def test_the_last_day_is_told_apart_from_everything(tmp_path):
    events = [PersonSeen(Person(7, "Ada"), NOW)]
    for at in (NOW - 3 * DAY, NOW - DAY + HOUR, NOW):
        events += played(at)
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", FakeClock()) as database:
        await database.ledger.apply("test", 1, tally(events))
        known = await figures(database, NOW)
    assert (known.people.total, known.people.day) == (1, 1)
    assert known.total == Totals(streams=3, unique_files=1, bytes_served=150)
    assert known.day == HourSum(streams=2, bytes_served=100)


async def test_where_nothing_has_happened_everything_is_nothing(tmp_path):
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", FakeClock()) as database:
        known = await figures(database, NOW)
    assert (known.people.total, known.total, known.day) == (0, Totals(), HourSum())

import pytest

from telpher.clock import FakeClock
from telpher.errors import StorageError
from telpher.service.log_level import LOOK_EVERY, LogLevel
from tests.service.values import FakeValues


class Stop(Exception):
    """Ends a job that runs for ever."""


@pytest.fixture
def values():
    return FakeValues()


@pytest.fixture
def applied():
    return []


@pytest.fixture
def level(values, applied):
    return LogLevel(values, FakeClock(), "INFO", applied.append)


async def test_a_choice_holds_and_is_kept_for_the_next_run(level, values, applied):
    assert await level.choose("DEBUG")
    assert (level.current, applied) == ("DEBUG", ["DEBUG"])
    again = []
    after = LogLevel(values, FakeClock(), "INFO", again.append)
    await after.refresh()
    assert (after.current, again) == ("DEBUG", ["DEBUG"])
    assert await after.choose("")
    assert (after.current, values.kept) == ("INFO", {})


async def test_other_instances_follow(level, values, applied):
    looks = []

    async def sleep(seconds):
        looks.append(seconds)
        if len(looks) == 2:
            raise Stop
        await values.put("log level", b"ERROR", 0.0)

    with pytest.raises(Stop):
        await level.run(sleep)
    assert (looks, applied) == ([LOOK_EVERY, LOOK_EVERY], ["ERROR"])


async def test_with_the_database_away_the_choice_waits_for_it(level, values, applied):
    await level.choose("ERROR")
    values.away = True
    assert not await level.choose("DEBUG")
    with pytest.raises(StorageError):
        await level.refresh()
    assert level.current == "DEBUG"
    values.away = False
    await level.refresh()
    assert values.kept["log level"].data == b"DEBUG", "not what was kept before"
    await level.refresh()
    assert applied == ["ERROR", "DEBUG"]


@pytest.mark.parametrize("kept", [b"", b"TRACE", b"\xff\xff", b"debug"])
async def test_what_is_no_level_means_the_setting(level, values, applied, kept):
    await values.put("log level", kept, 0.0)
    await level.refresh()
    assert (level.current, applied) == ("INFO", [])

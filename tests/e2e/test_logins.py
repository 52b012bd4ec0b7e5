"""Logins for file traffic that Telegram ends, refuses or forgets: renewed once, not hammered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from tests.e2e.house import PATIENCE, QUICK, Time, bytes_of, house
from tgfake.cluster import Layout
from tgfake.faults import Fault, Kind

MIB = 1 << 20
SIZE = 6 * MIB + 4321
HOME, ELSEWHERE = 2, 4


@pytest.fixture
async def quick(tmp_path):
    async with house(tmp_path, time=Time(timing=QUICK)) as home:
        yield home


def strike(home, kind: Kind, **how) -> Fault:
    return home.cluster.faults.add(Fault(kind, **{"method": "upload.getFile", "nth": 3, **how}))


@pytest.mark.parametrize("kind", [Kind.UNREGISTERED, Kind.NO_KEY])
async def test_elsewhere_the_authorisation_is_imported_again_once(quick, kind):
    file = quick.add_file(kind="video", size=SIZE, dc=ELSEWHERE)
    url = await quick.share(file)
    counters = quick.cluster.counters
    assert await quick.get(url, 0, 1000) == bytes_of(file, 0, 1000)
    imports, logins = counters.imports, counters.logins
    fault = strike(quick, kind, nth=1)
    assert await quick.get(url) == bytes_of(file)
    assert fault.struck == 1
    grown = max(counters.open_by_dc[ELSEWHERE] - 1, 0)
    assert counters.imports <= imports + 1 + grown
    assert counters.logins == logins


@pytest.mark.parametrize("media", [(), (HOME,)], ids=["own login", "media address"])
@pytest.mark.parametrize("kind", [Kind.UNREGISTERED, Kind.NO_KEY])
async def test_at_home_the_token_logs_in_again(tmp_path, kind, media):
    layout = Layout(media_dcs=media)
    async with house(tmp_path, layout=layout, time=Time(timing=QUICK)) as home:
        file = home.add_file(kind="video", size=SIZE, dc=HOME)
        url = await home.share(file)
        assert await home.get(url, 0, 1000) == bytes_of(file, 0, 1000)
        logins = home.cluster.counters.logins
        fault = strike(home, kind, nth=1)
        assert await home.get(url) == bytes_of(file)
        assert fault.struck == 1
        assert home.cluster.counters.logins <= logins + 4


async def test_bytes_of_an_authorisation_are_exported_again(quick):
    file = quick.add_file(kind="video", size=SIZE, dc=ELSEWHERE)
    url = await quick.share(file)
    fault = quick.cluster.faults.add(Fault(Kind.AUTH_BYTES_INVALID, times=2))
    assert await quick.get(url, 0, 1000) == bytes_of(file, 0, 1000)
    assert fault.struck == 2
    assert quick.cluster.counters.exports == 3


async def test_bytes_that_stay_refused_are_given_up_and_tried_again_later(quick):
    file = quick.add_file(size=1000, dc=ELSEWHERE)
    url = await quick.share(file)
    fault = quick.cluster.faults.add(Fault(Kind.AUTH_BYTES_INVALID, times=None))
    assert (await quick.http.get(url)).status_code in (502, 503)
    assert 3 <= fault.struck <= 12
    quick.cluster.faults.remove(fault)
    assert await quick.get(url) == bytes_of(file)


@pytest.mark.parametrize("dc", [HOME, ELSEWHERE])
async def test_a_destroyed_key_is_an_alarm_and_a_new_login(quick, dc):
    file = quick.add_file(kind="video", size=SIZE, dc=dc)
    url = await quick.share(file)
    assert await quick.get(url, 0, 1000) == bytes_of(file, 0, 1000)
    logins = quick.cluster.counters.logins
    fault = strike(quick, Kind.DUPLICATED)
    with capture_logs() as logs:
        assert await quick.get(url) == bytes_of(file)
    assert fault.struck == 1
    alarms = [each for each in logs if each["log_level"] == "error"]
    assert any(each.get("problem") == "AUTH_KEY_DUPLICATED" for each in alarms)
    assert quick.cluster.counters.logins <= logins + 5
    later = quick.add_file(size=1000, dc=dc)  # people are answered, too
    assert await quick.get(await quick.share(later)) == bytes_of(later)


async def test_a_key_destroyed_again_and_again_is_not_renewed_as_often(quick):
    """Nobody hammers: each new login comes later than the one before."""
    file = quick.add_file(kind="video", size=SIZE, dc=HOME)
    url = await quick.share(file)
    fault = strike(quick, Kind.DUPLICATED, nth=2, times=6)
    logins = quick.cluster.counters.logins
    for start in range(0, SIZE, MIB):
        stop = min(SIZE, start + MIB)
        answer = await quick.http.get(url, headers={"Range": f"bytes={start}-{stop - 1}"})
        assert answer.status_code in (206, 503)
        if answer.status_code == 206:
            assert answer.content == bytes_of(file, start, stop)
    assert fault.struck == 6
    assert quick.cluster.counters.logins <= logins + 2 * fault.struck


@pytest.mark.parametrize("times", [1, 5])
async def test_too_many_connections_are_answered_with_fewer(quick, times):
    file = quick.add_file(kind="video", size=SIZE, dc=ELSEWHERE)
    url = await quick.share(file)
    assert await quick.get(url, 0, 1000) == bytes_of(file, 0, 1000)
    opened = quick.cluster.counters.connections_by_dc[ELSEWHERE]
    fault = strike(quick, Kind.TOO_MANY, nth=2, times=times)
    assert await quick.get(url) == bytes_of(file)
    assert fault.struck == times
    counters = quick.cluster.counters
    # A key of its own for each: two TCP connections where no login is there yet.
    assert counters.connections_by_dc[ELSEWHERE] <= opened + 2 * (times + 3)
    assert counters.open_by_dc[ELSEWHERE] <= 4


async def test_a_file_moves_to_where_there_is_a_login_already(tmp_path):
    """Those are made soon after the start: in mid-stream nothing is agreed on, nothing imported."""
    timing = replace(QUICK, logins_after=0.0)
    async with house(tmp_path, layout=Layout(media_dcs=(1, 2)), time=Time(timing=timing)) as home:
        counters = home.cluster.counters
        await counters.wait(lambda each: each.imports == 4, PATIENCE)
        file = home.add_file(kind="video", size=SIZE, dc=HOME)
        url = await home.share(file)
        assert await home.get(url, 0, 1000) == bytes_of(file, 0, 1000)
        exports, keys = counters.exports, counters.keys_made
        home.world.move_file(file, 1)
        assert await home.get(url) == bytes_of(file)
        assert (counters.exports, counters.keys_made) == (exports, keys)
        assert counters.errors["FILE_MIGRATE_1"] >= 1


async def test_a_data_centre_without_media_address_gets_a_login_for_each_connection_once(quick):
    """However many films are played there one after the other."""
    counters = quick.cluster.counters
    for _ in range(3):
        file = quick.add_file(kind="video", size=SIZE, dc=ELSEWHERE)
        assert await quick.get(await quick.share(file)) == bytes_of(file)
    assert counters.imports == counters.exports <= 4
    assert counters.errors["AUTH_KEY_DUPLICATED"] == 0

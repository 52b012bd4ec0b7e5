"""An extra bot carries bytes out of BIN_CHANNEL; whichever of the two is in trouble, the other
goes on."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from tests.e2e.bots import Pair, two_bots
from tests.e2e.house import PATIENCE, bytes_of
from tgfake.faults import Fault, Kind
from tgfake.world import Account

MIB = 1 << 20


@pytest.fixture
async def pair(tmp_path):
    async with two_bots(tmp_path) as each:
        yield each


def always(pair: Pair, kind: Kind, bot: Account, method: str = "upload.getFile", **how) -> Fault:
    fault = Fault(kind, account=bot.user_id, method=method, times=None, **how)
    return pair.home.cluster.faults.add(fault)


def refusing(pair: Pair, bot: Account, name: str, method: str = "upload.getFile") -> Fault:
    return always(pair, Kind.ERROR, bot, method, code=400, message=name)


@pytest.mark.parametrize("kind", [Kind.FLOOD_WAIT, Kind.FLOOD_PREMIUM_WAIT])
@pytest.mark.parametrize("who", ["main", "extra"])
async def test_a_flood_wait_of_one_bot_is_no_stall(pair, kind, who):
    """The other takes its chunks at once, and it is left alone for the hour it asked for."""
    flood = always(pair, kind, getattr(pair, who), seconds=3600)
    await pair.get_all()
    # The extra bot is asked where the main one has no room, which no test can make certain.
    assert flood.struck > 0 or who == "extra"
    assert flood.struck <= 16


async def test_flooded_both_the_shorter_wait_is_told(pair):
    always(pair, Kind.FLOOD_WAIT, pair.main, seconds=3600)
    always(pair, Kind.FLOOD_WAIT, pair.extra, seconds=300)
    answers = [await pair.home.http.get(pair.url, headers={"Range": "bytes=0-9"})]
    pair.home.world.move_file(pair.file, 5)  # to lanes that were never used
    again = {"Range": f"bytes={6 * MIB}-{7 * MIB}"}
    answers += [await pair.home.http.get(pair.url, headers=again) for _ in range(2)]
    told = [int(each.headers["retry-after"]) for each in answers if each.status_code == 503]
    assert told
    assert all(240 <= seconds <= 300 for seconds in told)


async def test_the_main_bot_carries_on_when_the_extra_one_is_thrown_out(pair):
    """It is noticed when the references go stale, and looked into now and then, not each time."""
    home, calls = pair.home, pair.home.cluster.counters.calls
    home.world.remove_member(pair.channel, pair.extra, ban=True)
    home.world.expire_references(pair.file)
    before = calls["channels.getMessages"]
    await pair.get_all()
    assert calls["channels.getMessages"] <= before + 3


async def test_an_extra_bot_that_never_was_let_in_costs_nothing(tmp_path):
    async with two_bots(tmp_path, at_work=False) as pair:
        pair.home.world.remove_member(pair.channel, pair.extra, ban=True)
        await pair.get_all()
        assert pair.home.cluster.counters.calls["channels.getMessages"] <= 3


@pytest.mark.parametrize(
    "kind", [Kind.RESET, Kind.TIMEOUT, Kind.INTERNAL, Kind.UNREGISTERED, Kind.NO_KEY, Kind.TOO_MANY]
)
@pytest.mark.parametrize("who", ["main", "extra"])
async def test_passing_trouble_of_one_bot_costs_no_more_than_what_was_under_way(pair, kind, who):
    home = pair.home
    bot: Account = getattr(pair, who)
    trouble = Fault(kind, account=bot.user_id, method="upload.getFile", times=4)
    home.cluster.faults.add(trouble)
    home.cluster.counters.reset()
    await pair.get_all()
    assert trouble.struck > 0 or who == "extra"
    needed = len(home.cluster.counters.served(pair.file.id))
    assert home.cluster.counters.get_file_calls <= needed + 16 * (1 + trouble.struck)


async def test_references_that_expire_for_both_are_refreshed_once_by_each(pair):
    home, calls = pair.home, pair.home.cluster.counters.calls
    home.world.expire_references(pair.file)
    before = calls["messages.getMessages"], calls["channels.getMessages"]
    await pair.get_all()
    assert calls["messages.getMessages"] <= before[0] + 1
    assert calls["channels.getMessages"] <= before[1] + 1


@pytest.mark.parametrize("name", ["CHANNEL_PRIVATE", "LOCATION_INVALID"])
@pytest.mark.parametrize("who", ["main", "extra"])
async def test_what_is_refused_to_one_bot_the_other_brings(pair, who, name):
    refusal = refusing(pair, getattr(pair, who), name)
    await pair.get_all()
    assert refusal.struck > 0 or who == "extra"
    assert refusal.struck <= 16


@pytest.mark.parametrize("who", ["main", "extra"])
async def test_a_redirect_to_a_cdn_of_one_bot_is_no_matter(pair, who):
    redirect = always(pair, Kind.CDN_REDIRECT, getattr(pair, who))
    await pair.get_all()
    assert redirect.struck > 0 or who == "extra"
    assert redirect.struck <= 16


async def test_redirected_both_it_is_an_honest_502(pair):
    pair.home.cluster.faults.add(Fault(Kind.CDN_REDIRECT, times=None))
    pair.home.world.move_file(pair.file, 5)
    answers = [
        await pair.home.http.get(pair.url, headers={"Range": f"bytes={start}-{start}"})
        for start in range(0, pair.file.size, MIB)
    ]
    assert {each.status_code for each in answers} <= {206, 502}
    assert any(each.status_code == 502 for each in answers)


async def test_the_link_lives_when_the_message_is_deleted(pair):
    home = pair.home
    home.world.delete(*(seen.message for seen in home.ann.history(home.bot) if seen.file))
    home.world.expire_references(pair.file)
    await pair.get_all()


@pytest.mark.parametrize("who", ["main", "extra"])
async def test_one_that_cannot_look_at_its_message_leaves_it_to_the_other(pair, who):
    """References have gone stale, and one bot gets no new one."""
    method = "messages.getMessages" if who == "main" else "channels.getMessages"
    always(pair, Kind.FLOOD_WAIT, getattr(pair, who), method, seconds=3600)
    pair.home.world.expire_references(pair.file)
    await pair.get_all()


def _is_alarm(entry) -> bool:
    return entry["log_level"] in ("error", "critical") and "AUTH_KEY_DUPLICATED" in str(entry)


async def test_a_destroyed_key_of_one_bot_does_not_stop_the_other(pair):
    bot = pair.main
    duplicated = Fault(Kind.DUPLICATED, account=bot.user_id, method="upload.getFile", nth=2)
    pair.home.cluster.faults.add(duplicated)
    logins = pair.home.cluster.counters.logins
    with capture_logs() as logs:
        await pair.get_all()
        assert duplicated.struck == 1
        # The bytes do not wait for the alarm: it may come after them.
        async with asyncio.timeout(PATIENCE):
            while not any(_is_alarm(entry) for entry in logs):
                await pair.home.http.get("/health/live")
    # One for the main connection, one for each of its file connections at home.
    assert pair.home.cluster.counters.logins <= logins + 5


async def test_a_bot_that_gets_no_login_in_a_data_centre_leaves_it_to_the_other(pair):
    refusing(pair, pair.main, "DC_ID_INVALID", "auth.exportAuthorization")
    pair.home.world.move_file(pair.file, 5)
    await pair.get_all()


async def test_a_refused_token_of_the_main_bot_leaves_files_to_the_extra_one(pair):
    """Its login is over everywhere, and the token no longer lets it in."""
    for method in ("auth.importBotAuthorization", "auth.exportAuthorization"):
        fault = Fault(Kind.ERROR, method=method, times=None, code=400)
        fault.message = "ACCESS_TOKEN_INVALID"
        pair.home.cluster.faults.add(fault)
    pair.home.cluster.faults.add(Fault(Kind.DUPLICATED, account=pair.main.user_id))
    await pair.get_all()


async def test_two_bots_share_the_work_and_fetch_nothing_twice(pair):
    home = pair.home
    home.cluster.counters.reset()
    assert await home.get(pair.url) == bytes_of(pair.file)
    served = home.cluster.counters.served(pair.file.id)
    assert len(served) == len(set(served)) == home.cluster.counters.get_file_calls

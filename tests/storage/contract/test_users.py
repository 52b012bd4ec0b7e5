"""People: found, listed, counted, banned, blocked, merged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telpher.core.records import UserCounts
from telpher.core.tally import LinkMade, PersonSeen
from telpher.storage.base import PageKey
from tests.storage.contract.makers import (
    ANN,
    BOB,
    DAY,
    EVE,
    HOUR,
    NOW,
    all_users,
    denied,
    happen,
    link,
    made,
    person,
    seen,
    user,
)


def ids(users) -> list[int]:
    return [each.person.user_id for each in users]


async def test_nobody_is_known_at_first(database):
    assert await database.users.get(ANN) is None
    assert await database.users.named("ann") is None
    assert await database.users.page(10) == []
    assert await database.users.audience(0, 10) == []
    assert await database.users.counts(NOW) == UserCounts(0, 0, 0, 0, 0, 0, 0)


async def test_everything_that_is_known_of_somebody_comes_back(database):
    whole = user(
        ANN,
        role="moderator",
        banned=True,
        blocked_bot=True,
        first_seen=NOW + 1.25,
        last_seen=NOW + 2.5,
        total_streams=1 << 40,
        total_files=3,
        total_batch_requests=4,
        bytes_served=1 << 60,
    )
    whole = replace(whole, person=replace(whole.person, is_premium=True, is_bot=True))
    await database.users.merge([whole])
    assert await database.users.get(ANN) == whole


async def test_a_name_is_found_in_any_case(database):
    await seen(database, person(ANN, username="Ann_Lee"), person(BOB, username="bob"))
    for name in ("ann_lee", "ANN_LEE", "Ann_Lee"):
        assert (await database.users.named(name)).person.user_id == ANN
    assert await database.users.named("ann_le") is None


@pytest.mark.parametrize("pattern", ["a%", "_nn", "ann.*", ".", "%", "^ann$", "a[n]n", "*"])
async def test_a_name_is_no_pattern(database, pattern):
    await seen(database, person(ANN, username="ann"))
    assert await database.users.named(pattern) is None


async def test_nobody_has_the_empty_name(database):
    await seen(database, person(ANN, username=""))
    assert await database.users.named("") is None


async def test_of_several_with_one_name_the_newest_is_found(database):
    events = [(ANN, NOW), (BOB, NOW + 2), (EVE, NOW + 1)]
    await happen(database, *(PersonSeen(person(each, username="Moved"), at) for each, at in events))
    assert (await database.users.named("moved")).person.user_id == BOB


async def test_a_name_that_was_given_up_finds_nobody(database):
    await happen(database, PersonSeen(person(ANN, username="old"), NOW))
    await happen(database, PersonSeen(person(ANN, username="new"), NOW + 1), number=2)
    assert await database.users.named("old") is None
    assert (await database.users.named("new")).person.user_id == ANN


async def test_pages_are_newest_first_with_nobody_twice_or_left_out(database):
    times = {1: 5.0, 2: 9.0, 3: 5.0, 4: 5.0, 5: 5.0, 6: 1.0, 7: 9.0}
    await database.users.merge([user(each, at=NOW + at) for each, at in times.items()])
    for limit in (1, 2, 3, 7, 100):
        assert ids(await all_users(database, limit)) == [7, 2, 5, 4, 3, 1, 6]


async def test_a_page_begins_after_its_key_whether_that_row_is_there_or_not(database):
    await database.users.merge([user(each, at=NOW + each) for each in (1, 2, 4)])
    page = database.users.page
    assert ids(await page(10, PageKey(NOW + 3, 3))) == [2, 1]
    assert ids(await page(10, PageKey(NOW + 2, 2))) == [1]
    assert ids(await page(10, PageKey(NOW + 2, 3))) == [2, 1]
    assert ids(await page(0)) == ids(await page(0, PageKey(NOW + 9, 1))) == []


async def test_who_comes_meanwhile_does_not_move_the_pages(database):
    await database.users.merge([user(each, at=NOW + each) for each in (1, 2, 3)])
    first = await database.users.page(2)
    await database.users.merge([user(4, at=NOW + 4)])
    assert ids(await database.users.page(2, PageKey(NOW + 2, 2))) == [1]
    assert ids(first) == [3, 2]


async def test_people_are_counted_by_when_they_were_seen_and_by_their_marks(database):
    ages = {1: 0, 2: DAY, 3: DAY + 1, 4: 7 * DAY, 5: 7 * DAY + 1, 6: 30 * DAY, 7: 30 * DAY + 1}
    await database.users.merge([user(each, at=NOW - age) for each, age in ages.items()])
    for banned in (1, 2):
        await database.users.set_banned(banned, True, NOW)
    await database.users.set_blocked([2, 3, 4], True)
    assert await database.users.counts(NOW) == UserCounts(
        total=7, day=2, week=4, month=6, banned=2, blocked=3, reachable=3
    )


@pytest.mark.parametrize("late", [0, 0.25, 1, 1799, 3599.75])
async def test_people_are_counted_to_the_second_wherever_in_an_hour_it_is(database, late):
    now = NOW // HOUR * HOUR + late
    near = (-HOUR, -0.25, 0, 0.25, HOUR)
    seen_at = [now - days * DAY + each for days in (1, 7, 30) for each in (*near, -late, -HOUR)]
    people = [user(number, at=at) for number, at in enumerate(seen_at, 1)]
    await database.users.merge([*people, user(99, last_seen=0.0)])
    since = [sum(at >= now - days * DAY for at in seen_at) for days in (1, 7, 30)]
    total = len(seen_at) + 1
    assert await database.users.counts(now) == UserCounts(total, *since, 0, 0, total)


async def test_whoever_comes_back_is_counted_once(database):
    for number, ago in enumerate((40 * DAY, 8 * DAY, 2 * DAY, DAY, DAY - 1, 0, 9 * DAY), 1):
        await happen(database, PersonSeen(person(ANN), NOW - ago), number=number)
    assert await database.users.counts(NOW) == UserCounts(1, 1, 1, 1, 0, 0, 1)
    later = await database.users.counts(NOW + 7 * DAY + 1)
    assert (later.day, later.week, later.month) == (0, 0, 1)


async def test_a_broadcast_goes_to_whom_it_may_by_ascending_id(database):
    everybody = [3, 1 << 40, 2, 5, 4, -7]
    await database.users.merge([user(each) for each in everybody])
    await database.users.set_banned(3, True, NOW)
    await database.users.set_blocked([4], True)
    audience = database.users.audience
    assert await audience(-100, 10) == [-7, 2, 5, 1 << 40]
    assert await audience(-100, 2) == [-7, 2]
    assert await audience(2, 10) == [5, 1 << 40]
    assert await audience(1 << 40, 10) == []
    assert await audience(0, 0) == []
    await database.users.set_banned(3, False, NOW)
    await database.users.set_blocked([4], False)
    assert await audience(2, 10) == [3, 4, 5, 1 << 40]


async def test_a_ban_kills_all_links_and_a_pardon_brings_them_back(database):
    await made(database, link(1), link(2), link(3, BOB))
    await database.links.revoke(2, NOW + 1)
    assert await database.users.set_banned(ANN, True, NOW + 5)
    assert (await database.users.get(ANN)).banned
    assert (await database.links.get(1)).owner_banned
    assert not (await database.links.get(3)).owner_banned
    assert await denied(database, NOW + 5) == {1: True}
    assert await database.users.set_banned(ANN, False, NOW + 9)
    assert not (await database.users.get(ANN)).banned
    assert not (await database.links.get(1)).owner_banned
    assert await denied(database, NOW + 9) == {1: False}
    assert await denied(database) == {1: False, 2: True}


async def test_a_second_ban_changes_nothing(database):
    await made(database, link(1))
    for at in (NOW + 5, NOW + 6):
        assert await database.users.set_banned(ANN, True, at)
    [only] = await database.links.denials(0, 10)
    assert only.changed == NOW + 5


async def test_a_stranger_can_be_banned_before_they_come(database):
    assert not await database.users.set_banned(EVE, True, NOW)
    assert await database.users.set_banned(EVE, True, NOW)
    known = await database.users.get(EVE)
    assert known.banned
    assert known.join_date == known.first_seen == known.last_seen == 0
    assert await happen(database, PersonSeen(person(EVE, "Eve"), NOW), LinkMade(link(1, EVE))) == [
        EVE
    ]
    known = await database.users.get(EVE)
    assert (known.banned, known.join_date, known.person.first_name) == (True, NOW, "Eve")
    assert await denied(database) == {1: True}
    assert await database.users.set_banned(EVE, False, NOW + 1)
    assert await denied(database) == {1: False}


async def test_pardoning_a_stranger_makes_nobody(database):
    assert not await database.users.set_banned(EVE, False, NOW)
    assert await database.users.get(EVE) is None


async def test_a_mark_for_whom_nothing_reaches_is_taken_away_by_a_sighting(database):
    await seen(database, person(ANN), person(BOB))
    await database.users.set_blocked({ANN, BOB, EVE}, True)
    assert (await database.users.get(ANN)).blocked_bot
    assert await database.users.get(EVE) is None
    await happen(database, PersonSeen(person(ANN), NOW + 1))
    assert not (await database.users.get(ANN)).blocked_bot
    assert (await database.users.get(BOB)).blocked_bot
    await database.users.set_blocked([BOB], False)
    assert not (await database.users.get(BOB)).blocked_bot
    await database.users.set_blocked([], True)


async def test_counts_alone_do_not_take_the_mark_away(database):
    await seen(database, person(ANN))
    await database.users.set_blocked([ANN], True)
    await made(database, link(1, ANN))
    assert (await database.users.get(ANN)).blocked_bot


@pytest.mark.parametrize("swap", [False, True])
async def test_merging_does_not_depend_on_the_order(database, swap):
    one = user(ANN, "New", NOW, last_seen=NOW + 9, total_files=5, banned=True)
    two = user(ANN, "Old", NOW - 5, last_seen=NOW, bytes_served=2, blocked_bot=True)
    for each in (two, one) if swap else (one, two):
        await database.users.merge([each])
    expected = user(
        ANN,
        "New",
        NOW - 5,
        last_seen=NOW + 9,
        total_files=5,
        bytes_served=2,
        banned=True,
        blocked_bot=True,
    )
    assert await database.users.get(ANN) == expected


async def test_a_role_that_is_known_stays(database):
    await database.users.merge([user(ANN, role="vip")])
    await database.users.merge([user(ANN, at=NOW + 1, role="user")])
    assert (await database.users.get(ANN)).role == "vip"


async def test_merging_says_how_many_were_new_and_may_be_repeated(database):
    await seen(database, person(ANN))
    users = [user(ANN), user(BOB), user(EVE), user(EVE, at=NOW + 1)]
    assert await database.users.merge(users) == 2
    before = await all_users(database)
    assert await database.users.merge(users) == 0
    assert await all_users(database) == before
    assert await database.users.merge([]) == 0


async def test_no_time_is_not_the_earliest(database):
    await database.users.merge([user(ANN, at=NOW)])
    await database.users.merge([user(ANN, at=0)])
    known = await database.users.get(ANN)
    assert (known.join_date, known.first_seen, known.last_seen) == (NOW, NOW, NOW)


async def test_merging_a_ban_kills_the_links(database):
    await made(database, link(1, ANN))
    await database.users.merge([user(ANN, banned=True)])
    assert await denied(database) == {1: True}
    assert (await database.links.get(1)).owner_banned


async def test_merging_does_not_pardon(database):
    await database.users.set_banned(ANN, True, NOW)
    await seen(database, person(BOB))
    await database.users.set_blocked([BOB], True)
    await database.users.merge([user(ANN), user(BOB)])
    assert (await database.users.get(ANN)).banned
    assert (await database.users.get(BOB)).blocked_bot


async def test_who_was_merged_is_not_new_when_they_come(database):
    await database.users.merge([user(ANN, at=NOW - 100), user(BOB, at=0)])
    both = [PersonSeen(person(each), NOW) for each in (ANN, BOB)]
    assert await happen(database, *both) == [BOB]
    known = await database.users.get(ANN)
    assert (known.join_date, known.last_seen) == (NOW - 100, NOW)

"""Links: kept, listed, revoked, and what is told to those who check them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telpher.core.model import Kind, MessageRef
from telpher.core.records import Denial
from telpher.core.tally import BytesServed, LinkMade, PersonSeen, PlayBegun
from telpher.storage.base import PageKey
from tests.storage.contract.makers import (
    ANN,
    BOB,
    CHANNEL,
    NOW,
    all_denials,
    all_links,
    denied,
    every_link,
    happen,
    link,
    links_of_file,
    made,
    person,
)


def ids(links) -> list[int]:
    return [each.link_id for each in links]


async def test_no_link_is_known_at_first(database):
    assert await database.links.get(1) is None
    assert await database.links.of_owner(ANN, 10) == []
    assert await database.links.of_file(5, 10) == []
    assert await database.links.page(10) == []
    assert await database.links.denials(0, 10) == []


@pytest.mark.parametrize("kind", Kind)
async def test_everything_of_a_link_comes_back(database, kind):
    whole = link(
        (1 << 63) - 1,
        owner=1 << 52,
        ref=MessageRef(CHANNEL, (1 << 31) - 1),
        created=NOW + 0.5,
        document_id=-(1 << 63),
        size=1 << 52,
        kind=kind,
        playlist="p1",
    )
    await made(database, whole)
    assert await database.links.get(whole.link_id) == whole


async def test_what_it_served_is_added_up(database):
    await made(database, link(1))
    await happen(
        database,
        PlayBegun(1, 9, MessageRef(ANN, 1), "x", 1, NOW + 3),
        BytesServed(1, 9, 100, NOW + 4),
        BytesServed(1, 9, 11, NOW + 5),
    )
    assert await database.links.get(1) == replace(
        link(1), plays=1, bytes_served=111, last_play=NOW + 3
    )
    await happen(database, PlayBegun(1, 9, MessageRef(ANN, 1), "x", 1, NOW + 2), number=2)
    assert await database.links.get(1) == replace(
        link(1), plays=2, bytes_served=111, last_play=NOW + 3
    )


async def test_an_owners_links_are_newest_first_with_none_twice_or_left_out(database):
    times = {1: 5.0, 2: 9.0, 3: 5.0, 4: 5.0, 5: 1.0}
    await made(database, *(link(each, created=NOW + at) for each, at in times.items()))
    await made(database, link(6, BOB), writer="bob's")
    for limit in (1, 2, 3, 5, 100):
        assert ids(await all_links(database, ANN, limit)) == [2, 4, 3, 1, 5]
    assert ids(await all_links(database, BOB)) == [6]
    assert await database.links.of_owner(ANN, 0) == []
    assert ids(await database.links.of_owner(ANN, 9, PageKey(NOW + 5, 4))) == [3, 1, 5]


async def test_what_is_revoked_is_no_longer_listed(database):
    await made(database, *(link(each, created=NOW + each) for each in (1, 2, 3)))
    assert await database.links.revoke(2, NOW + 10)
    assert ids(await all_links(database, ANN)) == [3, 1]
    assert (await database.links.get(2)).revoked == NOW + 10


async def test_a_ban_leaves_the_list_as_it_is(database):
    await made(database, link(1))
    await database.users.set_banned(ANN, True, NOW)
    assert await database.links.of_owner(ANN, 9) == [replace(link(1), owner_banned=True)]


async def test_revoking_is_for_good_and_may_be_repeated(database):
    await made(database, link(1))
    assert await database.links.revoke(1, NOW + 1)
    assert await database.links.revoke(1, NOW + 2)
    assert (await database.links.get(1)).revoked == NOW + 1
    assert await all_denials(database) == [Denial(1, NOW + 1, True, link(1).expires)]


async def test_only_ones_own_links_can_be_revoked_where_an_owner_is_named(database):
    await made(database, link(1))
    assert not await database.links.revoke(1, NOW, owner=BOB)
    assert not (await database.links.get(1)).revoked
    assert await database.links.revoke(1, NOW, owner=ANN)
    assert not await database.links.revoke(1, NOW, owner=BOB)
    assert not await database.links.revoke(2, NOW)


async def test_the_links_of_a_batch_are_revoked_together(database):
    batch = [link(each, playlist="p1") for each in (1, 2, 3)]
    await made(database, *batch, link(4, playlist="p2"), link(5), link(6, BOB, playlist="p1"))
    await database.links.revoke(2, NOW)
    revoke = database.links.revoke_playlist
    assert await revoke("p1", NOW + 1, owner=ANN) == 2
    assert await revoke("p1", NOW + 2, owner=ANN) == 0
    assert await denied(database) == {1: True, 2: True, 3: True}
    assert await revoke("p1", NOW + 3) == 1
    assert await denied(database, NOW + 3) == {6: True}


async def test_single_links_are_no_batch(database):
    await made(database, link(1), link(2))
    assert await database.links.revoke_playlist("", NOW) == 0
    assert await database.links.revoke_playlist("unknown", NOW) == 0
    assert await denied(database) == {}


async def test_changes_come_oldest_first_and_from_a_time_on(database):
    await made(database, *(link(each) for each in range(1, 7)))
    times = {1: 5.0, 2: 3.0, 3: 5.0, 4: 5.0, 5: 8.0}
    for each, at in times.items():
        await database.links.revoke(each, NOW + at)
    for limit in (1, 2, 3, 100):
        assert ids(await all_denials(database, limit=limit)) == [2, 1, 3, 4, 5]
    assert ids(await all_denials(database, NOW + 5)) == [1, 3, 4, 5]
    assert ids(await all_denials(database, NOW + 5.5)) == [5]
    assert ids(await database.links.denials(NOW + 4, 9, PageKey(NOW + 5, 1))) == [3, 4, 5]
    assert ids(await database.links.denials(NOW + 6, 9, PageKey(NOW + 5, 1))) == [5]
    assert await database.links.denials(0, 0) == []


async def test_a_change_says_when_the_link_would_have_expired(database):
    await made(database, link(1, expires=0), link(2, expires=1 << 40))
    for each in (1, 2):
        await database.links.revoke(each, NOW)
    assert await all_denials(database) == [
        Denial(1, NOW, True, 0),
        Denial(2, NOW, True, 1 << 40),
    ]


async def test_a_revoked_link_stays_dead_when_its_owner_is_pardoned(database):
    await made(database, link(1), link(2))
    await database.users.set_banned(ANN, True, NOW + 1)
    await database.links.revoke(1, NOW + 2)
    await database.users.set_banned(ANN, False, NOW + 3)
    assert await denied(database) == {1: True, 2: False}


async def test_a_link_made_for_a_banned_owner_is_dead(database):
    await database.users.set_banned(ANN, True, NOW)
    await made(database, link(1), link(2, BOB))
    assert (await database.links.get(1)).owner_banned
    assert await denied(database) == {1: True}


async def test_a_link_is_made_once(database):
    await made(database, link(1))
    await database.links.revoke(1, NOW)
    await happen(database, LinkMade(link(1, name="another", owner=BOB)))
    known = await database.links.get(1)
    assert (known.name, known.owner, known.revoked) == (link(1).name, ANN, NOW)


async def test_many_links_die_with_their_owner(database):
    many = [link(each, created=NOW + each) for each in range(1, 501)]
    await happen(database, PersonSeen(person(ANN), NOW), *map(LinkMade, many))
    await database.users.set_banned(ANN, True, NOW + 900)
    found = await all_denials(database, NOW + 900, limit=200)
    assert ids(found) == list(range(1, 501))
    assert all(each.denied for each in found)


async def test_all_links_and_those_of_a_file_are_listed_newest_first(database):
    times = {1: 5.0, 2: 9.0, 3: 5.0, 4: 5.0, 5: 1.0, 6: 7.0}
    owners = {1: ANN, 2: BOB, 3: ANN, 4: BOB, 5: ANN, 6: BOB}
    await made(
        database,
        *(
            link(each, owners[each], NOW + at, document_id=5 if each < 4 else 6)
            for each, at in times.items()
        ),
    )
    await database.links.revoke(6, NOW)
    for limit in (1, 2, 9):
        assert ids(await every_link(database, limit)) == [2, 4, 3, 1, 5]
        assert ids(await links_of_file(database, 5, limit)) == [2, 3, 1]
        assert ids(await links_of_file(database, 6, limit)) == [4, 5]
    page = database.links.page
    assert ids(await page(9, PageKey(NOW + 5, 3))) == [1, 5]
    assert ids(await page(9, PageKey(NOW + 5, 1 << 70))) == [4, 3, 1, 5]
    assert await page(0) == await database.links.of_file(5, 0) == []
    assert await database.links.of_file(1 << 63, 9) == []


async def test_listed_links_tell_whether_their_owners_are_banned(database):
    await made(database, link(1), link(2, BOB))
    await database.users.set_banned(BOB, True, NOW)
    assert {each.link_id: each.owner_banned for each in await every_link(database)} == {
        1: False,
        2: True,
    }


async def test_what_is_changed_without_a_time_changes_when_it_is_for_the_database(database):
    await made(database, link(1), link(2, playlist="p"), link(3, BOB))
    before = await database.now()
    assert before > 0
    await database.links.revoke(1)
    await database.links.revoke_playlist("p")
    await database.users.set_banned(BOB, True)
    after = await database.now()
    changes = await all_denials(database)
    assert {each.link_id for each in changes} == {1, 2, 3}
    assert all(before <= each.changed <= after for each in changes)

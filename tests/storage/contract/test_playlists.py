"""Batches, small and huge."""

from __future__ import annotations

import pytest

from telpher.core.model import Kind
from tests.storage.contract.makers import BOB, entry, playlist


def same(one, other) -> bool:
    """Entries may be any sequence."""
    heads = [(each.playlist_id, each.owner, each.title, each.created) for each in (one, other)]
    return heads[0] == heads[1] and list(one.entries) == list(other.entries)


async def test_a_playlist_comes_back_whole(database):
    assert await database.playlists.get("p1") is None
    await database.playlists.put(playlist("p1"))
    await database.playlists.put(playlist("p2", count=1, owner=BOB))
    assert same(await database.playlists.get("p1"), playlist("p1"))
    assert same(await database.playlists.get("p2"), playlist("p2", count=1, owner=BOB))
    assert await database.playlists.get("P1") is None


async def test_one_of_the_same_id_is_replaced(database):
    await database.playlists.put(playlist("p1", count=5))
    second = playlist("p1", count=2, title="Another", owner=BOB)
    await database.playlists.put(second)
    assert same(await database.playlists.get("p1"), second)


@pytest.mark.parametrize("count", [0, 10_000])
async def test_it_may_be_empty_or_huge(database, count):
    long = playlist(count=count)
    await database.playlists.put(long)
    assert same(await database.playlists.get("p1"), long)


async def test_entries_are_of_every_kind_and_in_order(database):
    entries = [entry(9 - number, kind=kind) for number, kind in enumerate(Kind)]
    await database.playlists.put(playlist(entries=entries))
    assert list((await database.playlists.get("p1")).entries) == entries

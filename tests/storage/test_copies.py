"""The copies' places and queue, in SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from telpher.core.model import MessageRef
from telpher.errors import StorageError
from telpher.storage.copies import SqliteCopyStore

ANN, BOB = 7, 8
CHANNEL = -1000000000005


def ref(number: int, chat: int = ANN) -> MessageRef:
    return MessageRef(chat, number)


def copy(number: int) -> MessageRef:
    return MessageRef(CHANNEL, number)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "work" / "copies.sqlite3"


@pytest.fixture
async def store(path: Path):
    async with SqliteCopyStore(path) as store:
        yield store


async def test_nothing_is_known_at_first(store):
    assert await store.place(ref(1)) is None
    assert await store.wanted(100) == []


async def test_what_is_wanted_comes_oldest_first_and_by_chat(store):
    await store.want([ref(5), ref(3)])
    await store.want([ref(1, BOB)])
    await store.want([ref(4)])
    assert await store.wanted(100) == [ref(5), ref(3), ref(4)]
    assert await store.wanted(2) == [ref(5), ref(3)]
    await store.keep({ref(5): copy(1), ref(3): copy(2), ref(4): copy(3)})
    assert await store.wanted(100) == [ref(1, BOB)]


async def test_wanting_again_changes_nothing(store):
    await store.want([ref(1), ref(2), ref(1)])
    await store.want([ref(1)])
    assert await store.wanted(100) == [ref(1), ref(2)]


async def test_a_place_is_kept_and_no_longer_wanted(store):
    await store.want([ref(1), ref(2)])
    await store.keep({ref(1): copy(9)})
    assert await store.place(ref(1)) == copy(9)
    assert await store.place(ref(1, BOB)) is None
    assert await store.wanted(100) == [ref(2)]
    await store.want([ref(1)])
    assert await store.wanted(100) == [ref(2)]


async def test_what_is_given_up_has_no_place_and_is_not_wanted_again(store):
    await store.want([ref(1)])
    await store.give_up(ref(1), "the message is gone")
    await store.want([ref(1)])
    assert await store.place(ref(1)) is None
    assert await store.wanted(100) == []


async def test_a_postponed_message_lets_the_others_go_first(store):
    await store.want([ref(1), ref(2), ref(1, BOB)])
    await store.postpone(ref(1))
    assert await store.wanted(100) == [ref(2), ref(1)]
    await store.postpone(ref(2))
    assert await store.wanted(100) == [ref(1, BOB)]
    await store.postpone(ref(9))
    assert await store.wanted(100) == [ref(1, BOB)]


async def test_numbers_as_large_as_telegrams_and_larger(store):
    far = MessageRef(-(10**12 + (1 << 52)), (1 << 31) - 1)
    await store.keep({far: copy(1)})
    assert await store.place(far) == copy(1)
    assert await store.place(MessageRef(1 << 70, 1 << 70)) is None


async def test_everything_is_there_after_a_restart(path: Path):
    async with SqliteCopyStore(path) as store:
        await store.want([ref(1), ref(2), ref(3)])
        await store.keep({ref(1): copy(9)})
        await store.give_up(ref(2), "gone")
    async with SqliteCopyStore(path) as store:
        assert await store.place(ref(1)) == copy(9)
        assert await store.wanted(100) == [ref(3)]


async def test_two_processes_may_share_the_file(store, path: Path):
    async with SqliteCopyStore(path) as other:
        await store.keep({ref(1): copy(9)})
        assert await other.place(ref(1)) == copy(9)


async def test_a_closed_store_refuses(path: Path):
    async with SqliteCopyStore(path) as store:
        pass
    await store.close()
    with pytest.raises(StorageError):
        await store.place(ref(1))

"""Copies of messages: wanted, kept, given up."""

from __future__ import annotations

from telpher.core.model import MessageRef
from tests.storage.contract.makers import ANN, BOB, CHANNEL


def ref(number: int, chat: int = ANN) -> MessageRef:
    return MessageRef(chat, number)


def copy(number: int) -> MessageRef:
    return MessageRef(CHANNEL, number)


async def test_nothing_is_known_at_first(database):
    assert await database.copies.place(ref(1)) is None
    assert await database.copies.wanted(100) == []


async def test_what_is_wanted_comes_oldest_first_and_by_chat(database):
    copies = database.copies
    await copies.want([ref(5), ref(3)])
    await copies.want([ref(1, BOB)])
    await copies.want([ref(4)])
    assert await copies.wanted(100) == [ref(5), ref(3), ref(4)]
    assert await copies.wanted(2) == [ref(5), ref(3)]
    assert await copies.wanted(0) == []
    await copies.keep({ref(5): copy(1), ref(3): copy(2), ref(4): copy(3)})
    assert await copies.wanted(100) == [ref(1, BOB)]


async def test_wanting_again_changes_nothing(database):
    await database.copies.want([ref(1), ref(2), ref(1)])
    await database.copies.want([ref(1)])
    await database.copies.want([])
    assert await database.copies.wanted(100) == [ref(1), ref(2)]


async def test_a_place_is_kept_and_no_longer_wanted(database):
    copies = database.copies
    await copies.want([ref(1), ref(2)])
    await copies.keep({ref(1): copy(9)})
    await copies.keep({})
    assert await copies.place(ref(1)) == copy(9)
    assert await copies.place(ref(1, BOB)) is None
    assert await copies.wanted(100) == [ref(2)]
    await copies.want([ref(1)])
    assert await copies.wanted(100) == [ref(2)]


async def test_what_is_given_up_has_no_place_and_is_not_wanted_again(database):
    copies = database.copies
    await copies.want([ref(1)])
    await copies.give_up(ref(1), "the message is gone")
    await copies.give_up(ref(2), "never wanted")
    await copies.want([ref(1), ref(2)])
    assert await copies.place(ref(1)) is None
    assert await copies.wanted(100) == []


async def test_a_postponed_message_lets_the_others_go_first(database):
    copies = database.copies
    await copies.want([ref(1), ref(2), ref(1, BOB)])
    await copies.postpone(ref(1))
    assert await copies.wanted(100) == [ref(2), ref(1)]
    await copies.postpone(ref(2))
    assert await copies.wanted(100) == [ref(1, BOB)]
    await copies.postpone(ref(9))
    assert await copies.wanted(100) == [ref(1, BOB)]


async def test_a_whole_album_is_kept_at_once(database):
    refs = [ref(number) for number in range(1, 101)]
    await database.copies.want(refs)
    assert await database.copies.wanted(1000) == refs
    await database.copies.keep({each: copy(each.message_id) for each in refs})
    assert await database.copies.place(ref(100)) == copy(100)
    assert await database.copies.wanted(1000) == []

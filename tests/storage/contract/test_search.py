"""People who are looked for: by id, and by the beginnings of their names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telpher.core.tally import PersonSeen
from telpher.storage.base import FoundUsers
from telpher.storage.search import Field, SearchKey
from tests.storage.contract.makers import ANN, BOB, EVE, NOW, found, happen, person, seen, user


def somebody(user_id: int, first: str = "", last: str = "", username: str = ""):
    return person(user_id, first, last_name=last, username=username)


async def ids(database, text: str, limit: int = 2) -> list[int]:
    return [each.person.user_id for each in await found(database, text, limit)]


@pytest.mark.parametrize(
    "text", ["", "  ", "@", "\0", "nobody", "@nobody", "99", "-", "%", "9" * 30]
)
async def test_nobody_is_found_by_what_nobody_is_called(database, text):
    await seen(database, somebody(ANN, "Ann", "Lee", "annie"), somebody(BOB))
    assert await ids(database, text) == []


async def test_who_has_that_id_comes_before_who_is_called_so(database):
    await seen(database, somebody(7, "Ann"), somebody(8, "7 of 9"), somebody(9, "x", "7even"))
    assert await ids(database, "7") == [7, 8, 9]
    assert await ids(database, " 8 ") == [8]
    assert await ids(database, "@7") == []


async def test_whoever_has_the_id_is_not_found_by_their_name_again(database):
    await seen(database, somebody(7, "7", "7", "7up"), somebody(8, "77"))
    assert await ids(database, "7") == [7, 8]


async def test_names_are_found_by_their_beginning_in_any_case(database):
    await seen(database, somebody(1, "Ann", "Lee", "Annie"), somebody(2, "Joann", "Öz"))
    for text in ("ann", "ANN", "Ann L", "ann  lee", "lee", "@annie", "@ANN", " Ann ", "annie"):
        assert await ids(database, text) == [1]
    for text in ("nn", "@lee", "@ann lee", "ee", "lee ann"):
        assert await ids(database, text) == []
    assert await ids(database, "öZ") == await ids(database, "o\u0308z") == [2]


async def test_usernames_then_names_then_last_names_each_in_order_and_nobody_twice(database):
    await seen(
        database,
        somebody(1, "Zed", "Anders"),
        somebody(2, "Anna", "Andersson", "anna_2"),
        somebody(3, "Andy", "Anders"),
        somebody(4, "Bob", "Lee", "an"),
        somebody(5, "Anna", "A"),
        somebody(6, "Bob", "Antonov"),
        somebody(7, "Anna", "A"),
        somebody(8, "Bob", "Lee", "bob"),
    )
    for limit in (1, 2, 3, 100):
        assert await ids(database, "an", limit) == [4, 2, 3, 5, 7, 1, 6]


@pytest.mark.parametrize("text", ["a%", "_nn", "ann.*", ".", "^ann$", "a[n]n", "*", "$where"])
async def test_what_is_typed_is_no_pattern(database, text):
    await seen(database, somebody(ANN, "Ann", "Lee", "ann"))
    assert await ids(database, text) == []
    await seen(database, somebody(BOB, f"{text} and more"), writer="again")
    assert await ids(database, text) == [BOB]


async def test_a_name_that_was_given_up_finds_nobody(database):
    await happen(database, PersonSeen(somebody(ANN, "Old", "Name", "old"), NOW))
    await happen(database, PersonSeen(somebody(ANN, "New", "", "new"), NOW + 1), number=2)
    assert await ids(database, "old") == await ids(database, "name") == []
    assert await ids(database, "new") == [ANN]


async def test_whoever_was_merged_is_found(database):
    await database.users.merge([replace(user(EVE), person=somebody(EVE, "Eve", "Ng", "eve"))])
    assert await ids(database, "e") == await ids(database, "ng") == [EVE]


async def test_a_page_goes_on_after_its_key_whether_that_one_is_there_or_not(database):
    await seen(database, *(somebody(each, "Ann") for each in (1, 2, 4)))
    search = database.users.search

    async def after(number: int, word: str = "ann") -> list[int]:
        page = await search("ann", 9, SearchKey(Field.NAME, word, number))
        assert page.next is None
        return [each.person.user_id for each in page.users]

    assert await after(3) == [4]
    assert await after(2) == [4]
    assert await after(1 << 70) == []
    assert await after(-(1 << 70)) == [1, 2, 4]
    assert await after(9, "a") == [1, 2, 4]
    assert await after(0, "anna") == []
    assert await after(0, "\ud800") == []
    assert await search("ann", 0) == FoundUsers([], None)


async def test_a_broken_or_endless_text_finds_nobody(database):
    await seen(database, somebody(ANN, "Ann"))
    for text in ("\ud800", "ann" * 5000, "\U0010ffff" * 64, "1" * 19):
        assert await ids(database, text) == []


async def test_the_last_characters_there_are_can_be_looked_for(database):
    names = ["\U0010ffff", "\U0010ffff\U0010ffff", "a\U0010ffff", "b", "\ud7ff", "\ue000"]
    await seen(database, *(somebody(number, name) for number, name in enumerate(names, 1)))
    assert await ids(database, "\U0010ffff") == [1, 2]
    assert await ids(database, "a\U0010ffff") == await ids(database, "a") == [3]
    assert await ids(database, "\ud7ff") == [5]
    assert await ids(database, "\ue000") == [6]

"""Whom the visitor can be, and which chats these have."""

import pytest

from telpher.demo.chat.cast import MOST_SHOWN, Cast
from telpher.demo.scene import Scene


def test_ann_is_a_user_and_ada_an_admin_who_reads_the_reports(scene: Scene, cast: Cast) -> None:
    ann, ada = cast.facts()
    assert (ann["role"], ada["role"]) == ("user", "admin")
    titles = {each["key"]: [chat["title"] for chat in each["chats"]] for each in (ann, ada)}
    assert titles["ann"] == ["telpher", "Film shelf", "Film club"]
    assert titles["ada"] == [*titles["ann"], "telpher log"]


def test_who_writes_where(scene: Scene, cast: Cast) -> None:
    may = {(who, place.id): place.may_write for who, place in cast.places()}
    assert may["ann", scene.bot.user_id]
    assert may["ann", scene.club.peer.marked]
    assert not may["ann", scene.shelf.peer.marked]
    assert may["ada", scene.log.peer.marked]


def test_a_chat_that_is_not_on_the_list_is_not_there(scene: Scene, cast: Cast) -> None:
    for who, chat in (("ann", scene.log.peer.marked), ("ben", scene.bot.user_id), ("ann", 1)):
        with pytest.raises(LookupError):
            cast.place(who, chat)


async def test_the_newest_messages_are_shown(scene: Scene, cast: Cast) -> None:
    for number in range(MOST_SHOWN + 5):
        await scene.ann.send(scene.bot, str(number))
    texts = [seen.text for seen in cast.place("ann", scene.bot.user_id).seen()]
    assert texts == [str(number) for number in range(5, MOST_SHOWN + 5)]


def test_the_world_holds_what_the_tour_speaks_of(scene: Scene) -> None:
    assert scene.shelf.username == "film_shelf"
    assert [seen.file for seen in scene.ben.history(scene.shelf)] == list(scene.files)
    assert scene.ben.history(scene.club)[0].file is scene.files[0]
    assert scene.club.has(scene.bot.user_id)
    assert scene.log.may(scene.bot.user_id, "post_messages")

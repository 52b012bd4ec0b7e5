"""What a page hears: everything at first, then each change once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from telpher.demo.chat.cast import Cast
from telpher.demo.chat.feed import MOST_FOLLOWERS, Feed, TooManyError
from telpher.demo.scene import Scene
from tgfake.world import Body

PATIENCE = 60.0


@pytest.fixture
def feed(scene: Scene, cast: Cast) -> Feed:
    return Feed(scene.world, cast, {"server": "http://127.0.0.1:8080"})


class Page:
    """Follows, and reads events one by one."""

    def __init__(self, feed: Feed) -> None:
        self.events = feed.follow()

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            event = await anext(self.events)
        assert event.startswith(b"data: ")
        assert event.endswith(b"\n\n")
        assert event.count(b"\n") == 2
        return orjson.loads(event[6:])

    async def begun(self) -> list[dict[str, Any]]:
        """All that it is told at first."""
        told = [await self.next()]
        while told[-1]["type"] != "ready":
            told.append(await self.next())
        return told


@contextlib.asynccontextmanager
async def page(feed: Feed) -> AsyncIterator[Page]:
    each = Page(feed)
    try:
        yield each
    finally:
        await each.events.aclose()  # type: ignore[attr-defined]  it is a generator


async def test_at_first_everything(scene: Scene, feed: Feed) -> None:
    async with page(feed) as one:
        hello, *news, _ = await one.begun()
    assert hello["type"] == "hello"
    assert hello["server"] == "http://127.0.0.1:8080"
    assert [each["key"] for each in hello["people"]] == ["ann", "ada"]
    assert all(each["old"] for each in news)
    told = {(each["who"], each["chat"]): len(each["messages"]) for each in news}
    assert told["ann", scene.shelf.peer.marked] == told["ada", scene.shelf.peer.marked] == 3
    assert ("ann", scene.log.peer.marked) not in told


async def test_then_messages_edits_and_deletions(scene: Scene, feed: Feed) -> None:
    async with page(feed) as one:
        await one.begun()
        sent = await scene.ann.send(scene.bot, "hello")
        news = await one.next()
        assert (news["type"], news["who"], news["chat"]) == ("news", "ann", scene.bot.user_id)
        assert [each["text"] for each in news["messages"]] == ["hello"]
        await scene.ann.edit(sent, "hello again")
        news = await one.next()
        assert [(each["text"], each["edited"]) for each in news["messages"]] == [
            ("hello again", True)
        ]
        await scene.ann.delete(sent)
        assert (await one.next())["gone"] == [sent.id]


async def test_what_happens_at_once_is_told_together(scene: Scene, feed: Feed) -> None:
    async with page(feed) as one:
        await one.begun()
        for number in range(20):
            await scene.ann.send(scene.bot, str(number))
        assert len((await one.next())["messages"]) == 20


async def test_a_broadcast_reaches_both_of_them(scene: Scene, feed: Feed) -> None:
    for each in (scene.ann, scene.ada):
        await each.send(scene.bot, "/start")
    async with page(feed) as one:
        await one.begun()
        bot = scene.world.person(scene.bot)
        for each in (scene.ann, scene.ada):
            bot.post(each.account, Body("to all"))
        told = [await one.next(), await one.next()]
    assert {each["who"] for each in told} == {"ann", "ada"}
    assert all(each["messages"][0]["text"] == "to all" for each in told)


async def test_a_blocked_bot_is_told_of(scene: Scene, feed: Feed) -> None:
    async with page(feed) as one:
        await one.begun()
        await scene.ann.block(scene.bot)
        scene.world.changed.beat()
        told = await one.next()
    assert told["type"] == "people"
    assert told["people"][0]["chats"][0]["blocked"]


async def test_pages_are_bounded_and_one_that_leaves_makes_room(scene: Scene, feed: Feed) -> None:
    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(page(feed))
        await first.begun()
        for _ in range(MOST_FOLLOWERS - 1):
            await (await stack.enter_async_context(page(feed))).next()
        with pytest.raises(TooManyError):
            feed.follow()
        await first.events.aclose()  # type: ignore[attr-defined]  it is a generator
        await (await stack.enter_async_context(page(feed))).next()
    assert scene.world.changed.waiting == 0

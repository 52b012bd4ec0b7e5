"""What has changed since the page last heard: looked up at every beat of the world, and told.

A follower remembers what it has told of each message and tells what is different now, so that a
page sees new messages, edits and deletions in the same way, and one that connects again gets
everything at once. Beats that come together are answered together.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson

from telpher.demo.chat.cast import Cast, Place
from telpher.demo.chat.facts import facts
from tgfake.person import Seen
from tgfake.world import Body, World

# Seconds: what happens within them is told at once. Shorter than anybody notices.
_TOGETHER = 0.04
# Seconds after which something is said in any case, so that a page that is gone is noticed.
_STILL_HERE = 20.0
# Pages that may follow at the same time: more than anybody has open.
MOST_FOLLOWERS = 32

_Told = dict[int, tuple[Body, float | None]]


class TooManyError(Exception):
    """As many pages follow as may."""


class Feed:
    """Follows the world for any number of pages. `greeting` is what each is told first."""

    def __init__(self, world: World, cast: Cast, greeting: dict[str, Any]) -> None:
        self._world = world
        self._cast = cast
        self._greeting = greeting
        self._followers = 0

    def follow(self) -> AsyncIterator[bytes]:
        """The events for one page, as server-sent events. Raises TooManyError."""
        if self._followers >= MOST_FOLLOWERS:
            raise TooManyError
        return self._events()

    async def _events(self) -> AsyncIterator[bytes]:
        self._followers += 1
        try:
            follower = _Follower(self._cast)
            yield _event({"type": "hello", **self._greeting, **follower.people()})
            for news in follower.news():
                yield _event(news | {"old": True})
            yield _event({"type": "ready"})
            while True:
                for news in await self._next(follower):
                    yield _event(news)
        finally:
            self._followers -= 1

    async def _next(self, follower: _Follower) -> list[dict[str, Any]]:
        try:
            async with asyncio.timeout(_STILL_HERE):
                await self._world.changed.until(lambda: follower.news_there() or None)
                await asyncio.sleep(_TOGETHER)
        except TimeoutError:
            return [{"type": "still here"}]
        return follower.news()


class _Follower:
    """What one page has been told."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._people: list[dict[str, object]] = []
        self._told: dict[tuple[str, int], _Told] = {
            (who, place.id): {} for who, place in cast.places()
        }

    def people(self) -> dict[str, Any]:
        """Everybody, and their chats."""
        self._people = self._cast.facts()
        return {"people": self._people}

    def news_there(self) -> bool:
        """Whether there is something to tell."""
        if self._cast.facts() != self._people:
            return True
        return any(
            self._told[who, place.id] != {seen.id: _state(seen) for seen in place.seen()}
            for who, place in self._cast.places()
        )

    def news(self) -> list[dict[str, Any]]:
        """What is to be told, which counts as told from now on."""
        found = [self._people_news(), *(self._of(who, each) for who, each in self._cast.places())]
        return [news for news in found if news]

    def _people_news(self) -> dict[str, Any]:
        if self._cast.facts() == self._people:
            return {}
        return {"type": "people", **self.people()}

    def _of(self, who: str, place: Place) -> dict[str, Any]:
        told = self._told[who, place.id]
        now = {seen.id: seen for seen in place.seen()}
        gone = [number for number in told if number not in now]
        new = [seen for number, seen in now.items() if told.get(number) != _state(seen)]
        self._told[who, place.id] = {number: _state(seen) for number, seen in now.items()}
        if not gone and not new:
            return {}
        messages = [facts(seen, who, place, self._cast.directory) for seen in new]
        return {"type": "news", "who": who, "chat": place.id, "messages": messages, "gone": gone}


def _state(seen: Seen) -> tuple[Body, float | None]:
    return seen.message.body, seen.edited


def _event(told: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(told) + b"\n\n"

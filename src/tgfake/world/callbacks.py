"""Presses of inline buttons: a person asks, the bot answers, the person is shown the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tgfake.errors import RpcError
from tgfake.world.messages import Message


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot shows to whoever pressed: nothing, a notice, an alert, or an address."""

    text: str | None = None
    alert: bool = False
    url: str | None = None
    cache_time: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """A press that waits for its answer."""

    id: int
    bot: int
    user: int
    message: Message
    answer: asyncio.Future[Answer]


class Callbacks:
    """The presses that nobody has answered yet."""

    def __init__(self) -> None:
        self._waiting: dict[int, Query] = {}
        self._last = 7_000_000_000_000_000_000  # real query ids fill most of 63 bits

    @contextmanager
    def ask(self, bot: int, user: int, message: Message) -> Iterator[Query]:
        """A query for the length of the block; afterwards its id is invalid."""
        self._last += 1
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        query = Query(self._last, bot, user, message, future)
        self._waiting[query.id] = query
        try:
            yield query
        finally:
            self._waiting.pop(query.id, None)

    def find(self, bot: int, query_id: int) -> Query:
        """The open query; raises QUERY_ID_INVALID."""
        query = self._waiting.get(query_id)
        if query is None or query.bot != bot:
            raise RpcError(400, "QUERY_ID_INVALID")
        return query

    def answer(self, bot: int, query_id: int, answer: Answer) -> None:
        """Give the answer, once; raises QUERY_ID_INVALID."""
        query = self.find(bot, query_id)
        del self._waiting[query_id]
        if not query.answer.done():
            query.answer.set_result(answer)

"""Work that ends with its client."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from telpher.web.disconnect import while_connected


class Peer:
    """A client that sends a body, stays, and leaves when told to (or when it has its answer)."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)
        self.left = asyncio.Event()

    async def receive(self) -> Message:
        if self._messages:
            return self._messages.pop(0)
        await self.left.wait()
        return {"type": "http.disconnect"}


PART = {"type": "http.request", "body": b"x", "more_body": True}


async def test_work_that_ends_is_not_disturbed() -> None:
    peer = Peer(PART, PART)
    done: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append("all")
        peer.left.set()  # What a server says after the last message.

    await while_connected(peer.receive, work())
    assert done == ["all"]


async def test_a_client_that_leaves_cancels_the_work() -> None:
    peer = Peer(PART)
    cleaned: list[str] = []

    async def work() -> None:
        peer.left.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("up")

    await while_connected(peer.receive, work())
    assert cleaned == ["up"]


async def test_a_failure_comes_out_bare() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise KeyError("as it is")

    with pytest.raises(KeyError, match="as it is"):
        await while_connected(Peer().receive, work())


async def test_cancelling_the_request_cancels_the_work() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    request = asyncio.create_task(while_connected(Peer().receive, work()))
    await begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert cancelled.is_set()

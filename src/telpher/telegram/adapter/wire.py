"""Requests over one connection of the library: time-outs, our errors, dropped answers.

The library's sender numbers, encrypts, sends and matches. It lacks three things that telpher
needs, and this adds them on its queues (the library is pinned to one minor version for that):

- an answer that never comes ends in an error, and so do the requests still queued when the
  connection is lost, which the library forgets;
- a request nobody waits for any more is taken out of the queue or, when it was sent,
  Telegram is told at once not to answer it [/mtproto/service_messages, rpc_drop_answer];
- nothing is repeated here: flood waits and reconnections belong to whoever asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from telethon.network import MTProtoSender
from telethon.network.requeststate import RequestState
from telethon.tl.functions import RpcDropAnswerRequest

from telpher.errors import ChunkTimeoutError, TelegramUnavailableError
from telpher.telegram.adapter.errors import FAILURES, to_error
from telpher.telegram.adapter.network import Connection, connection
from telpher.telegram.servers import DcAddress

# The library does not pad the number that becomes the key: one key exchange in 256 fails for a
# leading zero byte, and another one is due.
MOST_EXCHANGES = 3


# Sends a request on an account's main connection and returns its result. Raises TelegramError.
Call = Callable[[Any], Awaitable[Any]]


class _ExchangeFailedError(Exception):
    """There was a connection, and no key came of it."""


class Wire:
    """One connection. `sender` must not reconnect by itself."""

    def __init__(self, sender: MTProtoSender) -> None:
        self._sender = sender
        self._closed: asyncio.Future[None] | None = None

    @property
    def sender(self) -> Any:
        """The library's sender."""
        return self._sender

    @property
    def alive(self) -> bool:
        """False before the connection is made and from the moment it is known to be lost."""
        return bool(self._sender.is_connected()) and not self._sender._reconnecting

    async def connect(self, address: DcAddress, within: float) -> None:
        """Connects and, where the sender has no key, makes one.

        Raises TelegramError; then, and when cancelled, nothing stays open.
        """
        exchanges = 0
        while not self._sender.is_connected():
            exchanges += 1
            try:
                await self._open(connection(address), within)
            except _ExchangeFailedError as failure:
                if exchanges == MOST_EXCHANGES:
                    raise TelegramUnavailableError("no key could be agreed on") from failure
        self._closed = self._sender._disconnected
        self._closed.add_done_callback(_retrieve)

    async def _open(self, opened: Connection, within: float) -> None:
        done = False
        try:
            with _cancellation_kept():
                async with asyncio.timeout(within):
                    await self._sender.connect(opened)
            done = True
        except FAILURES as failure:
            ended = isinstance(failure, (ConnectionError, EOFError))
            if ended and opened.reached and not self._sender.auth_key:
                raise _ExchangeFailedError from failure
            raise to_error(failure) from failure
        finally:
            if not done:
                await self.close()

    async def close(self) -> None:
        """Closes the connection; requests in flight fail. Safe to repeat."""
        with _cancellation_kept():
            await self._sender.disconnect()

    async def lost(self) -> None:
        """Returns when the connection is gone, for whatever reason."""
        if self._closed is not None:
            await asyncio.wait({self._closed})

    async def call(self, request: Any, within: float) -> Any:
        """Sends `request` and returns its result.

        Raises ChunkTimeoutError after `within` seconds, TelegramUnavailableError when the
        connection is lost, and what `to_error` makes of Telegram's refusal. When cancelled or
        timed out, the answer is dropped.
        """
        closed = self._closed
        if closed is None or not self.alive:
            raise TelegramUnavailableError("not connected to Telegram")
        state = RequestState(request)
        self._sender._send_queue.append(state)
        try:
            await asyncio.wait(
                {state.future, closed}, timeout=within, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            if not state.future.done():
                self._drop(state)
        return self._result(state.future, closed, within)

    @staticmethod
    def _result(answer: asyncio.Future[Any], closed: asyncio.Future[None], within: float) -> Any:
        # The library cancels the futures of a connection that ends without an error.
        if answer.cancelled() or (closed.done() and not answer.done()):
            raise TelegramUnavailableError("the connection to Telegram was lost")
        if not answer.done():
            raise ChunkTimeoutError(f"no answer within {within:g} s")
        failure = answer.exception()
        if failure is None:
            return answer.result()
        raise to_error(failure) from failure

    def _drop(self, state: RequestState) -> None:
        """Takes the request back: out of the queue, or by telling Telegram."""
        queued = self._sender._send_queue._deque
        if state in queued:
            queued.remove(state)
            return
        sent = self._sender._pending_state.pop(state.msg_id, None) is not None
        if sent and self.alive:
            answer = self._sender.send(RpcDropAnswerRequest(state.msg_id))
            answer.add_done_callback(_retrieve)


@contextmanager
def _cancellation_kept() -> Iterator[None]:
    """Raises CancelledError at the end when the library has swallowed one.

    It waits for its own cancelled tasks with `except CancelledError: pass`, and uses
    asyncio.wait_for, so a task of ours that is cancelled meanwhile would live on.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    finally:  # also in place of an error that the library made of it
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Looks at a result that nobody waits for, or asyncio reports it as forgotten."""
    if not future.cancelled():
        future.exception()

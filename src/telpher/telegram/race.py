"""A second attempt beside one that is late; the first answer counts.

Nearly every first attempt comes in time, so it runs in the task of who waits for it and costs a
timer: a task of its own, and waiting for that, would be a tenth of what a chunk costs outside of
its decryption. The second has a task. When it is the first to have an answer it ends the other's
waiting by the way of asyncio.timeout, which tells this from a cancellation by anybody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from telpher.errors import ChunkTimeoutError, TelegramError

T = TypeVar("T")

# A function, not what it gives: an attempt whose task is cancelled before it runs has not begun.
Attempt = Callable[[], Coroutine[Any, Any, T]]


async def race(first: Attempt[T], late: float, second: Attempt[T | None]) -> tuple[T, bool]:
    """The answer, and whether it is the second attempt's.

    `second` is made when `late` seconds have gone by; where it gives None it is made again after as
    many. An attempt that fails leaves the race to the other. Raises TelegramError when none is
    left; who still runs is cancelled.
    """
    won = False
    async with asyncio.TaskGroup() as tasks:
        rival = _Rival(tasks, late, second)
        outcome = await rival.against(first)
        remaining = rival.remaining
        if remaining is not None and isinstance(outcome, TelegramError):
            answer = await remaining
            if answer is not None:
                outcome, won = answer, True
        elif remaining is not None:
            remaining.cancel()
    if isinstance(outcome, TelegramError):
        raise outcome
    return outcome, won


class _Rival(Generic[T]):
    """The second attempt, as soon as there is one."""

    def __init__(self, tasks: asyncio.TaskGroup, late: float, attempt: Attempt[T | None]) -> None:
        self._task: asyncio.Task[T | TelegramError | None] | None = None
        self._tasks = tasks
        self._late = late
        self._attempt = attempt
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Timeout | None = None

    @property
    def remaining(self) -> asyncio.Task[T | TelegramError | None] | None:
        """It, unless it has failed or never began."""
        task = self._task
        if task is not None and task.done() and isinstance(task.result(), TelegramError):
            return None
        return task

    async def against(self, first: Attempt[T]) -> T | TelegramError:
        """What comes of `first`; an error, too, where the rival had an answer before it."""
        self._timer = self._loop.call_later(self._late, self._come)
        try:
            async with asyncio.timeout(None) as self._waiting:
                return await _outcome(first)
        except TimeoutError:
            return ChunkTimeoutError("a second attempt was quicker")
        finally:
            self._waiting = None
            self._timer.cancel()

    def _come(self) -> None:
        self._task = self._tasks.create_task(_outcome(self._attempt), name="second attempt")
        self._task.add_done_callback(self._arrive)

    def _arrive(self, task: asyncio.Task[T | TelegramError | None]) -> None:
        if self._waiting is None or task.cancelled() or task.exception() is not None:
            return
        answer = task.result()
        if isinstance(answer, TelegramError):
            return
        if answer is None:
            self._task = None
            self._timer = self._loop.call_later(self._late, self._come)
        else:
            self._waiting.reschedule(self._loop.time())


async def _outcome(attempt: Attempt[T]) -> T | TelegramError:
    """What an attempt came to, as a value: in a task group a raised one ends the other."""
    try:
        return await attempt()
    except TelegramError as error:
        return error

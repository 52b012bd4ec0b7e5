"""One thread that does one thing after the other, for callers whose patience ends.

in time      the caller gets what the job returns or raises
too late     the caller gets a StorageError; a job that had not begun never will, one that had is
             interrupted, and until it ends the lane refuses at once: nobody queues behind a
             disk that hangs
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from telpher.errors import StorageError

_T = TypeVar("_T")

# Seconds for what is under way when a lane is closed.
CLOSE_PATIENCE = 5.0


class _Call:
    """Somebody who waits."""


class Lane:
    """See above. `interrupt` is called from another thread while a job runs; None for no end to
    the callers' `patience` (seconds)."""

    def __init__(self, name: str, patience: float | None, interrupt: Callable[[], None]) -> None:
        self._name = name
        self._patience = patience
        self._interrupt = interrupt
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        # Guards the two below, which the thread and the loop share.
        self._lock = threading.Lock()
        self._running: _Call | None = None
        self._abandoned: _Call | None = None

    async def run(self, job: Callable[[], _T]) -> _T:
        """What `job` returns. Once begun it ends, even if nobody waits. Raises StorageError when it
        takes too long, and what `job` raises."""
        if self._abandoned is not None:
            raise StorageError(f"{self._name} is busy with something that takes too long")
        call = _Call()
        try:
            future = self._thread.submit(self._perform, job, call)
        except RuntimeError as error:
            raise StorageError(f"{self._name} is closed") from error
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            self._abandon(call)
            raise StorageError(f"{self._name} did not answer in {self._patience} s") from None

    async def close(self, last: Callable[[], None]) -> None:
        """Ends it with `last`, after what is under way unless that takes too long. Safe to
        repeat."""
        try:
            end = asyncio.wrap_future(self._thread.submit(last))
        except RuntimeError:  # closed already
            return
        try:
            await asyncio.wait([end], timeout=CLOSE_PATIENCE)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _abandon(self, call: _Call) -> None:
        with self._lock:
            if self._running is call:
                self._abandoned = call
                self._interrupt()

    # In the thread.

    def _perform(self, job: Callable[[], _T], call: _Call) -> _T:
        with self._lock:
            self._running = call
        try:
            return job()
        finally:
            with self._lock:
                self._running = self._abandoned = None

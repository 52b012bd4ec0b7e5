"""Threads for blocking calls, and a bound on what waits for them.

One thread alone keeps the order of its jobs. Who asks looks at `has_room` first and goes
without when there is none: a slow disk makes the cache useless for a while, never a viewer wait.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


class Workers:
    """`capacity` bounds the weights of the jobs that wait or run, in whatever unit they have."""

    def __init__(self, name: str, threads: int, capacity: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._capacity = capacity
        self._load = 0
        self._guard = threading.Lock()  # jobs end in their own threads

    def has_room(self, weight: int) -> bool:
        """Whether a job of this weight may be submitted now."""
        return self._load + weight <= self._capacity

    def submit(self, weight: int, job: Callable[[], _T]) -> asyncio.Future[_T]:
        """Runs `job` in a thread. Cancelling its future does not stop it once it runs.

        Its weight counts until it has ended in truth. Jobs that free something weigh nothing.
        """
        with self._guard:
            self._load += weight
        future = self._executor.submit(job)
        future.add_done_callback(lambda _: self._ended(weight))
        return asyncio.wrap_future(future)

    def close(self, *, cancel: bool) -> None:
        """Takes no more jobs; with `cancel`, drops those that have not begun. Does not wait."""
        self._executor.shutdown(wait=False, cancel_futures=cancel)

    def _ended(self, weight: int) -> None:
        with self._guard:
            self._load -= weight

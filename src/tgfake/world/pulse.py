"""A pulse: lets any number of tasks wait until something has changed.

Like a Condition without its lock, which synchronous code could not take: the world changes between
two awaits, so that a waiter that looks, finds nothing and then waits cannot miss a beat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Pulse:
    """`beat` wakes everybody who waits."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def waiting(self) -> int:
        """How many tasks wait now."""
        return len(self._waiting)

    def beat(self) -> None:
        """Something has changed."""
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, look: Callable[[], T | None]) -> T:
        """What `look` finds, as soon as that is not None; it is asked again at every beat."""
        while (found := look()) is None:
            future = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)
        return found

"""Counts of many clients in bounded memory: a storage for the library `limits`.

The library's own storage in memory looks through all keys with every hit and keeps as many as
strangers send. Here a hit costs the same whatever is kept, and there are two places:

    common    those with few hits, by the time of their last one
    marked    those who have used half of their limit, by the time they did so or hit last

The oldest of the common ones go first. So a flood of new addresses, each of which costs its sender
an address and one request, washes out other addresses of the flood, and never one that a limit is
about to stop. To have that one forgotten, half a limit has to be spent from each of as many
addresses as there are places for marked ones: more than what being forgotten gives.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NoReturn

from limits.aio.storage import SlidingWindowCounterSupport, Storage

from telpher.clock import Clock
from telpher.core.slidingwindow import Window

# Keys kept in each of the two places: together some 35 MB when all are taken, which is a flood.
# Twice as many would not hold a larger one: a network of IPv6 has addresses without end.
MOST_COMMON: Final = 60_000
MOST_MARKED: Final = 40_000


class BoundedCounters(Storage, SlidingWindowCounterSupport):
    """See the module. Nothing here waits: a decision is made in one piece."""

    STORAGE_SCHEME: list[str] | None = None  # made by hand, not by a URL

    def __init__(
        self, clock: Clock, most_common: int = MOST_COMMON, most_marked: int = MOST_MARKED
    ) -> None:
        super().__init__()
        self._clock = clock
        self._most_common = most_common
        self._most_marked = most_marked
        self._common: OrderedDict[str, Window] = OrderedDict()
        self._marked: OrderedDict[str, Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._common) + len(self._marked)

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return ()

    async def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Counts `amount` hits if they are within `limit` for `expiry` seconds."""
        now = self._clock.monotonic()
        window = self._take(key, now, expiry)
        used = window.view(now, expiry).used(expiry)
        granted = used + amount <= limit
        if granted:
            window = window._replace(current=window.current + amount)
            used += amount
        self._put(key, window, marked=2 * used >= limit)
        return granted

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Counts and seconds left of the previous and the current window."""
        now = self._clock.monotonic()
        window = self._marked.get(key) or self._common.get(key)
        return (window or Window(now, 0, 0)).at(now, expiry).view(now, expiry)

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forgets `key`."""
        await self.clear(key)

    async def clear(self, key: str) -> None:
        """Forgets `key`."""
        self._common.pop(key, None)
        self._marked.pop(key, None)

    async def reset(self) -> int | None:
        """Forgets everything; how much that was."""
        count = len(self)
        self._common.clear()
        self._marked.clear()
        return count

    async def check(self) -> bool:
        """It always works."""
        return True

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Not kept here."""
        _only_sliding()

    async def get(self, key: str) -> int:
        """Not kept here."""
        _only_sliding()

    async def get_expiry(self, key: str) -> float:
        """Not kept here."""
        _only_sliding()

    def _take(self, key: str, now: float, length: float) -> Window:
        """The key's window as of `now`, taken out of its place."""
        window = self._marked.pop(key, None) or self._common.pop(key, None)
        return Window(now, 0, 0) if window is None else window.at(now, length)

    def _put(self, key: str, window: Window, *, marked: bool) -> None:
        if not marked:
            self._common[key] = window
        else:
            self._marked[key] = window
            if len(self._marked) > self._most_marked:
                oldest, demoted = self._marked.popitem(last=False)
                self._common[oldest] = demoted
        if len(self._common) > self._most_common:
            self._common.popitem(last=False)


def _only_sliding() -> NoReturn:
    raise NotImplementedError("only sliding windows are kept here")

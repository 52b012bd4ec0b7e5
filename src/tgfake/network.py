"""The shape of the network between tgfake and its clients.

Two things make a real link differ from loopback. *Latency* is a delay line: whatever goes in comes
out later, in order, and any amount can be inside at once, so that pipelined requests share one
delay. *Bandwidth* is a queue: the link is busy until all bytes before these have left, which a
virtual clock (`free_at`) says without a queue that anyone would have to hold. Half of the latency
lies on each direction.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_CREDIT = 0.005
"""Seconds of unused bandwidth that may be made up for: what timers oversleep."""
_TIMER_SLACK = 0.001
"""Items due within this are let out together; timers are not more exact than this."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the network is like; the default is loopback itself."""

    latency: float = 0.0
    """Seconds for a round trip."""
    jitter: float = 0.0
    """Up to so many seconds more on a round trip, drawn for each packet; order is kept."""
    bandwidth: float | None = None
    """Bytes a second towards the client on one connection; None for no limit."""
    dc_bandwidth: float | None = None
    """Bytes a second towards all clients of one data centre together."""
    accept_delay: float = 0.0
    """Seconds until a new connection is read from."""

    def one_way(self, chance: random.Random) -> float:
        """The delay of one packet in one direction."""
        return (self.latency + self.jitter * chance.random()) / 2 if self.delays else 0.0

    @property
    def delays(self) -> bool:
        """Whether there is any latency."""
        return self.latency > 0 or self.jitter > 0


class Bottleneck:
    """A link of limited bandwidth, shared by whoever reserves time on it."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._free_at = 0.0

    def reserve(self, size: int, now: float) -> float:
        """Seconds from `now` until the last of `size` bytes, queued now, has left."""
        self._free_at = max(self._free_at, now - _CREDIT) + size / self.rate
        return self._free_at - now


class DelayLine:
    """Runs actions later, each after its own delay, but never out of order."""

    def __init__(self, delay: Callable[[], float]) -> None:
        self._delay = delay
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self._last_due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def push(self, action: Callable[[], None]) -> None:
        """Run `action` after the delay; at once if there is none and nothing is before it."""
        delay = self._delay()
        if delay <= 0 and not self._waiting:
            action()
            return
        loop = asyncio.get_running_loop()
        self._last_due = max(self._last_due, loop.time() + delay)
        self._waiting.append((self._last_due, action))
        if self._timer is None:
            self._timer = loop.call_at(self._last_due, self._release)

    def _release(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _TIMER_SLACK
        self._timer = None
        while self._waiting and self._waiting[0][0] <= until:
            # Taken out after the action: what it pushes must not overtake the rest.
            self._waiting[0][1]()
            if self._waiting:
                self._waiting.popleft()
        if self._waiting and self._timer is None:
            self._timer = loop.call_at(self._waiting[0][0], self._release)

    def close(self) -> None:
        """Forget what is inside."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

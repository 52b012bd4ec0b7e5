"""Counts that several instances share in Redis (REDIS_URL).

A limit is no reason to let a film wait: Redis has a quarter of a second, and after a failure it is
left alone for a while; meanwhile each instance counts by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar, cast

import structlog
from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.storage.redis.redispy import RedispyBridge
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import ConfigurationError, StorageError

from telpher.clock import Clock
from telpher.core.slidingwindow import View
from telpher.errors import SettingsError
from telpher.instances.server import NO_CLIENT, PATIENCE, PAUSE
from telpher.storage.rest import Rest
from telpher.web.limiting.counters import BoundedCounters

_log = structlog.stdlib.get_logger(__name__)

# What telpher's keys in Redis begin with.
_PREFIX: Final = "telpher:rate"

_T = TypeVar("_T")


class _Connection(Protocol):
    """Of redis.asyncio.Redis the one thing that `limits` does not know of."""

    async def aclose(self) -> None: ...


class Counts(Protocol):
    """Where hits are counted. `key` names who is limited by `item`."""

    async def hit(self, item: RateLimitItem, key: str) -> bool:
        """Counts one hit unless it would be one too many; whether it did."""
        ...

    async def view(self, item: RateLimitItem, key: str) -> View:
        """How many there are."""
        ...

    async def close(self) -> None:
        """Ends connections, if there are any."""
        ...


class OwnCounts:
    """Counts of this process."""

    def __init__(self, clock: Clock) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(BoundedCounters(clock))

    async def hit(self, item: RateLimitItem, key: str) -> bool:
        return await self._limiter.hit(item, key)

    async def view(self, item: RateLimitItem, key: str) -> View:
        return await _view(self._limiter, item, key)

    async def close(self) -> None:
        return None


class SharedCounts:
    """Counts in Redis; those of `own` while it does not answer."""

    def __init__(self, url: str, clock: Clock, own: OwnCounts) -> None:
        """Connects with the first question. Raises SettingsError when the client is missing."""
        self._storage = _redis(url)
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)
        self._own = own
        self._rest = Rest(clock, PAUSE)

    async def hit(self, item: RateLimitItem, key: str) -> bool:
        answer = await self._ask(lambda: self._limiter.hit(item, key))
        return await self._own.hit(item, key) if answer is None else answer

    async def view(self, item: RateLimitItem, key: str) -> View:
        answer = await self._ask(lambda: _view(self._limiter, item, key))
        return await self._own.view(item, key) if answer is None else answer

    async def close(self) -> None:
        bridge = self._storage.bridge
        assert isinstance(bridge, RedispyBridge)  # noqa: S101 - as asked for below
        await cast("_Connection", bridge.get_connection()).aclose()

    async def _ask(self, question: Callable[[], Awaitable[_T]]) -> _T | None:
        """The answer of Redis; None when there is none in time."""
        if self._rest.resting:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await question()
        except (StorageError, OSError, TimeoutError) as error:
            if self._rest.failed():
                _log.warning("Redis does not answer: limits count here alone", cause=error)
            return None
        if self._rest.succeeded():
            _log.info("Redis answers again")
        return answer


def _redis(url: str) -> RedisStorage:
    # The library's name for a Unix socket: by "unix" alone it would look for another server.
    scheme = "redis+unix" if url.startswith("unix:") else url.partition(":")[0]
    try:
        return RedisStorage(
            f"async+{scheme}:{url.partition(':')[2]}",
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix=_PREFIX,
            socket_connect_timeout=PATIENCE,
            socket_timeout=PATIENCE,
        )
    except ConfigurationError:
        raise SettingsError([" ".join(NO_CLIENT)]) from None


async def _view(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, key: str) -> View:
    storage = limiter.storage
    assert isinstance(storage, BoundedCounters | RedisStorage)  # noqa: S101 - made here
    return View(*await storage.get_sliding_window(item.key_for(key), item.get_expiry()))

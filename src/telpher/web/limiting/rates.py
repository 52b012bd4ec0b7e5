"""How often one client may ask: RATE_LIMIT_PER_MINUTE, and what follows from it.

    plays      60 a minute of one client: films begun, pages, calls of the API
    requests   1,200 of one client: HEAD, small answers, links that are none
    ranges     1,200 of one play: players open a connection for each fragment

The last two protect this process, so each instance counts them by itself; plays are counted
together where there is a Redis, and by the workers of one machine in any case.

An answer tells of the limit it was counted by as draft-ietf-httpapi-ratelimit-headers has it, since
its version 8: `RateLimit-Policy: "plays";q=60;w=60` and `RateLimit: "plays";r=59;t=60`. An answer
to a request for a file's bytes does so only when it is a refusal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute

from telpher.core.slidingwindow import View
from telpher.errors import RateLimitedError
from telpher.web.limiting.shared import Counts, OwnCounts

# How many times as many requests and ranges there may be as plays, and how many in any case. The
# busiest player that was measured sends 130 for a minute of film (players.md 4), nine in a house
# may do so, and a seek storm is a few each second.
TIMES: Final = 20
GENEROUS: Final = 1200

SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit by its name in headers, and where it is counted."""

    name: str
    item: RateLimitItem
    counts: Counts

    async def hit(self, key: str) -> None:
        """Counts one more of `key`. Raises RateLimitedError when it is one too many."""
        if not await self.counts.hit(self.item, f"{self.name}/{key}"):
            raise self._refused(await self._view(key))

    async def room(self, key: str) -> None:
        """Counts nothing. Raises RateLimitedError when one more were too many."""
        view = await self._view(key)
        if view.used(SECONDS) >= self.item.amount:
            raise self._refused(view)

    async def headers(self, key: str) -> dict[str, str]:
        """What an answer says of it."""
        view = await self._view(key)
        return limit_headers(self.name, self.item.amount, view)

    async def _view(self, key: str) -> View:
        return await self.counts.view(self.item, f"{self.name}/{key}")

    def _refused(self, view: View) -> RateLimitedError:
        # A moment later than the last possible one: not to be refused again for a rounding error.
        seconds = math.floor(view.wait(self.item.amount, SECONDS)) + 1
        headers = limit_headers(self.name, self.item.amount, view)
        return RateLimitedError(f"{self.name}: {self.item.amount} a minute", seconds, headers)


def limit_headers(name: str, amount: int, view: View) -> dict[str, str]:
    """RateLimit-Policy and RateLimit. `t` is when the count may have room for all of it again."""
    left = max(0, amount - view.used(SECONDS))
    until = view.current_left if view.current else view.previous_left if view.previous else 0
    return {
        "RateLimit-Policy": f'"{name}";q={amount};w={SECONDS}',
        "RateLimit": f'"{name}";r={left};t={math.ceil(until)}',
    }


class Rates:
    """The three limits; `per_minute` is 1 or more."""

    def __init__(self, per_minute: int, own: OwnCounts, shared: Counts | None = None) -> None:
        plays = RateLimitItemPerMinute(per_minute)
        more = RateLimitItemPerMinute(max(per_minute * TIMES, GENEROUS))
        self._shared = shared
        self.plays = Limit("plays", plays, shared or own)
        self.requests = Limit("requests", more, own)
        self.ranges = Limit("ranges", more, own)

    async def close(self) -> None:
        """Ends the connections to Redis."""
        if self._shared is not None:
            await self._shared.close()

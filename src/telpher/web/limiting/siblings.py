"""Counts that the workers of one machine share without a Redis.

Each client is counted by one of them, as its key falls: asked over their telephone, which takes
about a millisecond. When that one does not answer, each counts by itself for as long.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from limits import RateLimitItem, RateLimitItemPerMinute

from telpher.core.slidingwindow import View
from telpher.crew.telephone import Telephone
from telpher.web.limiting.shared import OwnCounts


class SiblingCounts:
    """See the module. `own` is where this one counts."""

    def __init__(self, telephone: Telephone, own: OwnCounts) -> None:
        self._telephone = telephone
        self._own = own
        telephone.answer("hit", self._hit_here)
        telephone.answer("view", self._view_here)

    async def hit(self, item: RateLimitItem, key: str) -> bool:
        answer = await self._ask("hit", item, key)
        return await self._own.hit(item, key) if answer is None else bool(answer)

    async def view(self, item: RateLimitItem, key: str) -> View:
        answer = await self._ask("view", item, key)
        return await self._own.view(item, key) if answer is None else View(*answer)

    async def close(self) -> None:
        return None

    async def _ask(self, question: str, item: RateLimitItem, key: str) -> Any:
        place = self._telephone.place
        counts = zlib.crc32(key.encode()) % place.of
        if counts == place.number:
            return None
        return await self._telephone.ask(counts, question, amount=item.amount, key=key)

    async def _hit_here(self, asked: Mapping[str, Any]) -> bool:
        return await self._own.hit(RateLimitItemPerMinute(asked["amount"]), asked["key"])

    async def _view_here(self, asked: Mapping[str, Any]) -> View:
        return await self._own.view(RateLimitItemPerMinute(asked["amount"]), asked["key"])

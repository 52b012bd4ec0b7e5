"""The census: how many plays of each user's links go on at the other instances.

Each instance keeps one hash in Redis, owner → plays, and writes it anew when it changes, at most
twice a second. A hash nobody renews is forgotten: what a killed instance had is nobody's. Before a
play begins the others' figures for its owner are read; two that begin at the same moment in two
places may both be let in, which a limit of this kind can bear.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from telpher.instances.server import RedisServer

# Seconds: between two looks at what goes on here, for which a hash is kept, and after which it is
# written although nothing changed.
LOOK_EVERY: Final = 0.5
KEPT: Final = 15
RENEWED: Final = 5.0

# Owners whose figures elsewhere are remembered between asking and beginning.
MOST_KNOWN: Final = 10_000

_INSTANCES: Final = "telpher:instances"

Sleep = Callable[[float], Awaitable[None]]


def _key(instance: str) -> str:
    return f"telpher:plays:{instance}"


class Census:
    """See the module. `instance` is this one's name, like no other's."""

    def __init__(self, server: RedisServer, instance: str) -> None:
        self._server = server
        self._instance = instance
        self._elsewhere: OrderedDict[int, int] = OrderedDict()

    def elsewhere(self, owner: int) -> int:
        """Plays of the owner's links at other instances, as `look` found them last."""
        return self._elsewhere.get(owner, 0)

    async def look(self, owner: int) -> None:
        """Finds out. With Redis away there is none elsewhere, as far as anybody knows."""
        count = await self._server.ask(partial(self._count, owner))
        self._elsewhere[owner] = count or 0
        self._elsewhere.move_to_end(owner)
        if len(self._elsewhere) > MOST_KNOWN:
            self._elsewhere.popitem(last=False)

    async def run(
        self, plays: Callable[[], Mapping[int, int]], sleep: Sleep = asyncio.sleep
    ) -> None:
        """Tells the others of `plays`, by owner, until cancelled; then there are none. A job."""
        told: dict[int, int] | None = None
        turns = 0
        try:
            while True:
                now = dict(plays())
                turns += 1
                if now != told or turns * LOOK_EVERY >= RENEWED:
                    done = await self._server.ask(partial(self._tell, now))
                    told, turns = (now if done else None), 0
                await sleep(LOOK_EVERY)
        finally:
            await self._server.ask(self._leave)

    async def _count(self, owner: int, client: Any) -> int:
        others = await client.smembers(_INSTANCES) - {self._instance}
        async with client.pipeline(transaction=False) as pipe:
            for each in others:
                pipe.exists(_key(each)).hget(_key(each), str(owner))
            answers = await pipe.execute() if others else []
        gone = [each for each, there in zip(others, answers[::2], strict=True) if not there]
        if gone:
            await client.srem(_INSTANCES, *gone)
        return sum(int(count or 0) for count in answers[1::2])

    async def _tell(self, plays: Mapping[int, int], client: Any) -> bool:
        key = _key(self._instance)
        async with client.pipeline(transaction=True) as pipe:
            # One entry that is no owner's: an empty hash would not be there at all.
            pipe.delete(key).hset(key, mapping={"0": 0, **{str(o): n for o, n in plays.items()}})
            pipe.expire(key, KEPT).sadd(_INSTANCES, self._instance)
            await pipe.execute()
        return True

    async def _leave(self, client: Any) -> None:
        await client.delete(_key(self._instance))
        await client.srem(_INSTANCES, self._instance)

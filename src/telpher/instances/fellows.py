"""The other instances, as the rest of the house knows them: with a Redis between them, or none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Protocol

from pydantic import SecretStr

from telpher.clock import Clock
from telpher.instances.bell import Bell, Heard
from telpher.instances.census import Census
from telpher.instances.server import RedisServer

Job = Callable[[], Awaitable[None]]
Owned = Callable[[], Mapping[int, int]]


class Fellows(Protocol):
    """What is to be told and asked. Nothing here fails, or takes longer than a moment."""

    def answers(self) -> bool | None:
        """Whether they can be told and asked; None where there are none."""
        ...

    async def ring(self) -> None:
        """Something that all go by has changed in the database."""
        ...

    async def look(self, owner: int) -> None:
        """Finds out for `elsewhere`."""
        ...

    def elsewhere(self, owner: int) -> int:
        """How many plays of the owner's links go on at the others."""
        ...

    def jobs(self, heard: Heard, owned: Owned) -> Iterator[tuple[str, Job]]:
        """What has to run: `heard` is called for each ring, `owned` are the plays here by owner."""
        ...

    async def close(self) -> None:
        """Ends connections."""
        ...


class Alone:
    """Fellows of an instance that knows of no others."""

    def answers(self) -> bool | None:
        return None

    async def ring(self) -> None:
        return None

    async def look(self, owner: int) -> None:
        return None

    def elsewhere(self, owner: int) -> int:
        return 0

    def jobs(self, heard: Heard, owned: Owned) -> Iterator[tuple[str, Job]]:
        return iter(())

    async def close(self) -> None:
        return None


def fellows_at(url: SecretStr | None, clock: Clock, instance: str) -> Fellows:
    """The other instances, where REDIS_URL leads to them. Raises SettingsError."""
    if url is None:
        return Alone()
    return Together(RedisServer(url.get_secret_value(), clock), instance)


class Together:
    """Fellows over Redis; `instance` is this one's name."""

    def __init__(self, server: RedisServer, instance: str) -> None:
        self._server = server
        self._bell = Bell(server)
        self._census = Census(server, instance)
        self.ring = self._bell.ring
        self.look = self._census.look
        self.elsewhere = self._census.elsewhere

    def answers(self) -> bool:
        return self._server.answers

    def jobs(self, heard: Heard, owned: Owned) -> Iterator[tuple[str, Job]]:
        yield "bell", partial(self._bell.run, heard)
        yield "census", partial(self._census.run, owned)

    async def close(self) -> None:
        await self._server.close()

"""Conversations of several messages: where each stands, kept in the database.

So they survive a restart, and each person has at most one: beginning another ends the first. A
conversation nobody goes on with is over after ten minutes. What it has gathered is a JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from telpher.clock import Clock
from telpher.core.records import Dialogue
from telpher.storage.base import DialogueStore

LIFETIME: Final = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a conversation stands: the name of an `areas.Step`, and what was gathered so far."""

    step: str
    data: Mapping[str, Any]


class Dialogues:
    """All conversations. Methods raise StorageError while the database is away."""

    def __init__(self, store: DialogueStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, user_id: int) -> Standing | None:
        """Where the user's stands; None when there is none."""
        found = await self._store.get(user_id, self._clock.now())
        return None if found is None else Standing(found.step, json.loads(found.data))

    async def go_on(self, user_id: int, step: str, **data: Any) -> None:
        """Has it stand at `step`, with `data` in place of what was gathered before."""
        until = self._clock.now() + LIFETIME
        await self._store.put(Dialogue(user_id, step, json.dumps(data), until))

    async def end(self, user_id: int) -> bool:
        """Ends it; False when there was none."""
        found = await self._store.get(user_id, self._clock.now())
        await self._store.drop(user_id)
        return found is not None

    async def leave(self, user_id: int, step: str) -> None:
        """Ends it if it stands at `step`."""
        standing = await self.of(user_id)
        if standing is not None and standing.step == step:
            await self._store.drop(user_id)

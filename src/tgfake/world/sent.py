"""What has been sent under which random_id, so that a repeated send happens once.

Remembered per account and peer, over all sessions and without end. A repeat returns the updates of
the first call; while that call still runs the repeat gets RANDOM_ID_DUPLICATE. Whatever was not
sent (an error, a cancelled call) frees its id. https://core.telegram.org/api/updates
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tgfake.errors import RpcError
from tgfake.world.delivery import Step
from tgfake.world.messages import Message
from tgfake.world.peers import Peer


@dataclass(frozen=True, slots=True)
class Posted:
    """A message, and what its arrival was to the sender."""

    message: Message
    step: Step


class SentLog:
    """Random ids, and a gate that a test can close to keep a send running."""

    def __init__(self) -> None:
        self._sent: dict[tuple[int, Peer], dict[int, Posted | None]] = {}
        self._gate = asyncio.Event()
        self._gate.set()

    @contextmanager
    def claim(
        self, account: int, peer: Peer, random_ids: Sequence[int]
    ) -> Iterator[dict[int, Posted | None]]:
        """Take these ids; what was sent under them before is there already.

        The caller fills in what is None. Raises RANDOM_ID_EMPTY for 0, RANDOM_ID_INVALID for an
        id named twice, RANDOM_ID_DUPLICATE while another call holds one.
        """
        if not all(random_ids):
            raise RpcError(400, "RANDOM_ID_EMPTY")
        if len(set(random_ids)) != len(random_ids):
            raise RpcError(400, "RANDOM_ID_INVALID")
        log = self._sent.setdefault((account, peer), {})
        if any(log.get(random_id, self) is None for random_id in random_ids):
            raise RpcError(500, "RANDOM_ID_DUPLICATE")
        claimed = {random_id: log.get(random_id) for random_id in random_ids}
        log.update(claimed)
        try:
            yield claimed
        finally:
            for random_id, posted in claimed.items():
                if posted is None:
                    del log[random_id]
                else:
                    log[random_id] = posted

    async def passage(self) -> None:
        """Where a send waits while `hold` lasts."""
        await self._gate.wait()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every send running until the end of the block."""
        self._gate.clear()
        try:
            yield
        finally:
            self._gate.set()

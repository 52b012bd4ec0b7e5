"""The figures of this moment, of this process or of all workers. Part of the composition root.

Each worker writes its own on the board (`crew.board`) four times a second, and so shows that it
lives; what is shown to people is the sum.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence

import psutil

from telpher.crew.board import BEAT_EVERY, Board, Figure
from telpher.streaming.engine import Engine
from telpher.telegram.adapter.account import BotAccount
from telpher.telegram.gateway import AccountState
from telpher.web.dashboard.pulse import Counters
from telpher.web.deps import Lifecycle


class Live:
    """See the module. `accounts` begin with the main one; without a `board` there is this process
    alone."""

    def __init__(
        self,
        engine: Engine,
        accounts: Sequence[BotAccount],
        lifecycle: Lifecycle,
        board: Board | None,
    ) -> None:
        self._engine = engine
        self._accounts = accounts
        self.lifecycle = lifecycle
        self._board = board
        self._process = psutil.Process()
        self._timer: asyncio.TimerHandle | None = None

    def counters(self) -> Counters:
        """Of all workers."""
        return self._here() if self._board is None else _of_all(self._board)

    @contextlib.contextmanager
    def beating(self) -> Iterator[None]:
        """Tells the others of this one for as long as the context lasts."""
        if self._board is None:
            yield
            return
        self._beat(self._board)
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._board.leave()

    def _beat(self, board: Board) -> None:
        board.beat(self._figures())
        self._timer = asyncio.get_running_loop().call_later(BEAT_EVERY, self._beat, board)

    def _here(self) -> Counters:
        stats = self._engine.stats()
        with self._process.oneshot():
            memory, times = self._process.memory_info().rss, self._process.cpu_times()
        return Counters(
            streams=stats.active_streams,
            sent=stats.bytes_served,
            fetched=sum(each.received for each in self._accounts),
            hits=stats.cache.hits + stats.cache.joined,
            lookups=stats.cache.hits + stats.cache.joined + stats.cache.misses,
            cached=stats.cache_bytes,
            cache_budget=stats.cache_budget,
            memory=memory,
            cpu=times.user + times.system,
        )

    def _figures(self) -> dict[Figure, float]:
        here = self._here()
        connected = self._accounts[0].status().state is AccountState.CONNECTED
        return {
            Figure.ABLE: connected and not self.lifecycle.draining,
            Figure.STREAMS: here.streams,
            Figure.SENT: here.sent,
            Figure.FETCHED: here.fetched,
            Figure.HITS: here.hits,
            Figure.LOOKUPS: here.lookups,
            Figure.CACHED: here.cached,
            Figure.CACHE_BUDGET: here.cache_budget,
            Figure.MEMORY: here.memory,
            Figure.CPU: here.cpu,
        }


def _of_all(board: Board) -> Counters:
    return Counters(
        streams=int(board.total(Figure.STREAMS)),
        sent=int(board.total(Figure.SENT)),
        fetched=int(board.total(Figure.FETCHED)),
        hits=int(board.total(Figure.HITS)),
        lookups=int(board.total(Figure.LOOKUPS)),
        cached=int(board.total(Figure.CACHED)),
        cache_budget=int(board.total(Figure.CACHE_BUDGET)),
        memory=int(board.total(Figure.MEMORY)),
        cpu=board.total(Figure.CPU),
    )

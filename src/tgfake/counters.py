"""What happened in a cluster, in numbers, for tests and benchmarks to assert on.

Every change wakes the waiters: `await counters.wait(lambda c: c.drops == 1)` returns as soon as the
condition holds, without polling.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

_RANGES_KEPT = 100_000
"""Served ranges remembered in all: enough for any test, and bounded in a long benchmark."""

_GAUGES = ("in_flight", "connections_open", "open_by_dc", "connections_total")
"""What `reset` leaves alone: states, and the count that numbers connections."""


@dataclass(frozen=True, slots=True)
class Served:
    """A successful answer to upload.getFile."""

    document: int
    offset: int
    size: int
    """Bytes in the answer, not bytes asked for."""
    dc: int
    connection: int


@dataclass(slots=True)
class Counters:
    """Counts since the start; read freely, written by tgfake only."""

    calls: Counter[str] = field(default_factory=Counter)
    """Requests by method, such as `upload.getFile`."""
    errors: Counter[str] = field(default_factory=Counter)
    """rpc_error answers by message."""
    faults: Counter[str] = field(default_factory=Counter)
    """Scripted faults that struck, by kind."""
    floods: int = 0
    """FLOOD_WAIT_X and FLOOD_PREMIUM_WAIT_X answers."""
    logins: int = 0
    """Successful auth.importBotAuthorization."""
    exports: int = 0
    imports: int = 0
    """Successful auth.importAuthorization."""
    messages: Counter[int] = field(default_factory=Counter)
    """Messages sent by bots, by marked chat id."""
    bytes_served: Counter[int] = field(default_factory=Counter)
    """File bytes answered, by document id."""
    ranges: deque[Served] = field(default_factory=lambda: deque(maxlen=_RANGES_KEPT))
    bytes_written: int = 0
    """Bytes of every kind that connections have put on the wire, when latency had let them out."""
    drops: int = 0
    """rpc_drop_answer received."""
    dropped_running: int = 0
    dropped_queued: int = 0
    bytes_after_drop: int = 0
    """Bytes put on the wire for an answer whose drop had arrived before."""
    in_flight: int = 0
    """upload.getFile requests received and not yet fully answered."""
    most_in_flight: int = 0
    most_in_flight_by_connection: Counter[int] = field(default_factory=Counter)
    connections_open: int = 0
    connections_total: int = 0
    connections_by_dc: Counter[int] = field(default_factory=Counter)
    """Connections accepted, by data centre."""
    open_by_dc: Counter[int] = field(default_factory=Counter)
    """Connections open now, by data centre."""
    keys_made: int = 0
    """Key exchanges completed."""
    updates_pushed: int = 0
    crashes: int = 0
    """Services that raised what they should not have; the log has the traceback."""
    _waiters: list[tuple[Callable[[Counters], bool], asyncio.Future[None]]] = field(
        default_factory=list, repr=False
    )

    @property
    def get_file_calls(self) -> int:
        """upload.getFile requests received."""
        return self.calls["upload.getFile"]

    def served(self, document: int) -> list[tuple[int, int]]:
        """The ranges of one document that were answered, as (offset, bytes), in order."""
        return [(r.offset, r.size) for r in self.ranges if r.document == document]

    def snapshot(self) -> dict[str, Any]:
        """All counts as JSON can say them; `ranges`, which may be long, only by its length."""
        told: dict[str, Any] = {"get_file_calls": self.get_file_calls}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Counter):
                told[each.name] = {str(key): count for key, count in value.items()}
            elif isinstance(value, int):
                told[each.name] = value
        return told | {"ranges": len(self.ranges)}

    def reset(self) -> None:
        """Count from nothing; what is open or in flight at this moment still is."""
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name in _GAUGES:
                continue
            if isinstance(value, Counter | deque):
                value.clear()
            elif isinstance(value, int):
                setattr(self, each.name, 0)
        self.most_in_flight = self.in_flight
        self.changed()

    def message_sent(self, chat_id: int) -> None:
        """A bot sent a message into the chat with this marked id."""
        self.messages[chat_id] += 1
        self.changed()

    def file_served(self, served: Served) -> None:
        """An upload.getFile succeeded."""
        self.bytes_served[served.document] += served.size
        self.ranges.append(served)
        self.changed()

    def took_off(self, flights_of_connection: int, connection: int) -> None:
        """A getFile arrived; its connection now has that many."""
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        most = self.most_in_flight_by_connection
        most[connection] = max(most[connection], flights_of_connection)
        self.changed()

    def landed(self) -> None:
        """A getFile is answered or given up."""
        self.in_flight -= 1
        self.changed()

    def connected(self, dc: int) -> None:
        """A connection was accepted."""
        self.connections_open += 1
        self.connections_total += 1
        self.connections_by_dc[dc] += 1
        self.open_by_dc[dc] += 1
        self.changed()

    def disconnected(self, dc: int) -> None:
        """A connection is gone."""
        self.connections_open -= 1
        self.open_by_dc[dc] -= 1
        self.changed()

    def changed(self) -> None:
        """Wake whoever waits for what has become true."""
        for waiter in list(self._waiters):
            condition, future = waiter
            if future.done():
                self._waiters.remove(waiter)
            elif condition(self):
                future.set_result(None)
                self._waiters.remove(waiter)

    async def wait(self, condition: Callable[[Counters], bool], seconds: float = 30) -> None:
        """Return when `condition` holds; raises TimeoutError after `seconds`."""
        if condition(self):
            return
        future = asyncio.get_running_loop().create_future()
        waiter = (condition, future)
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                await future
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

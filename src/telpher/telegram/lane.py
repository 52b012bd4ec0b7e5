"""One account's way to one data centre: its connections, and what has been learned of it.

Everything here is synchronous: the scheduler asks what may go out and where, tells what came of
it, and reads off whether another connection would help. `keeper` does the opening and closing.

    connections   1 growing to 4 while all windows are full, demand is unmet and no flood came;
                  one given up after 4 time-outs in a row. For a while after a flood wait only
                  what was lost is replaced, after -429 one less of it; those idle for a minute
                  are closed, one kept warm (engine.md, "Connections")
    windows       each connection's own (core/window), the last one's size kept for the next
    flood waits   the whole lane is quiet until they are over
    call rate     learned at floods (core/callrate)
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from telpher.clock import Clock
from telpher.core.callrate import CallRate
from telpher.core.window import Ticket, Window
from telpher.errors import FloodWaitError, TelegramError
from telpher.telegram.media import MediaConnection

# Users report that some 20 connections bring constant flood waits; official clients use 2 to 8.
MOST_LINKS = 4

# Answers that failed to come, one after the other, before a connection is replaced.
MOST_TIMEOUTS = 4

# After a flood wait or -429 there are no more connections than before for so long: more of them is
# not what helps. One that is lost meanwhile is replaced, or trouble would narrow the lane for good.
CALM_SECONDS = 60.0

# A connection that carried nothing for so long is closed, but for the last one.
IDLE_SECONDS = 60.0


@dataclass(eq=False, slots=True)
class Link:
    """A connection, the window on it, and how it has done.

    `slot` numbers the lane's connections, which may need a login each; `used` is when it last
    carried something, `fault` what first was wrong with it, where that matters for the next one.
    While its login is not `settled`, what it carries has to wait for that: such a chunk's time says
    nothing of the connection, and would make it look slow for as long as others have room.
    """

    slot: int
    connection: MediaConnection
    window: Window
    used: float
    proved: bool = False
    timeouts: int = 0
    fault: TelegramError | None = None
    settled: bool = True
    waited: set[Ticket] = field(default_factory=set)
    """Those of chunks that were sent before."""

    def finish(self, size: int) -> float:
        """Expected seconds until `size` more bytes would be there; inf when it has no room."""
        if not self.connection.alive or not self.window.room(size):
            return math.inf
        return self.window.estimate.expected(self.window.in_flight + size)


@dataclass(slots=True)
class LaneCounts:
    """What metrics tell of a lane; counted since the start. `received` are bytes, `errors` calls
    that came to nothing, by the error's key."""

    floods: int = 0
    premium_floods: int = 0
    timeouts: int = 0
    throttled: int = 0
    opened: int = 0
    received: int = 0
    errors: Counter[str] = field(default_factory=Counter)


@dataclass(eq=False, slots=True)
class Lane:
    """See the module. Times are of the clock's monotonic kind."""

    account: int
    dc: int
    clock: Clock
    links: list[Link] = field(default_factory=list)
    discarded: list[Link] = field(default_factory=list)
    """Links taken out of use, for the keeper to close."""
    opening: set[int] = field(default_factory=set)
    """Slots of connections that are being opened."""
    counts: LaneCounts = field(default_factory=LaneCounts)
    rate: CallRate = field(default_factory=CallRate)
    unmet: bool = False
    """Something waits that no window has room for; the scheduler says so."""
    _calm_until: float = 0.0
    _calm_most: int = 0
    _flood_until: float = 0.0
    _flood_premium: bool = False
    _learned: int = 0

    @property
    def connected(self) -> int:
        """How many connections are open."""
        return sum(link.connection.alive for link in self.links)

    def flood(self) -> FloodWaitError | None:
        """The flood wait that holds now, with the seconds left; None when there is none."""
        left = self._flood_until - self.clock.monotonic()
        if left <= 0:
            return None
        return FloodWaitError(math.ceil(left), premium=self._flood_premium)

    def pause(self) -> float:
        """Seconds until a call may go out: the flood wait's rest, or an even pace's."""
        now = self.clock.monotonic()
        return max(self._flood_until - now, self.rate.delay(now), 0.0)

    def best(self, size: int) -> tuple[float, Link] | None:
        """(expected seconds, link) of the link that would be done first; None without room.

        Whether anything may go out now is for `pause` to say.
        """
        finishes = [(link.finish(size), link) for link in self.links]
        best = min(finishes, key=lambda each: each[0], default=(math.inf, None))
        return None if best[1] is None or best[0] == math.inf else (best[0], best[1])

    def wants_links(self) -> int:
        """How many more connections should be opened for what is waiting.

        The first one alone: it shows whether Telegram lets us in. Then as many again as there are,
        side by side: each may need a login, which takes half a second.
        """
        if not self.unmet:
            return 0
        if not self.links:
            return 0 if self.opening or self.flood() is not None else 1
        most = min(2 * len(self.links), self._calm_most if self._calm() else MOST_LINKS)
        return max(most - len(self.links) - len(self.opening), 0)

    def free_slot(self) -> int:
        """The number of the next connection: the lowest that no link has."""
        taken = {link.slot for link in (*self.links, *self.discarded)} | self.opening
        return next(slot for slot in range(len(taken) + 1) if slot not in taken)

    def add(self, slot: int, connection: MediaConnection, *, settled: bool = True) -> Link:
        """A new connection; its window starts at the size that the last one had learned."""
        window = Window(self._learned) if self._learned else Window()
        link = Link(slot, connection, window, self.clock.monotonic(), settled=settled)
        self.links.append(link)
        self.counts.opened += 1
        return link

    def discard(self, link: Link) -> bool:
        """Takes a link out of use; False when it was out already. What it learned is kept."""
        if link not in self.links:
            return False
        self.links.remove(link)
        self.discarded.append(link)
        self._learned = link.window.size
        return True

    def sweep(self) -> None:
        """Discards the links that are dead and, but for one, those that are idle for long."""
        for link in [each for each in self.links if not each.connection.alive]:
            self.discard(link)
        now = self.clock.monotonic()
        for link in [each for each in self.links if now - each.used >= IDLE_SECONDS]:
            if not link.window.in_flight and len(self.links) > 1:
                link.proved = True  # it ends in peace
                self.discard(link)

    # What came of a call.

    def sent(self, link: Link, size: int) -> Ticket:
        """A call for `size` bytes goes out."""
        now = self.clock.monotonic()
        self.rate.called(now)
        link.used = now
        ticket = link.window.sent(size)
        if not link.settled:
            link.waited.add(ticket)
        return ticket

    def succeeded(self, link: Link, ticket: Ticket, seconds: float) -> None:
        """The bytes are there."""
        if ticket in link.waited:
            link.window.dropped(ticket)
        else:
            link.window.received(ticket, seconds)
        link.timeouts = 0
        link.proved = True
        link.used = self.clock.monotonic()

    def flooded(self, link: Link, ticket: Ticket, error: FloodWaitError) -> None:
        """A flood wait came instead: the lane is quiet until it is over."""
        now = self.clock.monotonic()
        link.window.flooded(ticket)
        self.rate.flooded(now)
        self._keep_calm(now + error.seconds + CALM_SECONDS, self._most())
        if now + error.seconds > self._flood_until:
            self._flood_until = now + error.seconds
            self._flood_premium = error.premium
        if error.premium:
            self.counts.premium_floods += 1
        else:
            self.counts.floods += 1

    def no_login(self, error: FloodWaitError) -> None:
        """A login has to wait: no connection is added; where there is none, nothing can go out."""
        until = self.clock.monotonic() + error.seconds
        self._keep_calm(max(self._calm_until, until), len(self.links))
        if not self.links:
            self._flood_until = max(self._flood_until, until)
            self._flood_premium = error.premium

    def timed_out(self, link: Link, ticket: Ticket) -> bool:
        """No answer in time; True when the link should be replaced."""
        link.window.slow(ticket)
        link.timeouts += 1
        self.counts.timeouts += 1
        return link.timeouts >= MOST_TIMEOUTS

    def throttled(self, link: Link) -> None:
        """The server closed the connection with -429: no more of them, the least window."""
        link.window.throttled()
        self.counts.throttled += 1
        self._keep_calm(self.clock.monotonic() + CALM_SECONDS, max(self._most() - 1, 1))

    # How many connections there may be in calm.

    def _calm(self) -> bool:
        return self.clock.monotonic() < self._calm_until

    def _most(self) -> int:
        return self._calm_most if self._calm() else len(self.links) + len(self.opening)

    def _keep_calm(self, until: float, most: int) -> None:
        self._calm_until, self._calm_most = until, most

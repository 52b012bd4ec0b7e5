"""The fetch window of one media connection: how many bytes may be asked for and not yet there.

A connection gives at most window / RTT. Too small a window leaves the pipe idle; too large a one
fills the server's queue, so that the next seek waits behind bytes nobody wants any more, and brings
flood waits. Neither rate nor cap is known beforehand (telegram.md), so the window is learned:

      size
     4 MiB |- - - - - - - - - - - - - - - - - -   most
           |     ________ target: 1.5 x rate x RTT, in whole chunks, + one chunk
           |    /        |          ____/
           |   / x 2     |flood____/  +128 KiB
           |  /  per full| x 0.5      per full     slower than max(8 s, 4 x expected): x 0.7
   512 KiB |_/   window  |            window       transport error -429: down to the least
   128 KiB |- - - - - - - - - - - - - - - - - -   least
           +-------------------------------------> bytes received

It grows whenever a whole window of bytes has come in good time, counting only chunks that filled
it: where the viewers and not the window are the limit, nothing is learned. Until the first trouble
it doubles, as TCP's slow start does: small steps would take 60 MiB to fill a pipe of 80 ms. After
that it grows by 128 KiB. It grows no further than the target, which is in whole chunks: two of
1 MiB must fit, or the pipe idles for a round trip after each. A window that is the bottleneck has
its rate x RTT equal to itself, so the target is out of its reach; once the connection is the
bottleneck the rate stands, and so does the target. The window is not cut back to a target that
falls, since the measured rate also falls when nobody asks for much.

Trouble comes in bursts: when eight requests are in flight, one flood wait makes eight errors. As
with TCP, one cut answers them all: an error of a request that was sent before the last cut says
nothing new.

Events are methods; the state that comes out is `room`. A request is `sent` once and ends once, by
`received`, `flooded`, `slow` or `dropped`; what is told of a ticket afterwards is ignored, so that
`dropped` may stand in a `finally`. No method awaits or reads a clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from telpher.core.chunks import PAGE
from telpher.core.estimator import Estimator

# Users' reports have connections at 5 to 10 MB/s: this fills 50 to 100 ms of one.
START = 512 << 10

# Two granules: one being sent on to a viewer, one on its way.
LEAST = 128 << 10

# 80 ms at 50 MB/s, beyond anything reported for one connection.
MOST = 4 << 20

# What Telegram's desktop client adds per success at full window; here only after a cut.
STEP = 128 << 10

# The margin over rate x RTT, so that a jitter of half a round trip does not empty the pipe.
HEADROOM = 1.5

AFTER_FLOOD = 0.5
AFTER_SLOW = 0.7

# Telegram's desktop client calls a part late after this many seconds; a slow link gets more.
LATE_SECONDS = 8.0
LATE_TIMES = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """One request in flight: how the window stood when it was sent.

    `ahead` are the bytes in flight with its own; `full`: the next one of its size had no room;
    `cuts`: how often the window had been cut; `mark` is the estimator's.
    """

    nbytes: int
    ahead: int
    full: bool
    cuts: int
    mark: int


class Window:
    """`size` and `in_flight` are in bytes; `size` may be kept and given to the next one."""

    def __init__(self, size: int = START) -> None:
        self.size = min(max(size, LEAST), MOST)
        self.estimate = Estimator()
        self._flying: dict[Ticket, None] = {}
        self._in_flight = 0
        self._good = 0  # bytes since the last change that came in time and filled the window
        self._cuts = 0

    @property
    def in_flight(self) -> int:
        """Bytes asked for and not there yet."""
        return self._in_flight

    @property
    def target(self) -> int:
        """Where growing ends, as far as rate and round trip are known."""
        chunks = math.ceil(HEADROOM * self.estimate.in_a_round_trip() / PAGE)
        return min((chunks + 1) * PAGE, MOST)

    def room(self, nbytes: int) -> bool:
        """Whether a request for `nbytes` may be sent now. An idle connection always has room."""
        return not self._flying or self._in_flight + nbytes <= self.size

    def patience(self, ticket: Ticket) -> float:
        """Seconds from sending after which the chunk counts as slow."""
        return max(LATE_SECONDS, LATE_TIMES * self.estimate.expected(ticket.ahead))

    def sent(self, nbytes: int) -> Ticket:
        """A request for `nbytes` went out."""
        self._in_flight += nbytes
        ticket = Ticket(
            nbytes=nbytes,
            ahead=self._in_flight,
            full=self._in_flight + nbytes > self.size,
            cuts=self._cuts,
            mark=self.estimate.mark(),
        )
        self._flying[ticket] = None
        return ticket

    def received(self, ticket: Ticket, seconds: float) -> None:
        """Its answer is there, all of it, `seconds` after it was sent."""
        if not self._end(ticket):
            return
        late = seconds > self.patience(ticket)
        self.estimate.received(ticket.nbytes, seconds, ticket.mark, full=ticket.full)
        if late:
            self._cut(ticket, AFTER_SLOW)
        elif ticket.full and ticket.cuts == self._cuts:
            self._grow(ticket.nbytes)

    def flooded(self, ticket: Ticket) -> None:
        """A flood wait came instead of the bytes."""
        if self._end(ticket):
            self._cut(ticket, AFTER_FLOOD)

    def slow(self, ticket: Ticket) -> None:
        """The request was given up, its patience being over."""
        if self._end(ticket):
            self._cut(ticket, AFTER_SLOW)

    def dropped(self, ticket: Ticket) -> None:
        """The request ended for a reason that says nothing of the connection: a seek, a stale
        reference, another error."""
        self._end(ticket)

    def throttled(self) -> None:
        """The server closed the connection with -429; what was in flight is dropped one by one."""
        self._set(LEAST)

    def _end(self, ticket: Ticket) -> bool:
        """Takes the ticket out; False when it ended before."""
        if ticket not in self._flying:
            return False
        del self._flying[ticket]
        self._in_flight -= ticket.nbytes
        return True

    def _grow(self, nbytes: int) -> None:
        self._good += nbytes
        if self._good >= self.size:
            self._good = 0
            step = STEP if self._cuts else self.size
            self.size = max(self.size, min(self.size + step, self.target))

    def _cut(self, ticket: Ticket, factor: float) -> None:
        if ticket.cuts == self._cuts:
            self._set(max(int(self.size * factor), LEAST))

    def _set(self, size: int) -> None:
        self.size = size
        self._good = 0
        self._cuts += 1

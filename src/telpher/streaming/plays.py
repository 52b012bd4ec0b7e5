"""Plays: what limits and counters mean by one viewer (rule 17).

One play is one link and one client until 60 s without bytes: players open dozens of connections
for one film (players.md 4 and 11), and all of them share one place under MAX_STREAMS and one pace
under SPEED_LIMIT_MBPS. Answers below 64 KiB never start a play.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from telpher.clock import Clock
from telpher.core.pace import Pace
from telpher.errors import BusyError

# A play is over so long after its last stream was closed.
OVER_AFTER = 60.0

# Smaller answers are probes (a container's index, a cover): they start no play.
LEAST_ANSWER = 64 << 10

# Plays remembered at once, so that strangers cannot make the table grow; the oldest go first.
MOST_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class PlayLimits:
    """`most` plays at once and `megabits` (10^6 bits) per second of each; 0 switches off."""

    most: int = 0
    megabits: float = 0.0


@dataclass(eq=False, slots=True)
class Play:
    """`streams` are open now; `left` is when the last one was closed."""

    key: Hashable
    pace: Pace | None
    streams: int = 0
    left: float = 0.0


class Plays:
    """The plays going on."""

    def __init__(self, limits: PlayLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._plays: OrderedDict[Hashable, Play] = OrderedDict()  # oldest first

    @property
    def active(self) -> int:
        """How many are going on."""
        self._sweep()
        return len(self._plays)

    def enter(self, key: Hashable, length: int) -> Play:
        """The play that a stream of `length` bytes belongs to; `leave` when it has ended.

        Raises BusyError when it would be one more than there may be.
        """
        play = self._plays.get(key)
        if play is None:
            play = self._begin(key, counted=length >= LEAST_ANSWER)
        play.streams += 1
        return play

    def leave(self, play: Play) -> None:
        """One of its streams has ended; the play goes on for a while."""
        play.streams -= 1
        play.left = self._clock.monotonic()
        if self._plays.get(play.key) is play:
            self._plays.move_to_end(play.key)

    def _begin(self, key: Hashable, *, counted: bool) -> Play:
        megabits = self._limits.megabits
        pace = Pace.of_megabits(megabits) if megabits else None
        play = Play(key, pace)
        if not counted:
            return play
        self._sweep()
        if self._limits.most and len(self._plays) >= self._limits.most:
            raise BusyError(f"{self._limits.most} plays are going on already")
        self._plays[key] = play
        if len(self._plays) > MOST_REMEMBERED:
            self._plays.popitem(last=False)
        return play

    def _sweep(self) -> None:
        """Ends the plays without bytes for long. A paused player keeps its place."""
        until = self._clock.monotonic() - OVER_AFTER
        over = [key for key, play in self._plays.items() if not play.streams and play.left <= until]
        for key in over:
            del self._plays[key]

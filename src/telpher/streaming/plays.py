"""Plays: what limits and counters mean by one viewer (rule 17).

One play is one link and one client until 60 s without bytes: players open dozens of connections
for one film (players.md 4 and 11), and all of them share one place under MAX_STREAMS and
MAX_STREAMS_PER_USER and one pace under SPEED_LIMIT_MBPS. Answers below 64 KiB never start a play.
The entries of one playlist are one play as well, whichever of them are played and in what order.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Protocol, TypeAlias

from telpher.clock import Clock
from telpher.core.habit import Habit
from telpher.core.model import FileInfo, MessageRef, Sitting, Viewer
from telpher.core.pace import Pace
from telpher.errors import BusyError, TelpherError, TooManyPlaysError

# A play is over so long after its last stream was closed.
OVER_AFTER = 60.0

# Smaller answers are probes (a container's index, a cover): they start no play.
LEAST_ANSWER = 64 << 10

# Plays remembered at once, so that strangers cannot make the table grow; the oldest go first.
MOST_REMEMBERED = 100_000

# Entries of one play whose player's habits are remembered: it reads one and opens the next.
MOST_ENTRIES = 8


# A play as other processes know it, and whose link it is of (0: that is not known).
Marked: TypeAlias = tuple[int, int]
Marks: TypeAlias = frozenset[Marked] | set[Marked]
Beside: TypeAlias = Callable[[Sequence[Marked]], Marks]


@dataclass(frozen=True, slots=True)
class PlayLimits:
    """`most` plays at once, `most_per_owner` of the links of one user, and `megabits` (10^6 bits)
    per second of each play; 0 switches off."""

    most: int = 0
    megabits: float = 0.0
    most_per_owner: int = 0


class PlayLog(Protocol):
    """Told of what is played, for counters and quotas: must neither wait nor fail."""

    def begun(self, viewer: Viewer, ref: MessageRef, info: FileInfo) -> None:
        """A play began: once for each, with its first bytes."""
        ...

    def served(self, viewer: Viewer, info: FileInfo, count: int) -> None:
        """So many bytes more went out, also of what is no play."""
        ...


class NoLog:
    """A PlayLog where nobody counts."""

    def begun(self, viewer: Viewer, ref: MessageRef, info: FileInfo) -> None:
        return None

    def served(self, viewer: Viewer, info: FileInfo, count: int) -> None:
        return None


@dataclass(eq=False, slots=True)
class Play:
    """What one client plays of one link: the whole play, or of a playlist one entry."""

    viewer: Viewer
    whole: Whole
    habit: Habit = field(default_factory=Habit)

    @property
    def pace(self) -> Pace | None:
        """How fast it may go, together with the other entries."""
        return self.whole.pace


@dataclass(eq=False, slots=True)
class Whole:
    """One play as limits count it.

    `streams` are open now; `left` is when the last one was closed. `counted` is false of what is
    too small to be a play, `begun` true once bytes were there, `told` false of what nobody is
    told of. `entries` are those played lately,
    by link id.
    """

    sitting: Sitting
    owner: int | None
    pace: Pace | None
    counted: bool
    begun: bool = False
    told: bool = True
    streams: int = 0
    left: float = 0.0
    entries: OrderedDict[int, Play] = field(default_factory=OrderedDict)

    @property
    def marked(self) -> Marked:
        """64 bits that are the same in every process, and like no other play's; and its owner."""
        name = f"{self.sitting.played}/{self.sitting.client}".encode()
        return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()), self.owner or 0

    def entry(self, viewer: Viewer) -> Play:
        """The part of it that is `viewer`'s link."""
        entry = self.entries.get(viewer.link_id)
        if entry is None:
            entry = self.entries[viewer.link_id] = Play(viewer, self)
            if len(self.entries) > MOST_ENTRIES:
                self.entries.popitem(last=False)
        return entry

    def over(self, until: float) -> bool:
        """Whether it has ended, if those do whose last byte was before `until`. A paused player
        keeps its place."""
        return not self.streams and self.left <= until


def unplayed() -> Play:
    """What is read for no viewer: without limits, and told to nobody."""
    nobody = Viewer(0, "")
    return Play(nobody, Whole(nobody.sitting, None, None, counted=False, told=False))


class Plays:
    """The plays going on."""

    def __init__(
        self,
        limits: PlayLimits,
        clock: Clock,
        log: PlayLog | None = None,
        elsewhere: Callable[[int], int] = lambda _owner: 0,
        beside: Beside = lambda _here: frozenset(),
    ) -> None:
        """`elsewhere` knows how many plays of an owner's links go on at other instances. `beside`
        is told which plays go on here, and knows which do in the other processes that `limits` are
        meant for."""
        self._limits = limits
        self._elsewhere = elsewhere
        self._beside = beside
        self._log = log or NoLog()
        self._clock = clock
        self._plays: OrderedDict[Sitting, Whole] = OrderedDict()  # oldest first
        self._owned: Counter[int] = Counter()

    @property
    def active(self) -> int:
        """How many are going on."""
        self._sweep()
        return len(self._plays)

    def owned(self) -> Mapping[int, int]:
        """How many of them are of whose links."""
        self._sweep()
        return self._owned

    def playing(self, viewer: Viewer) -> bool:
        """Whether a stream of this viewer would belong to a play that goes on already."""
        whole = self._plays.get(viewer.sitting)
        return whole is not None and not whole.over(self._clock.monotonic() - OVER_AFTER)

    def enter(self, viewer: Viewer, length: int) -> Play:
        """The play that a stream of `length` bytes belongs to; `leave` when it has ended.

        Raises BusyError when it would be one more than there may be, TooManyPlaysError when it
        would be one more than there may be of the owner's links.
        """
        whole = self._plays.get(viewer.sitting)
        if whole is None:
            whole = self._begin(viewer, counted=length >= LEAST_ANSWER)
        whole.streams += 1
        return whole.entry(viewer)

    def leave(self, play: Play) -> None:
        """One of its streams has ended; the play goes on for a while."""
        whole = play.whole
        whole.streams -= 1
        whole.left = self._clock.monotonic()
        if self._plays.get(whole.sitting) is whole:
            self._plays.move_to_end(whole.sitting)

    def note_begun(self, play: Play, ref: MessageRef, info: FileInfo) -> None:
        """The first bytes of one of its streams are there."""
        if play.whole.counted and not play.whole.begun:
            play.whole.begun = True
            self._log.begun(play.viewer, ref, info)

    def note_served(self, play: Play, info: FileInfo, count: int) -> None:
        """So many bytes more of it went out."""
        if play.whole.told:
            self._log.served(play.viewer, info, count)

    def _begin(self, viewer: Viewer, *, counted: bool) -> Whole:
        megabits = self._limits.megabits
        pace = Pace.of_megabits(megabits) if megabits else None
        whole = Whole(viewer.sitting, viewer.owner, pace, counted)
        if not counted:
            return whole
        self._sweep()
        self._refuse_too_many(whole)
        self._plays[whole.sitting] = whole
        if whole.owner is not None:
            self._owned[whole.owner] += 1
        if len(self._plays) > MOST_REMEMBERED:
            self._forget(next(iter(self._plays.values())))
        return whole

    def _refuse_too_many(self, whole: Whole) -> None:
        if not self._limits.most and not self._limits.most_per_owner:
            return
        elsewhere = self._beside([*self._marked(), whole.marked])
        if whole.marked in elsewhere:
            return
        try:
            self._refuse_one_more(whole.owner, elsewhere.union(self._marked()))
        except TelpherError:
            self._beside(self._marked())
            raise

    def _refuse_one_more(self, owner: int | None, going_on: Marks) -> None:
        most = self._limits.most_per_owner
        if most and owner is not None:
            here = sum(each == owner for _, each in going_on)
            # Other instances may be among those that were counted already.
            if max(here, self._owned[owner] + self._elsewhere(owner)) >= most:
                raise TooManyPlaysError(f"{most} plays of one user's links", int(OVER_AFTER))
        if self._limits.most and len(going_on) >= self._limits.most:
            raise BusyError(f"{self._limits.most} plays are going on already")

    def _marked(self) -> list[Marked]:
        return [each.marked for each in self._plays.values()]

    def _forget(self, whole: Whole) -> None:
        del self._plays[whole.sitting]
        if whole.owner is None:
            return
        self._owned[whole.owner] -= 1
        if not self._owned[whole.owner]:
            del self._owned[whole.owner]

    def _sweep(self) -> None:
        """Ends the plays without bytes for long. Those without a stream stand in the order in which
        they were left: the first that is not over is the last to be looked at, however many."""
        until = self._clock.monotonic() - OVER_AFTER
        resting = (each for each in self._plays.values() if not each.streams)
        ended = list(takewhile(lambda each: each.over(until), resting))
        for whole in ended:
            self._forget(whole)
        if ended and (self._limits.most or self._limits.most_per_owner):
            self._beside(self._marked())


class Attendance:
    """A place in a play whose bytes are sent elsewhere; to be left once."""

    def __init__(self, plays: Plays, play: Play, info: FileInfo) -> None:
        self._plays = plays
        self._play = play
        self._info = info

    def served(self, count: int) -> None:
        """So many bytes went out."""
        self._plays.note_served(self._play, self._info, count)

    def leave(self) -> None:
        """The last of them have."""
        self._plays.leave(self._play)

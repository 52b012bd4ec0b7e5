"""How often upload.getFile may be called: learned from flood waits, per account and data centre.

Windows count bytes, Telegram's flood waits count calls, and the limit is not published. Two things
bring flood waits, and they ask for opposite answers:

    a bucket     tokens come at an even rate, a call without one is refused: keep below that rate
    anything     Telegram is in trouble, or somebody else used the token: whoever slows down for
    else         it crawls for nothing

What tells them apart: a bucket is empty whenever it refuses. So between two flood waits as many
calls were granted as tokens came, or fewer where it was full meanwhile:

    granted / time    is at most the bucket's rate, and exact for whoever kept asking

That is the `ceiling`; the first time it may be too high, for a bucket that was full. Under it a
bucket refuses nothing. Hence what a flood wait means:

    came after no granted call at all         teaches nothing: tokens came while it lasted
    calls came far slower than the limit      teaches nothing: it was not the pace
    limit below a ceiling that was exact      there is no such bucket: the ceiling goes up
    else                                      a new ceiling, and the limit goes below it

    calls/s
            |            flood                             disproved: twice as much each 10 s
    ceiling |- - - - - - - /|- - - - - - - ____----
        0.9 |       ____--- |   ____----       carefully: 1/50 of the ceiling each second; half as
            |    __/        |__/               fast after each flood wait that confirms it
            |___/ twice as much each 10 s
            +------------------------------------------------------------> seconds in use

A limit rises only while calls are made: one that nobody tried is not proved by time. The calls of
one moment are refused together, and Telegram grants none until the wait is over: what a flood wait
means is decided with the first call afterwards, when it is known which ones were granted.

Calls under a limit are let through by the generic cell rate algorithm: each moves `due`, when the
next one would come at an even pace, by 1 / limit; up to `LEAD` may go ahead of it, so that the
small chunks at a stream's beginning leave together. How much Telegram takes at once is not known
either: each flood wait under a limit halves that lead, half a minute of calls without one doubles
it.

Times are seconds of one monotonic clock, handed in.
"""

from __future__ import annotations

from collections import deque

# Of the ceiling, after a flood wait: the first time, when it may be too high, and later.
AFTER_FIRST_FLOOD = 0.7
AFTER_FLOOD = 0.8

# One download of 1 MiB after the other makes 5 calls a second and more, by users' figures
# (telegram.md), and nobody reports flood waits of that. At this pace most video plays.
LEAST = 2.0

# 3 ms between calls is the least in Telegram's own library.
MOST = 300.0

# In use and away from the ceiling the limit doubles in so many seconds.
DOUBLING = 10.0

# Between these parts of the ceiling it rises carefully, by so much of the ceiling each second: at
# first, and after some flood waits that confirmed the ceiling.
CAREFUL_FROM = 0.9
CAREFUL_TO = 1.5
CAREFUL = 1 / 50
MOST_CAREFUL = 1 / 400

# Another ceiling within this part of the last one confirms it.
_SAME = 0.2

# Below this part of a ceiling that was exact a bucket refuses nothing, measured as roughly as it is
# here; it was exact after so many seconds. If there is no such bucket, up with the ceiling.
_BELOW = 0.95
_EXACT_AFTER = 3.0
_DISPROVED = 1.2

# Calls may run ahead of an even pace by so many seconds: at first, and at least.
LEAD = 1.0
LEAST_LEAD = 1 / 16
_CALM = 30.0

# Fewer granted calls are no pace: five open a stream, three more its next pages.
_EVIDENCE = 8

# No flood wait under a limit brings it, or the ceiling, below this part of the ceiling.
_LEAST_PART = 0.5

# Time without a call counts up to this: who pauses proves nothing about the pace. A second, as the
# shortest flood wait belongs to the time in which tokens came.
_MOST_GAP = 1.0

# So many calls are remembered, to tell the pace of late: that of the busiest of these spans, in
# seconds, must have come near the limit, or it was not the pace that brought the flood wait.
_REMEMBERED = 512
_SPANS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_NEAR_LIMIT = 0.5

# After a quiet time the latest calls show what was granted, not the average of hours.
_LATE = 5.0


class CallRate:
    """Ask `delay` before each call, tell `called` at each, `flooded` at each flood wait."""

    __slots__ = (
        "_calm",
        "_care",
        "_ceiling",
        "_due",
        "_exact",
        "_flood",
        "_follows",
        "_granted",
        "_last",
        "_lead",
        "_limit",
        "_recent",
        "_refused",
        "_seconds",
        "_since_flood",
    )

    def __init__(self) -> None:
        self._limit = 0.0  # 0.0: none yet
        self._ceiling = 0.0
        self._exact = False  # whether a bucket's rate cannot be below the ceiling
        self._care = CAREFUL
        self._lead = LEAD
        self._due = 0.0
        self._calm = 0.0  # seconds with calls since the lead changed
        self._recent: deque[float] = deque(maxlen=_REMEMBERED)
        self._last: float | None = None
        # The period since the flood wait that taught something: its length without pauses, calls
        # granted or under way in it; whether a flood wait began it.
        self._seconds = 0.0
        self._granted = 0
        self._follows = False
        self._since_flood = 0  # granted since the last flood wait, of whatever kind
        # When a flood wait came that is still to be judged, and how many calls it refused.
        self._flood: float | None = None
        self._refused = 0

    @property
    def limit(self) -> float | None:
        """Calls a second, None when there is no limit."""
        return self._limit or None

    def delay(self, now: float) -> float:
        """Seconds until the next call may go out, 0.0 for at once."""
        return max(self._due - self._lead - now, 0.0) if self._limit else 0.0

    def called(self, now: float) -> None:
        """A call goes out."""
        if self._flood is not None:
            self._judge(self._flood)
            self._flood, self._refused = None, 0
        passed = 0.0 if self._last is None else min(max(now - self._last, 0.0), _MOST_GAP)
        self._last = now
        self._seconds += passed
        self._granted += 1
        self._since_flood += 1
        self._recent.append(now)
        if self._limit:
            self._rise(min(passed, 2 / self._limit))
            self._stay_calm(passed)
            self._due = max(self._due, now) + 1 / self._limit

    def flooded(self, now: float) -> None:
        """A call was answered with a flood wait; several at once are one."""
        self._granted = max(self._granted - 1, 0)
        self._since_flood = max(self._since_flood - 1, 0)
        self._refused += 1
        if self._flood is None:
            self._flood = now

    def _rise(self, used: float) -> None:
        """The limit was in use for so many seconds."""
        if CAREFUL_FROM <= self._limit / self._ceiling <= CAREFUL_TO:
            self._limit += used * self._ceiling * self._care
        else:
            self._limit *= 2 ** (used / DOUBLING)
        self._limit = min(self._limit, MOST)

    def _stay_calm(self, seconds: float) -> None:
        """There were calls for so long, and no flood wait."""
        self._calm += seconds
        if self._calm > _CALM:
            self._calm = 0.0
            self._lead = min(self._lead * 2, LEAD)

    # What a flood wait means.

    def _judge(self, at: float) -> None:
        if not self._since_flood:
            self._care = CAREFUL
            self._begin_period()
            return
        self._since_flood = 0
        if self._granted >= _EVIDENCE:
            self._learn(at)
        elif self._limit and self._tried(at):
            least = max(self._ceiling * _LEAST_PART, LEAST)
            self._limit = max(self._limit * AFTER_FIRST_FLOOD, least)
            self._shorten_lead(at)

    def _learn(self, at: float) -> None:
        """The flood wait ends a period with enough calls for a pace."""
        seen, seconds, follows = self._seen(at), self._seconds, self._follows
        tried = not self._limit or self._tried(at)
        self._begin_period()
        if not tried:
            return
        if self._exact and self._limit < self._ceiling * _BELOW:
            self._exact = False
            self._ceiling *= _DISPROVED
            self._care = CAREFUL
            return
        if self._limit:
            seen = min(max(seen, self._ceiling * _LEAST_PART), self._limit)
            confirmed = abs(seen / self._ceiling - 1) < _SAME
            self._care = max(self._care / 2, MOST_CAREFUL) if confirmed else CAREFUL
            self._shorten_lead(at)
        self._exact = follows and seconds >= _EXACT_AFTER
        self._ceiling = max(seen, LEAST)
        self._limit = max(seen * (AFTER_FLOOD if follows else AFTER_FIRST_FLOOD), LEAST)

    def _begin_period(self) -> None:
        self._seconds, self._granted, self._follows = 0.0, 0, True

    def _seen(self, at: float) -> float:
        """Granted calls a second, in the whole period or of late."""
        late = sum(0 <= at - moment < _LATE for moment in self._recent) - self._refused
        late = min(late, self._granted)
        return max(self._granted / max(self._seconds, _MOST_GAP), late / _LATE)

    def _tried(self, at: float) -> bool:
        """Whether calls came near the limit before the flood wait."""
        ages = [at - moment for moment in self._recent if moment <= at]
        pace = max(sum(age < span for age in ages) / span for span in _SPANS)
        return pace >= self._limit * _NEAR_LIMIT

    def _shorten_lead(self, at: float) -> None:
        self._lead = max(self._lead / 2, LEAST_LEAD)
        self._due = min(self._due, at + self._lead)
        self._calm = 0.0

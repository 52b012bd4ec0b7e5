"""How often upload.getFile may be called: learned from flood waits, per account and data centre.

Windows count bytes, Telegram's flood waits count calls, and the limit is not published. So there is
none at first; at a flood wait it becomes 0.7 of the rate just seen, and rises again in a straight
line: after 130 seconds it is where the flood came, and the next one, if any, sets it anew.

      calls/s
         |       flood            flood
    seen |  ....../|          ____/|        ____
         |  no     |     ____/     |   ____/
    0.7x |  limit  |____/          |__/
         +------------------------------------------> time

The rate seen is that of the busiest time just now: with idle time in it, it would be too low, and
a limit too low is a crawl for minutes. Too high, it brings the next flood wait, and the limit is
cut again. One that comes though the limit was nowhere near has other reasons: it teaches nothing;
nor does one after a handful of calls, which was earned before, or elsewhere.

Calls under a limit are let through by the generic cell rate algorithm: each moves `due`, when the
next one would come at an even pace, by 1 / limit; up to a second's worth may go ahead of it, so
that the small chunks at a stream's beginning leave together. How much Telegram takes at once is
not known either: each flood wait under a limit halves that lead.

Times are seconds of one monotonic clock, handed in.
"""

from __future__ import annotations

from collections import deque

AFTER_FLOOD = 0.7

# Of the limit at the flood, per second.
RISE = 1 / 300

# 1 MiB chunks at this pace still play most video.
LEAST = 1.0

# Calls may run ahead of an even pace by so many seconds: at first, and at least.
LEAD = 1.0
LEAST_LEAD = 1 / 16

# The rate seen is that of the latest calls, so many of them at most, over the busiest of these
# spans in seconds. Less than a second would turn the opening of one stream into a rate.
_REMEMBERED = 512
_SPANS = (1.0, 2.0, 5.0, 10.0)
_HORIZON = _SPANS[-1]

# Below this part of the limit it was not the pace that brought the flood wait.
_NEAR_LIMIT = 0.5

# Fewer calls of late are no pace: five open a stream, three more its next pages.
_EVIDENCE = 8


class CallRate:
    """Ask `delay` before each call, tell `called` at each, `flooded` at each flood wait."""

    __slots__ = ("_base", "_due", "_flood_at", "_lead", "_news", "_recent")

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=_REMEMBERED)
        self._base = 0.0  # the limit at the last flood wait; 0.0 before the first
        self._flood_at = 0.0
        self._lead = LEAD
        self._due = 0.0
        self._news = False  # was there a call since the last flood wait?

    def limit(self, now: float) -> float | None:
        """Calls a second, None when there is no limit."""
        if not self._base:
            return None
        return self._base * (1 + RISE * max(now - self._flood_at, 0.0))

    def seen(self, now: float) -> float:
        """Calls a second of late, at the busiest."""
        ages = [now - moment for moment in self._recent]
        return max(sum(age < span for age in ages) / span for span in _SPANS)

    def delay(self, now: float) -> float:
        """Seconds until the next call may go out, 0.0 for at once."""
        return max(self._due - self._lead - now, 0.0) if self._base else 0.0

    def called(self, now: float) -> None:
        """A call goes out."""
        self._recent.append(now)
        self._news = True
        limit = self.limit(now)
        if limit is not None:
            self._due = max(self._due, now) + 1 / limit

    def flooded(self, now: float) -> None:
        """A call was answered with a flood wait.

        Several at once are one: those that come without a call in between change nothing.
        """
        if not self._news:
            return
        self._news = False
        limit, seen = self.limit(now), self.seen(now)
        if sum(now - moment <= _HORIZON for moment in self._recent) < _EVIDENCE:
            return
        if limit is not None:
            if seen < limit * _NEAR_LIMIT:
                return
            seen = min(seen, limit)
            self._lead = max(self._lead / 2, LEAST_LEAD)
            self._due = min(self._due, now + self._lead)
        self._base = max(seen * AFTER_FLOOD, LEAST)
        self._flood_at = now

"""What has gone wrong of late: a bounded list, each trouble once, with how often it came.

    log entry (WARNING with an error or a diagnosis, ERROR and above) → note → recent()  dashboard
                                                                           └→ follow()  reports, the
                                                                                        service

The log pipe feeds it, from whichever thread speaks. Two entries are the same trouble when they come
from the same logger and say the same but for numbers, names and the like (`shape`). Texts are
redacted before they come here.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from telpher.observe.diagnosis.entry import Entry
from telpher.observe.shape import shape_of

# Troubles that are told apart; the one not seen for longest makes room.
MOST: Final = 200

# Characters of a summary: a line or three on a telephone.
LONGEST: Final = 300

# Instead of a diagnosis' key where there is none.
UNKNOWN: Final = "unknown"

News = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A log entry that tells of trouble. `at` in Unix seconds; `kind` is the error's class, `stack`
    where in telpher it came from; `quiet`: it is listed and not reported, since it befell what
    reports troubles, or is harmless.
    """

    summary: str
    where: str
    level: str
    at: float
    diagnosis: Entry | None = None
    kind: str = ""
    stack: tuple[str, ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """A trouble and how often it was seen. `first` and `last` in Unix seconds; `level` and
    `summary` are those of the last time; `guess` is what the service made of it, if asked."""

    key: str
    summary: str
    where: str
    level: str
    count: int
    first: float
    last: float
    diagnosis: Entry | None = None
    guess: str | None = None
    kind: str = ""
    stack: tuple[str, ...] = ()
    quiet: bool = False


class Troubles:
    """See the module. Safe to use from any thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[str, Trouble] = OrderedDict()
        self._seen: Counter[str] = Counter()
        self._followers: list[News] = []
        self._lock = threading.Lock()

    def note(self, seen: Sighting) -> None:
        """Counts it; the followers are told."""
        key = _key(seen)
        with self._lock:
            self._seen[seen.diagnosis.key if seen.diagnosis else UNKNOWN] += 1
            self._known[key] = _again(self._known.get(key), key, seen)
            self._known.move_to_end(key)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
            followers = list(self._followers)
        for told in followers:
            told()

    def recent(self) -> list[Trouble]:
        """All that is remembered, the newest first."""
        with self._lock:
            return list(reversed(self._known.values()))

    def seen(self) -> dict[str, int]:
        """How many sightings there have been since the start, by the diagnosis' key."""
        with self._lock:
            return dict(self._seen)

    def guess(self, key: str, text: str) -> None:
        """Adds what the service says of a trouble that is still remembered."""
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known[key] = replace(known, guess=text)

    def follow(self, told: News) -> None:
        """Has `told` called after each sighting, in whichever thread it came from: it must neither
        wait nor log nor fail."""
        with self._lock:
            self._followers.append(told)

    def leave(self, told: News) -> None:
        """Ends that."""
        with self._lock:
            self._followers.remove(told)


def _again(known: Trouble | None, key: str, seen: Sighting) -> Trouble:
    return Trouble(
        key=key,
        summary=seen.summary[:LONGEST],
        where=seen.where,
        level=seen.level,
        count=known.count + 1 if known else 1,
        first=known.first if known else seen.at,
        last=seen.at,
        diagnosis=seen.diagnosis,
        guess=known.guess if known else None,
        kind=seen.kind,
        stack=seen.stack,
        quiet=seen.quiet,
    )


def _key(seen: Sighting) -> str:
    known = seen.diagnosis.key if seen.diagnosis else ""
    told = "\n".join((seen.where, known, seen.kind, shape_of(seen.summary)))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:12]

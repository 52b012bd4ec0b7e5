"""The waits of the telegram room in one place; tests shorten them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from telpher.core.outflow import GROUP_RATE, RATE

Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Timing:
    """Every time the room waits for, in seconds."""

    # A TCP connection and the key exchange after it: each needs a few round trips.
    connect: float = 10.0
    # Requests other than files: Telegram answers within a second or is in trouble.
    request: float = 20.0
    # One upload.getFile: 1 MiB at a poor 100 KB/s takes 10 s; tdesktop gives up after 8.
    chunk: float = 15.0
    # Between pings: NATs forget a silent connection after 2 to 5 minutes.
    ping: float = 45.0
    # How long an unanswered ping may take before the connection counts as dead.
    pong: float = 15.0
    # Silence on a media connection while answers are due: after so long a ping, and as long again
    # until it counts as dead. In all two to three times this, about the 8 s after which a chunk is
    # late (core/window.py).
    silence: float = 3.0
    # Between connection attempts: at first, and at most (telegram.md: 1, 2, 4 ... 60 s).
    backoff_first: float = 1.0
    backoff_most: float = 60.0
    # The same for media connections: players wait some 20 s, so a longer pause helps nobody.
    media_backoff_most: float = 8.0
    # How long a message may be held back by flood waits and reconnections before it fails.
    send_patience: float = 60.0
    # Between two messages in the long run: of all, and into one group or channel (core/outflow).
    send_every: float = 1 / RATE
    group_send_every: float = 1 / GROUP_RATE
    # Between two exports of an authorisation whose bytes were refused (telegram.md).
    export_again: float = 0.5
    # After the first connection, until the logins elsewhere are made that no file has asked for
    # yet; None: they wait for one. Not at once: first people are answered who wrote meanwhile.
    logins_after: float | None = None
    # For what is being answered when updates are handed over. What takes longer is handled again by
    # the next instance, which Telegram does not let answer twice.
    finish: float = 10.0
    # Between two saves of the session while updates come in: what a crash may repeat.
    save_every: float = 5.0


# What a server at work goes by.
AT_WORK = Timing(logins_after=2.0)


class Backoff:
    """Pauses of `first`, twice that, four times ... up to `most` seconds."""

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self._next = first

    def reset(self) -> None:
        """Starts again from the shortest pause."""
        self._next = self._first

    def next(self) -> float:
        """The pause that is due now."""
        due = self._next
        self._next = min(self._next * 2, self._most)
        return due

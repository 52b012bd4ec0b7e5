"""What follows when a worker has ended without having been asked to, or hangs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# The status with which a worker ends because an admin of the bot wants all of telpher to begin
# anew, and the one that says that the settings are wrong, which a repeat does not change.
BEGIN_ANEW: Final = 76
WRONG_SETTINGS: Final = 2

# Seconds. Who lived so long was well: it comes back at once, as after the first failure.
WELL: Final = 60.0
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0

# Seconds between two looks at a worker; and how many of them have to find that it does nothing. The
# loop of a worker that is well comes round many times a second, on a busy machine too. Looks are
# counted and no time is measured, because a machine may have been asleep in between.
LOOK_EVERY: Final = 1.0
LOOKS: Final = 5


@dataclass(frozen=True, slots=True)
class Again:
    """It is started again after `pause` seconds."""

    pause: float


@dataclass(frozen=True, slots=True)
class EndAll:
    """The others are to end, too, and telpher with this status."""

    status: int


class Respawn:
    """Of one worker: at once the first time, then ever later while it keeps failing soon."""

    def __init__(self) -> None:
        self._pause = 0.0

    def died(self, status: int, lived: float) -> Again | EndAll:
        """It ended with `status` (negative: by that signal) after `lived` seconds."""
        if status in (BEGIN_ANEW, WRONG_SETTINGS):
            return EndAll(status)
        if lived >= WELL:
            self._pause = 0.0
        pause = self._pause
        self._pause = min(max(FIRST_PAUSE, 2 * pause), LONGEST_PAUSE)
        return Again(pause)


class Watch:
    """Whether a worker hangs, by its last sign of life; 0 of one that is not ready to give any."""

    def __init__(self) -> None:
        self._last = 0.0
        self._unchanged = 0

    def hangs(self, beat: float) -> bool:
        """One more look."""
        still = beat > 0 and beat == self._last
        self._unchanged = self._unchanged + 1 if still else 0
        self._last = beat
        return self._unchanged >= LOOKS

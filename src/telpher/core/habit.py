"""What a player's earlier connections tell of its next one: whether it is likely to stay.

Most GETs are left at once (players.md 2), and read-ahead that is on its way then comes in vain.
Once, at the start or after a seek, that is the price of a full pipe. But VLC asks for each fragment
of a fragmented MP4 on a connection of its own, without an end, and leaves with the fragment
(players.md 4): there the price is paid a hundred times over, for bytes that the next connection
asks for again.

So who has left early again and again gets, until it stays, no more ahead than may come in vain, or
half of the way it has come; and what is on its way when it leaves is kept for a moment, since its
next connection most likely begins there.
"""

from __future__ import annotations

# A viewer that has come so far stays. Before that it may be a player looking around for a
# container's index, which leaves after a MiB or two.
STAYS_AFTER = 4 << 20

# So often in a row: opening a file takes most players two such looks, head and tail (players.md 3).
GLANCES = 3

# What may come after a viewer has left (engine.md, "Figures to reach": beyond rate x round trip).
IN_VAIN = 192 << 10


class Habit:
    """What one play's connections have done so far."""

    def __init__(self) -> None:
        self._left_early = 0

    @property
    def glances(self) -> bool:
        """Whether the next connection, too, is likely to be left early."""
        return self._left_early >= GLANCES

    def left(self, come: int) -> None:
        """A connection was left after so many bytes, before the end of what it had asked for."""
        self._left_early = self._left_early + 1 if come < STAYS_AFTER else 0

"""Sizes and durations as people see them (rule 41): kept exactly, because scripts read them."""

from __future__ import annotations

_UNITS = ("B", "KB", "MB", "GB", "TB")
_STEP = 1024


def size(count: int) -> str:
    """`count` bytes in steps of 1024 with two decimals: "0.00 B", "1.50 KB", at most "TB".

    Raises ValueError for a negative count.
    """
    if count < 0:
        raise ValueError(f"a size cannot be negative: {count}")
    power = 0
    while power < len(_UNITS) - 1 and count >= _STEP ** (power + 1):
        power += 1
    return f"{count / _STEP**power:.2f} {_UNITS[power]}"


def duration(seconds: float) -> str:
    """MM:SS, from an hour on HH:MM:SS, parts of a second dropped; "N/A" where there is none.

    Less than a second and negative lengths are "N/A" too: they are what a sender's client claims.
    """
    minutes, rest = divmod(max(int(seconds), 0), 60)
    if not minutes and not rest:
        return "N/A"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"

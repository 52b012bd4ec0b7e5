"""Sizes and durations as people see them (rule 41), kept exactly because scripts read them; and
names that strangers chose, in one line."""

from __future__ import annotations

import unicodedata

_UNITS = ("B", "KB", "MB", "GB", "TB")
_STEP = 1024

# Unicode categories: what breaks a line becomes a space. What is left out are halves of characters,
# which cannot be sent, and format characters such as the direction overrides that make "exe.gpj"
# read "jpg.exe"; joiners stay, since emoji and several scripts need them.
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_INVISIBLE = frozenset({"Cf", "Cs"})
_JOINERS = "\u200c\u200d"

# No characters at all, and nothing that XML may hold.
_NONE = "\ufffe\uffff"


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


def one_line(text: str, limit: int) -> str:
    """`text` without anything that breaks or turns the line, at most `limit` characters.

    The middle goes first: a long file name is told apart by its beginning, its end holds the type.
    """
    line = " ".join("".join(map(_shown, text)).split())
    if len(line) <= limit:
        return line
    tail = limit // 4
    return f"{line[: limit - tail - 1]}…{line[-tail:]}"


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in _BREAKS:
        return " "
    if character in _NONE:
        return ""
    return "" if category in _INVISIBLE and character not in _JOINERS else character

"""Single values as every database keeps them, and as both compare them.

Databases count in 64 bits with a sign and write UTF-8. What strangers hand in may be neither: a
number of a hundred digits in a URL, a lone surrogate in a name.
"""

from __future__ import annotations

from typing import Final

SMALLEST: Final = -(1 << 63)
LARGEST: Final = (1 << 63) - 1


def fits(*numbers: int) -> bool:
    """Whether a database can hold these; what it cannot hold it does not know."""
    return all(SMALLEST <= number <= LARGEST for number in numbers)


def nearest(number: int) -> int:
    """The number itself or the end of the range that it lies beyond: for comparing."""
    return min(max(number, SMALLEST), LARGEST)


def storable(text: str) -> str:
    """`text` with U+FFFD for what UTF-8 cannot write (lone surrogates)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def name_key(username: str) -> str:
    """What usernames are compared by: Telegram does not tell upper from lower case."""
    return storable(username).casefold()

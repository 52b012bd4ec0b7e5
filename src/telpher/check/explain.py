"""What to do about an error that an examination ran into."""

from __future__ import annotations

from collections.abc import Callable

# The remedy for an error, or what is handed in as the second where nobody knows one.
Explain = Callable[[BaseException, str], str]


def plainly(error: BaseException, otherwise: str) -> str:
    """Knows nothing but what it is told."""
    return otherwise

"""Pages of lists, by the key of the last row, so that each costs the same wherever it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from starlette.requests import Request

from telpher.storage.base import PageKey
from telpher.web.dashboard import cursors

ON_A_PAGE: Final = 50

# Characters of what is looked for: the longest names have 255.
_LONGEST_QUERY: Final = 256

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Listed(Generic[_Row]):
    """Some rows, what the next page begins after (empty at the end), and whether these are the
    first."""

    rows: Sequence[_Row]
    older: str
    first: bool


def listed(rows: Sequence[_Row], key: Callable[[_Row], PageKey], first: bool) -> Listed[_Row]:
    """`rows`, of which one more than a page holds was asked for."""
    shown = rows[:ON_A_PAGE]
    more = len(rows) > ON_A_PAGE
    return Listed(shown, cursors.written(key(shown[-1]) if more else None), first)


def query_of(request: Request) -> str:
    """What is looked for, without spaces around it; empty for nothing."""
    return request.query_params.get("q", "").strip()[:_LONGEST_QUERY]

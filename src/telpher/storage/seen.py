"""What a look at a database found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """`type` is "sqlite" or "mongodb". `fresh`: no telpher has put it in order yet. `usable`: this
    version can work with it as it is; where not, and without a `trouble` (a sentence), starting
    telpher brings it up to date. `missing` are indexes that should be there: what makes them.
    """

    type: str
    fresh: bool = False
    usable: bool = True
    trouble: str = ""
    missing: tuple[str, ...] = ()

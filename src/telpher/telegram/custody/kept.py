"""A session as it was saved: what is inside the seal, and which of two copies is the newer one."""

from __future__ import annotations

import json
from dataclasses import dataclass

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A session as it was saved: what is inside the seal.

    `number` counts the saves of one account; a larger fence is newer than any number. `slot` is
    None for keys that were never in the database; `until` is when the lease was to end that held,
    by the wall clock, 0 when it was given back.
    """

    text: str
    fence: int = 0
    number: int = 0
    slot: int | None = None
    until: float = 0.0


def age(kept: Kept) -> tuple[int, int]:
    """The larger, the newer: of two copies of one slot."""
    return kept.fence, kept.number


def dump(kept: Kept) -> str:
    """As text."""
    where = [kept.fence, kept.number, kept.slot, kept.until]
    return json.dumps({"version": _VERSION, "kept": where, "session": kept.text})


def restored(text: str) -> Kept:
    """What `dump` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    saved = json.loads(text)
    if saved["version"] != _VERSION:
        msg = "saved by another version of telpher"
        raise ValueError(msg)
    fence, number, slot, until = saved["kept"]
    return Kept(
        str(saved["session"]),
        int(fence),
        int(number),
        None if slot is None else int(slot),
        float(until),
    )

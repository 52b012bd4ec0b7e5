"""How far updates were handled [/api/updates]: from there Telegram is asked for what came since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class UpdateState:
    """`date` in Unix seconds; `channels` maps a channel's id to its pts."""

    pts: int
    qts: int
    date: int
    seq: int
    channels: dict[int, int] = field(default_factory=dict)

    def dump(self) -> dict[str, Any]:
        """As JSON can say it."""
        state = [self.pts, self.qts, self.date, self.seq]
        return {"state": state, "channels": sorted(self.channels.items())}


def restored(saved: Any) -> UpdateState | None:
    """What `dump` said, or None where it was of no state. Raises ValueError, KeyError or TypeError
    for anything else."""
    if saved is None or saved["state"] is None:
        return None
    pts, qts, date, seq = map(int, saved["state"])
    channels = {int(channel): int(pts) for channel, pts in saved["channels"]}
    return UpdateState(pts, qts, date, seq, channels)


def farther(one: UpdateState | None, other: UpdateState | None) -> UpdateState | None:
    """Of two states of one account the one that has seen more; each channel for itself."""
    if one is None or other is None:
        return one or other
    ahead, behind = (one, other) if one.pts >= other.pts else (other, one)
    channels = {
        channel: max(ahead.channels.get(channel, 0), behind.channels.get(channel, 0))
        for channel in ahead.channels.keys() | behind.channels.keys()
    }
    return UpdateState(ahead.pts, ahead.qts, ahead.date, ahead.seq, channels)

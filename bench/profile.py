"""What the network between a gateway and Telegram is like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Profile:
    """A shape of tgfake's network. `name` is part of a row's name."""

    name: str
    latency_ms: float = 0
    """Round trip."""
    bandwidth: float | None = None
    """Megabytes (10^6) a second towards one connection."""
    bucket: tuple[float, float] | None = None
    """getFile calls a second that one account may make in a data centre, and its burst."""

    @property
    def rtt(self) -> float:
        """Seconds."""
        return self.latency_ms / 1000

    def arguments(self) -> list[str]:
        """For `python -m tgfake`."""
        given = ["--latency-ms", str(self.latency_ms)]
        return given if self.bandwidth is None else [*given, "--bandwidth", str(self.bandwidth)]


def distant(milliseconds: float) -> Profile:
    """That far away, 8 MB/s a connection: what users report of Telegram (5 to 10)."""
    return Profile(f"{milliseconds:.0f} ms", milliseconds, 8)


LOOPBACK: Final = Profile("no latency")
NEAR: Final = distant(20)
USUAL: Final = distant(80)
FAR: Final = distant(150)
# Users report trouble from 15 to 20 calls a second on.
FLOODED: Final = replace(USUAL, name="80 ms, flood bucket", bucket=(20, 20))
# Five times four connections of 8 MB/s could not carry 200 MB/s.
CROWDED: Final = Profile("80 ms, connections without a cap", 80)

"""How much is measured: everything, the main rows, or next to nothing (for its own test)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """Runs and sizes. A rate is of the bytes until the last one came, so short plays are fair."""

    name: str
    ttfb_samples: int
    cold_samples: int
    play_runs: int
    play_seconds: float
    other_dc_runs: int
    """Runs of one viewer in data centres other than the home."""
    viewers: int
    shared_bytes: int
    side_systems: int
    """How many systems take part in that and in other data centres, telpher being the first."""
    seeks: int
    baseline_seeks: int
    fault_bytes: int
    fault_baselines: bool
    crowd: int
    """Viewers of files of their own; 0 leaves the case out."""
    crowd_seconds: float
    cpu_runs: int
    cpu_bytes: int
    edge_requests: int


FULL: Final = Plan(
    name="full",
    ttfb_samples=15,
    cold_samples=9,
    play_runs=5,
    play_seconds=6,
    other_dc_runs=3,
    viewers=20,
    shared_bytes=8 * MIB,
    side_systems=4,
    seeks=50,
    baseline_seeks=10,
    fault_bytes=32 * MIB,
    fault_baselines=True,
    crowd=200,
    crowd_seconds=30,
    cpu_runs=5,
    cpu_bytes=512 * MIB,
    edge_requests=80,
)
# For networks nearer and farther than the usual one, which no ratio is made of.
ASIDE: Final = replace(FULL, name="aside", ttfb_samples=9, cold_samples=3, play_runs=3)
QUICK: Final = Plan(
    name="quick",
    ttfb_samples=5,
    cold_samples=5,
    play_runs=3,
    play_seconds=3,
    other_dc_runs=1,
    viewers=20,
    shared_bytes=4 * MIB,
    side_systems=2,
    seeks=10,
    baseline_seeks=0,
    fault_bytes=24 * MIB,
    fault_baselines=False,
    crowd=0,
    crowd_seconds=0,
    cpu_runs=3,
    cpu_bytes=192 * MIB,
    edge_requests=40,
)
TINY: Final = Plan(
    name="tiny",
    ttfb_samples=1,
    cold_samples=1,
    play_runs=1,
    play_seconds=0.3,
    other_dc_runs=0,
    viewers=20,
    shared_bytes=MIB // 8,
    side_systems=2,
    seeks=1,
    baseline_seeks=0,
    fault_bytes=2 * MIB,
    fault_baselines=False,
    crowd=0,
    crowd_seconds=0,
    cpu_runs=1,
    cpu_bytes=MIB,
    edge_requests=4,
)

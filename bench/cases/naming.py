"""Names of rows: what is measured, then the network."""

from __future__ import annotations

from typing import Final

from bench import telegram as tg
from bench.profile import Profile

HOME: Final = "home DC"
FOREIGN: Final = "foreign DC"
PLAIN: Final = "foreign DC without media address"
DCS: Final = {HOME: tg.HOME_DC, FOREIGN: tg.FOREIGN_DC, PLAIN: tg.PLAIN_DC}

OPEN: Final = "open, warm"
SEEK: Final = "seek, warm"
COLD: Final = "open, cold properties"
CACHED: Final = "open, cached"


def ttfb_case(profile: Profile, kind: str) -> str:
    """Time to the first byte of the body."""
    return f"first byte: {kind}; {profile.name}"


def play_case(profile: Profile, where: str) -> str:
    """One viewer, as fast as it goes."""
    return f"one viewer: {where}; {profile.name}"


def shared_case(profile: Profile) -> str:
    """Several viewers of one file."""
    return f"20 viewers of one file; {profile.name}"


def seeks_case(profile: Profile) -> str:
    """What comes after a viewer has left."""
    return f"seeks: bytes after leaving; {profile.name}"


def fault_case(profile: Profile, fault: str) -> str:
    """Something goes wrong in mid-stream."""
    return f"mid-stream: {fault}; {profile.name}"


def crowd_case(profile: Profile) -> str:
    """Many viewers of as many files."""
    return f"200 viewers of 200 files at 1 MB/s; {profile.name}"


def cpu_case(profile: Profile) -> str:
    """CPU of the gateway's process."""
    return f"CPU, one viewer; {profile.name}"


ONE_WORKER: Final = "1 worker"
TWO_WORKERS: Final = "2 workers"


def workers_case(profile: Profile) -> str:
    """The workers of one machine."""
    return f"CPU, from the disk cache; {profile.name}"


def worker_of(crew: str, number: int) -> str:
    """One of them."""
    return f"{crew}: {number}"


DIRECT: Final = "telpher"
BEHIND_CACHE: Final = "behind nginx's cache"


SMALL_RANGE: Final = 2 << 20
LARGE_RANGE: Final = 32 << 20


def edge_case(profile: Profile, size: int) -> str:
    """telpher's CPU with and without a cache in front, for ranges of so many bytes."""
    return f"CPU, {size >> 20} MiB a request; {profile.name}"


WEB: Final = "web"
OBSERVING: Final = "observing"
ONE_PLAY: Final = "one play"
RANGES: Final = "ranges of 1 MiB"


def web_case(profile: Profile, way: str) -> str:
    """telpher's web room alone, in front of a file in memory."""
    return f"CPU, web room alone, {way}; {profile.name}"


def added_case(profile: Profile, way: str) -> str:
    """What one part of the room adds there."""
    return f"{web_case(profile, way)}: added"

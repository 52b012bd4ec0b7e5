"""The machine the benchmarks run on: who may use which core, and what to tell of it."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telpher.telegram.crypto import IMPLEMENTATION

# Kept by glibc instead of given back after each MiB: for all systems alike, as `./run` does it.
MALLOC = {
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TOP_PAD_": "16777216",
}
_SOURCE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Cores:
    """The gateway under test has its own; Telegram and the viewers share the others."""

    gateway: frozenset[int]
    others: frozenset[int]

    @classmethod
    def split(cls) -> Cores:
        """Half of the cores for each side; all for both where there is only one."""
        if not hasattr(os, "sched_getaffinity"):
            return cls(frozenset(), frozenset())
        free = sorted(os.sched_getaffinity(0))
        half = len(free) // 2
        return cls(frozenset(free[:half] or free), frozenset(free[half:]))


def pin(cores: frozenset[int], pid: int = 0) -> None:
    """Keep a process (0: this one) to these cores; nothing where that cannot be done."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, cores)


def environment(**more: str) -> dict[str, str]:
    """For a process under test: nothing of the machine's own settings but where programs are."""
    path = os.pathsep.join((str(_SOURCE / "src"), str(_SOURCE)))
    return {"PATH": os.defpath, "PYTHONPATH": path, "LANG": "C.UTF-8", **MALLOC, **more}


def describe(cores: Cores) -> dict[str, Any]:
    """What a reader of the figures has to know."""
    return {
        "processor": _processor(),
        "cores": len(cores.gateway | cores.others) or os.cpu_count(),
        "gateway_cores": sorted(cores.gateway),
        "other_cores": sorted(cores.others),
        "load_before": [round(each, 2) for each in os.getloadavg()],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "decryption": IMPLEMENTATION,
        "optimised": not sys.flags.debug,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())

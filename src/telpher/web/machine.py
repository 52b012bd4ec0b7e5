"""How busy the machine is, without waiting: what /health shows under "system"."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Load:
    """Percentages of the whole machine; memory in MiB. `disk_percent` is None if unreadable."""

    cpu_percent: float
    memory_percent: float
    memory_available_mb: float
    disk_percent: float | None


class Machine:
    """Reads the load; `disk` is a directory on the file system that counts."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        # The figure is the mean since the call before: the first one has nothing to compare with.
        psutil.cpu_percent(interval=None)

    def load(self) -> Load:
        """The load now; the CPU's since the last call."""
        memory = psutil.virtual_memory()
        return Load(
            cpu_percent=psutil.cpu_percent(interval=None),
            memory_percent=memory.percent,
            memory_available_mb=round(memory.available / (1 << 20), 1),
            disk_percent=self._disk_percent(),
        )

    def _disk_percent(self) -> float | None:
        try:
            return psutil.disk_usage(str(self._disk)).percent
        except OSError:
            return None

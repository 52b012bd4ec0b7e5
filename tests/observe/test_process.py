"""What the system knows of this process."""

from __future__ import annotations

import os

from telpher.clock import SystemClock
from telpher.observe.metrics.metrics import Metrics
from telpher.observe.process import process


def test_this_process() -> None:
    metrics = Metrics()
    metrics.read(process)
    value = metrics.registry.get_sample_value
    assert (value("process_cpu_seconds_total") or 0) > 0
    assert (value("process_resident_memory_bytes") or 0) > 1 << 20
    assert (value("process_virtual_memory_bytes") or 0) > 1 << 20
    assert 0 < (value("process_start_time_seconds") or 0) <= SystemClock().now()
    assert 0 < (value("process_open_fds") or 0) <= (value("process_max_fds") or 0)
    before = value("process_open_fds")
    with open(os.devnull):
        assert value("process_open_fds") == (before or 0) + 1

"""What the system knows of this process, under the names that Prometheus' own clients use."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import psutil

from telpher.observe.metrics import table
from telpher.observe.metrics.metrics import Reading


def process() -> Iterator[Reading]:
    """A source: reads /proc, which never waits."""
    here = psutil.Process()
    with here.oneshot():
        times, memory = here.cpu_times(), here.memory_info()
        yield Reading(table.PROCESS_CPU, times.user + times.system)
        yield Reading(table.PROCESS_MEMORY, memory.rss)
        yield Reading(table.PROCESS_VIRTUAL, memory.vms)
        yield Reading(table.PROCESS_START, here.create_time())
        yield Reading(table.PROCESS_FILES, here.num_fds())
    yield Reading(table.PROCESS_FILES_MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0])

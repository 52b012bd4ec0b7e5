"""What metrics read from the rooms when somebody looks. Part of the composition root.

Everything here is at hand: no source waits, asks anybody, or looks at more than bots' connections.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator

from telpher._version import VERSION
from telpher.assembly import App
from telpher.observe.metrics import table
from telpher.observe.metrics.metrics import Metrics, Reading
from telpher.streaming.engine import Engine


def watch(app: App, metrics: Metrics) -> None:
    """Has them read at each scrape."""
    metrics.read(_build)
    metrics.read(lambda: _streaming(app.engine))


def _build() -> Iterator[Reading]:
    yield Reading(table.BUILD, 1, (VERSION, platform.python_version()))


def _streaming(engine: Engine) -> Iterator[Reading]:
    stats = engine.stats()
    yield Reading(table.STREAMS, stats.active_streams)

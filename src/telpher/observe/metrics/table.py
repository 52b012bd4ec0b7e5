"""Every metric that telpher has. docs/metrics.md is this table for people; a test compares them.

A label's values come from a set that is known beforehand: a class of routes, a bot of the settings,
a method of a store. What a stranger can choose (paths, methods, hosts, links, chats) is never one,
or anybody could fill the memory of whoever collects them. Names follow Prometheus' conventions:
base units, `_total` for what only grows [prometheus.io/docs/practices/naming].
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """As Prometheus calls them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """`help` is a sentence without its full stop; `buckets` are a histogram's upper bounds."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


# Seconds until a viewer sees something: the answer from memory takes a millisecond, the one from
# Telegram one to two round trips, and beyond 20 s players give up (streaming.patience).
_UNTIL_BYTES: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"telpher_{name}", Kind.COUNTER, text, labels)


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"telpher_{name}", Kind.GAUGE, text, labels)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Metric:
    return Metric(f"telpher_{name}", Kind.HISTOGRAM, text, labels, buckets)


BUILD: Final = _gauge("build_info", "Always 1; its labels say what is running", "version", "python")

# HTTP
HTTP_REQUESTS: Final = _counter(
    "http_requests_total",
    "Requests that have ended, by class of route and status (none: the client left before)",
    *("route", "status"),
)
HTTP_FIRST_BYTE: Final = _histogram(
    "http_first_byte_seconds",
    "Seconds from a request to the first byte of its answer; of a file's bytes, the first are "
    "fetched before",
    _UNTIL_BYTES,
    "route",
)

# Streaming
STREAMS: Final = _gauge("streams_active", "Answers with a file's bytes that are under way")

TABLE: Final = tuple(each for each in list(globals().values()) if isinstance(each, Metric))

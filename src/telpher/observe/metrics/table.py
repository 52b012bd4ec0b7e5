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


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """`help` is a sentence without its full stop; `buckets` are a histogram's upper bounds. What is
    `shared` is the same whichever worker tells it: it is of the machine, or of the database.

    Each there is once: it is what values are found by, and known by being itself.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    shared: bool = False


# Seconds until a viewer sees something: the answer from memory takes a millisecond, the one from
# Telegram one to two round trips, and beyond 20 s players give up (streaming.patience).
_UNTIL_BYTES: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)

# Seconds of a question to the database; after 2 s nobody waits any more.
_QUESTION: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 2.0)

# Seconds until an update is answered, most of which is Telegram's time.
_UPDATE: Final = (0.025, 0.1, 0.5, 2.0, 10.0, 60.0)

# Seconds by which the loop is late. Above 50 ms a viewer may notice.
_LATE: Final = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 1.0)


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"telpher_{name}", Kind.COUNTER, text, labels)


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"telpher_{name}", Kind.GAUGE, text, labels)


def _shared(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"telpher_{name}", Kind.GAUGE, text, labels, shared=True)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Metric:
    return Metric(f"telpher_{name}", Kind.HISTOGRAM, text, labels, buckets)


BUILD: Final = _shared(
    "build_info", "Always 1; its labels say what is running", "version", "python"
)
WORKER_UP: Final = _shared("worker_up", "Whether the worker answers; only with several", "worker")

# HTTP
HTTP_REQUESTS: Final = _counter(
    "http_requests_total",
    "Requests that have ended, by class of route and status (none: the client left before)",
    *("route", "status"),
)
HTTP_FIRST_BYTE: Final = _histogram(
    "http_first_byte_seconds",
    "Seconds from a GET to the first byte of its answer; of a file's bytes, the first are fetched "
    "before",
    _UNTIL_BYTES,
    "route",
)
HTTP_ERRORS: Final = _counter(
    "http_errors_total", "Errors that somebody was answered with, by their short name", "error"
)
HTTP_BROKEN: Final = _counter(
    "http_broken_answers_total", "Files whose bytes were broken off because no more of them came"
)
HTTP_REFUSED: Final = _counter(
    "http_refused_total",
    "Requests turned away before they were one: malformed, too large, too slow, one too many",
    "error",
)
HTTP_CONNECTIONS: Final = _gauge("http_connections", "Connections of clients that are open")

# Streaming and its caches
STREAMS: Final = _gauge("streams_active", "Answers with a file's bytes that are under way")
STREAMS_BEGUN: Final = _counter("streams_total", "Such answers that were begun")
PLAYS: Final = _gauge("plays_active", "Plays that go on: one link and one client, for a minute")
PLAYS_BEGUN: Final = _counter("plays_total", "Plays that were begun")
SENT: Final = _counter("sent_bytes_total", "Bytes of files that went out to viewers")
CACHE_LOOKUPS: Final = _counter(
    "cache_lookups_total",
    "Chunks looked for in memory or on disk: found (hit), on their way already (joined), or not",
    *("tier", "result"),
)
CACHE_BYTES: Final = _gauge("cache_bytes", "Bytes of files that a cache holds", "tier")
CACHE_BUDGET: Final = _gauge("cache_budget_bytes", "How many it may hold", "tier")
CACHE_EVICTIONS: Final = _counter("cache_evictions_total", "Blocks that made room in memory")
CACHE_DISK_ERRORS: Final = _counter(
    "cache_disk_errors_total", "Failures of the disk cache's disk, and damaged pages"
)
CACHE_DISK_DROPPED: Final = _counter(
    "cache_disk_dropped_total", "Chunks not kept on disk because it was busy, full or in trouble"
)
FILES_KNOWN: Final = _gauge("file_properties_cached", "Files whose properties are remembered")

# Databases
DATABASE_UP: Final = _gauge("database_up", "Whether the database answers", "type")
DATABASE_SECONDS: Final = _histogram(
    "database_seconds",
    "Seconds of a question to the database, waiting included",
    _QUESTION,
    *("store", "operation"),
)
DATABASE_ERRORS: Final = _counter(
    "database_errors_total", "Questions to the database that failed", "store", "operation"
)
REDIS_UP: Final = _gauge("redis_up", "Whether Redis answers; only where it is set up")

# Telegram; `account` is the bot's id
_LANE: Final = ("account", "dc")
ACCOUNT: Final = _gauge(
    "telegram_account_info", "Always 1: a bot by its name", "account", "username", "role"
)
ACCOUNT_CONNECTED: Final = _gauge(
    "telegram_connected", "Whether the bot's main connection stands", "account"
)
ACCOUNT_CONNECTS: Final = _counter(
    "telegram_connects_total", "How often it was made; the first time aside, anew", "account"
)
MESSAGE_FLOODS: Final = _counter(
    "telegram_message_flood_waits_total",
    "Pauses that Telegram asked for before another message or call may go out",
    "account",
)
LANE_LINKS: Final = _gauge("telegram_connections", "Connections for files that are open", *_LANE)
LANE_OPENED: Final = _counter(
    "telegram_connections_opened_total", "Connections for files that were made", *_LANE
)
LANE_WINDOW: Final = _gauge(
    "telegram_window_bytes", "Bytes that may be asked for at once, over all connections", *_LANE
)
LANE_FLYING: Final = _gauge(
    "telegram_in_flight_bytes", "Bytes that are asked for and not there yet", *_LANE
)
LANE_RTT: Final = _gauge(
    "telegram_rtt_seconds", "The quickest answer of the connections that are open", *_LANE
)
LANE_RATE: Final = _gauge(
    "telegram_rate_bytes_per_second", "What the open connections are believed to carry", *_LANE
)
LANE_FLOOD: Final = _gauge(
    "telegram_flood_wait_seconds",
    "How long file traffic still has to pause; 0: it need not",
    *_LANE,
)
LANE_FLOODS: Final = _counter(
    "telegram_flood_waits_total", "Pauses that Telegram asked for, by kind", *_LANE, "kind"
)
LANE_ERRORS: Final = _counter(
    "telegram_errors_total", "Requests for file bytes that failed, by error", *_LANE, "error"
)
LANE_RECEIVED: Final = _counter("telegram_received_bytes_total", "File bytes that came", *_LANE)
DC_REQUESTS: Final = _counter(
    "telegram_requests_total", "Requests for file bytes, second attempts aside", "dc"
)
DC_HEDGES: Final = _counter(
    "telegram_hedges_total", "Requests repeated elsewhere because the answer was late", "dc"
)
DC_HEDGES_WON: Final = _counter(
    "telegram_hedges_won_total", "Such repeats that were answered first", "dc"
)
DC_WAITING: Final = _gauge("telegram_requests_waiting", "Requests that wait for a window", "dc")

# The bot and its people
UPDATE_SECONDS: Final = _histogram(
    "bot_update_seconds",
    "Seconds in which an update was handled, by command, press, file or text",
    _UPDATE,
    "update",
)
UPDATE_FAILURES: Final = _counter(
    "bot_failures_total", "Updates that could not be answered as they should, by error", "error"
)
UPDATES_WAITING: Final = _gauge("bot_updates_waiting", "Updates that nobody handles yet")
UPDATES_DROPPED: Final = _counter("bot_updates_dropped_total", "Updates beyond what may wait")
USERS: Final = _shared("users", "People who have talked to the bot, counted each minute")
USERS_ACTIVE: Final = _shared(
    "users_active", "Those of them seen within a day, a week, a month", "within"
)
USERS_LOST: Final = _shared("users_unreachable", "Those banned, or who blocked the bot", "reason")
LINKS: Final = _counter("links_total", "Links that were made")
BATCHES: Final = _counter("batches_total", "Batches that were finished")

# The process and its machine
JOB_RUNNING: Final = _gauge("job_running", "Whether a background job runs", "task")
JOB_FAILURES: Final = _counter("job_failures_total", "How often it failed and began again", "task")
TROUBLES: Final = _counter(
    "troubles_total",
    "Log entries that tell of trouble, by the catalogue's word for its cause",
    "diagnosis",
)
LOOP_LATE: Final = _histogram(
    "loop_lag_seconds", "By how much the event loop was late, looked at twice a second", _LATE
)
CPU_LOAD: Final = _shared("machine_cpu_ratio", "How busy the machine's processors are, from 0 to 1")
MEMORY_FREE: Final = _shared(
    "machine_memory_available_bytes", "Memory of the machine that programs may still take"
)
MEMORY_LIMIT: Final = _shared(
    "memory_limit_bytes", "How much telpher may use: the container's limit, or all there is"
)
DISK_SIZE: Final = _shared("disk_size_bytes", "Size of the file system of WORK_DIR")
DISK_FREE: Final = _shared("disk_free_bytes", "What is free of it")
PROCESS_CPU: Final = Metric(
    "process_cpu_seconds_total", Kind.COUNTER, "Processor time, of the user's and the system's kind"
)
PROCESS_MEMORY: Final = Metric("process_resident_memory_bytes", Kind.GAUGE, "Memory in use")
PROCESS_VIRTUAL: Final = Metric("process_virtual_memory_bytes", Kind.GAUGE, "Memory addressed")
PROCESS_START: Final = Metric(
    "process_start_time_seconds", Kind.GAUGE, "When the process began, in Unix seconds"
)
PROCESS_FILES: Final = Metric("process_open_fds", Kind.GAUGE, "Open files and sockets")
PROCESS_FILES_MOST: Final = Metric("process_max_fds", Kind.GAUGE, "How many there may be")

TABLE: Final = tuple(each for each in list(globals().values()) if isinstance(each, Metric))

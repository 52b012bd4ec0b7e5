"""What the web room is given: Protocols, so that it knows no other room's insides.

`app` hands in the real engine and link service; tests hand in fakes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import SecretStr

from telpher.clock import Clock
from telpher.core.filekeys import FileKeys
from telpher.core.forwarded import Network
from telpher.core.links import Claims
from telpher.core.model import FileInfo, MessageRef, Viewer
from telpher.crew.board import Figure
from telpher.crew.telephone import Telephone
from telpher.errors import NotFoundError, NoThumbnailError
from telpher.observe.machine import Load
from telpher.observe.metrics.metrics import Metrics
from telpher.service.figures import Figures
from telpher.service.playlists import Listed
from telpher.service.register import Entry
from telpher.storage.base import DatabaseStatus
from telpher.telegram.gateway import AccountStatus
from telpher.web.api.deps import ApiDeps
from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.edge.desk import Attendance, Desk
from telpher.web.limiting.rates import Rates
from telpher.web.privilege import NoSessions, Sessions


class Stream(Protocol):
    """The bytes of one range for one viewer.

    Yields buffers that together are exactly the range, or raises TelpherError in the middle. A
    buffer is good until the next one is asked for.
    """

    def __aiter__(self) -> AsyncIterator[memoryview | bytes]: ...

    async def aclose(self) -> None:
        """Leaves, whatever is under way; may be called more than once."""
        ...


class CacheCounts(Protocol):
    """What look-ups in memory came to."""

    @property
    def hits(self) -> int: ...

    @property
    def joined(self) -> int:
        """On their way already."""
        ...

    @property
    def misses(self) -> int: ...

    @property
    def hit_rate(self) -> float | None:
        """From 0 to 1; None before the first."""
        ...


class EngineStats(Protocol):
    """Figures of the engine that pages and health show."""

    @property
    def active_streams(self) -> int: ...

    @property
    def file_properties_cached(self) -> int: ...

    @property
    def cache_bytes(self) -> int:
        """Bytes of memory that are filled or promised."""
        ...

    @property
    def cache_budget(self) -> int: ...

    @property
    def cache(self) -> CacheCounts: ...


class Engine(Protocol):
    """Where bytes come from."""

    async def locate(self, ref: MessageRef) -> FileInfo:
        """The file's properties, from metadata alone.

        Raises NotFoundError, GoneError, TelegramError.
        """
        ...

    async def open(
        self, ref: MessageRef, start: int, stop: int, viewer: Viewer | None, info: FileInfo
    ) -> Stream:
        """A stream of [start, stop), 0 <= start < stop <= size, whose first bytes are there.

        Streams whose viewers have their `sitting` in common are of one play; `info` is the file
        that was located, whose bytes alone may come.

        Raises NotFoundError, GoneError, BusyError, TooManyPlaysError, TelegramError.
        """
        ...

    def attend(self, ref: MessageRef, info: FileInfo, viewer: Viewer, length: int) -> Attendance:
        """A place in a play of so many bytes that somebody else sends.

        Raises BusyError and TooManyPlaysError.
        """
        ...

    def playing(self, viewer: Viewer) -> bool:
        """Whether a stream of this viewer would be of a play that goes on already."""
        ...

    def stats(self) -> EngineStats: ...


class LinkChecker(Protocol):
    """Who says whether a link is good."""

    def check(self, ref: MessageRef, key: str | None) -> Claims:
        """What the link says; looks nothing up.

        Raises BadSignatureError, LinkExpiredError or GoneError.
        """
        ...


def no_extras() -> Sequence[AccountStatus]:
    """Where there is one bot alone."""
    return ()


def no_database() -> DatabaseStatus:
    """Where nothing is kept: in tests."""
    return DatabaseStatus("not configured", "none")


class Admission(Protocol):
    """Who says whether one more request of a link may be served."""

    async def admit(self, link_id: int) -> int | None:
        """The user who had the link made, None where nothing depends on that.

        Raises QuotaSpentError.
        """
        ...


class AdmitAll:
    """An Admission without limits."""

    async def admit(self, link_id: int) -> int | None:
        return None


def _unheard(key: str) -> None:
    """Where nobody counts errors."""


def _untimed(seconds: float) -> None:
    """Where nobody adds up how long answers took."""


class PlaylistSource(Protocol):
    """Where playlists come from."""

    async def get(self, playlist_id: str) -> Listed:
        """The playlist as it plays now. Raises NotFoundError, GoneError, StorageError."""
        ...


class NoPlaylists:
    """A PlaylistSource without any."""

    async def get(self, playlist_id: str) -> Listed:
        raise NotFoundError("there are no playlists")


class FigureSource(Protocol):
    """Who knows what telpher has done."""

    async def now(self) -> Figures:
        """The figures of a moment ago. Raises StorageError."""
        ...


@dataclass(frozen=True, slots=True)
class Counted:
    """What /stats tells; `keys` are what strangers know files by."""

    figures: FigureSource
    keys: FileKeys


class LinkBook(Protocol):
    """Who knows what a link was made for."""

    def known(self, link_id: int) -> Entry | None:
        """As far as that is known without asking."""
        ...

    async def find(self, link_id: int) -> Entry | None:
        """None of a link that is not known. Raises StorageError."""
        ...


class NoBook:
    """A LinkBook that knows no link."""

    def known(self, link_id: int) -> Entry | None:
        return None

    async def find(self, link_id: int) -> Entry | None:
        return None


class Picture(Protocol):
    """A small JPEG."""

    @property
    def data(self) -> bytes: ...

    @property
    def tag(self) -> str:
        """A strong validator of its bytes, quotes included."""
        ...


class Pictures(Protocol):
    """Where small pictures of files come from."""

    def expects(self, info: FileInfo) -> bool:
        """Whether there is likely to be one; looks nothing up."""
        ...

    async def picture(self, ref: MessageRef, info: FileInfo) -> Picture:
        """The picture of the file that message `ref` holds.

        Raises NoThumbnailError, MessageDeletedError, TelegramError, BusyError.
        """
        ...


class NoPictures:
    """Pictures where there are none."""

    def expects(self, info: FileInfo) -> bool:
        return False

    async def picture(self, ref: MessageRef, info: FileInfo) -> Picture:
        raise NoThumbnailError("there are no pictures")


@dataclass(frozen=True, slots=True)
class EdgeDeps:
    """Where a cache is in front (web.edge); `speed` is SPEED_LIMIT_MBPS."""

    desk: Desk
    speed: float


class Lifecycle:
    """Whether the process is on its way out; read by health, written by whoever shuts down."""

    def __init__(self) -> None:
        self.draining = False


@dataclass(frozen=True, slots=True)
class WebDeps:
    """Everything the application needs.

    `cors_origins` are the origins that scripts may read files from, ("*",) for all. `status` is
    where the main bot stands, `extras` where the others do, `machine` how
    busy the machine is: none of these may wait. `error_shown` is told the key of each error of ours
    (5xx) that somebody is answered with, `answer_began` how many seconds after it was asked for a
    file's first byte was there; they must neither wait nor fail. `base_url` is what addresses begin
    with that are shown to people. `redis` says whether Redis answers, None where there is none.
    Without `rates` there is no limit to requests, without `api` no /api, without `counted` no
    /stats, without `dashboard` no /dashboard. `metrics_token` and `sessions` say who is no stranger
    (`web.privilege`). `telephone` leads to the other workers, where there are any.
    """

    engine: Engine
    links: LinkChecker
    status: Callable[[], AccountStatus]
    clock: Clock
    cors_origins: tuple[str, ...] = ("*",)
    database: Callable[[], DatabaseStatus] = no_database
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    machine: Callable[[], Load] = Load
    extras: Callable[[], Sequence[AccountStatus]] = no_extras
    admission: Admission = field(default_factory=AdmitAll)
    error_shown: Callable[[str], None] = _unheard
    answer_began: Callable[[float], None] = _untimed
    playlists: PlaylistSource = field(default_factory=NoPlaylists)
    base_url: str = ""
    trusted_proxies: tuple[Network, ...] = ()
    rates: Rates | None = None
    edge: EdgeDeps | None = None
    redis: Callable[[], bool | None] = lambda: None
    book: LinkBook = field(default_factory=NoBook)
    api: ApiDeps | None = None
    counted: Counted | None = None
    pictures: Pictures = field(default_factory=NoPictures)
    dashboard: DashboardDeps | None = None
    metrics: Metrics = field(default_factory=Metrics)
    metrics_token: SecretStr | None = None
    sessions: Sessions = field(default_factory=NoSessions)
    telephone: Telephone = field(default_factory=Telephone)

    def streams(self) -> int:
        """Answers with a file's bytes that are under way, at all workers."""
        board = self.telephone.place.board
        return int(board.total(Figure.STREAMS)) if board else self.engine.stats().active_streams

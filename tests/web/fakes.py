"""A file store, links and a bot that do what a test says; and a server around them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Self

from pydantic import SecretStr
from starlette.types import ASGIApp

from telpher.clock import FakeClock
from telpher.core.forwarded import Network
from telpher.core.links import Claims, unsigned
from telpher.core.model import FileInfo, Kind, MessageRef, Sitting, Viewer
from telpher.errors import BadSignatureError, LinkExpiredError, NotFoundError
from telpher.observe.machine import Disk, Load
from telpher.observe.metrics.metrics import Metrics
from telpher.service.playlists import Listed
from telpher.service.register import Entry
from telpher.streaming.cache import CacheCounts
from telpher.telegram.gateway import AccountState, AccountStatus
from telpher.web.api.deps import ApiDeps
from telpher.web.app import create_app
from telpher.web.connection import Limits
from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.deps import Counted, DatabaseStatus, EdgeDeps, Lifecycle, WebDeps, no_database
from telpher.web.limiting.rates import Rates
from telpher.web.privilege import NoSessions, Sessions
from telpher.web.server import HttpServer

# Generous: nothing waits for it to pass unless something is broken.
PATIENCE = 20.0

REF = MessageRef(-1001234567890, 42)
KEY = "good-key"
MOVIE = FileInfo(
    document_id=77,
    size=1_000_000,
    mime_type="video/mp4",
    name="movie.mp4",
    kind=Kind.VIDEO,
    date=1_600_000_000,
)


# One period of every fake file: it divides no chunk and no piece, so that bytes from a wrong
# place are never equal.
_PERIOD = bytes((position * 31 + position // 251) % 256 for position in range(251 * 256))


def content(start: int, stop: int) -> bytes:
    """The bytes [start, stop) of every fake file."""
    first = start // len(_PERIOD)
    periods = _PERIOD * (stop // len(_PERIOD) - first + 1)
    return periods[start - first * len(_PERIOD) : stop - first * len(_PERIOD)]


class FakeStream:
    """Serves `[start, stop)` in pieces; `before_piece` may block, or raise to break it off."""

    def __init__(
        self, start: int, stop: int, piece: int, before_piece: Callable[[int], Awaitable[None]]
    ) -> None:
        self._position = start
        self._stop = stop
        self._piece = piece
        self._before_piece = before_piece
        self.closed = asyncio.Event()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> memoryview:
        if self._position >= self._stop:
            raise StopAsyncIteration
        await self._before_piece(self._position)
        begin = self._position
        self._position = min(begin + self._piece, self._stop)
        return memoryview(content(begin, self._position))

    async def aclose(self) -> None:
        self.closed.set()


async def _at_once(_position: int) -> None:
    """Nothing to wait for: a cache hit."""


@dataclass
class FakeAttendance:
    """A place in a play, and what became of it."""

    viewer: Viewer
    length: int
    count: int = 0
    left: bool = False

    def served(self, count: int) -> None:
        self.count += count

    def leave(self) -> None:
        assert not self.left
        self.left = True


@dataclass
class FakeEngine:
    """One computed file per known message.

    `fail_locate` and `fail_open` are raised instead of an answer; `before_open` and `before_piece`
    (given the position) may wait or raise; `short` bytes are missing at the end of each stream.
    """

    files: dict[MessageRef, FileInfo] = field(default_factory=lambda: {REF: MOVIE})
    piece: int = 64 << 10
    fail_locate: Exception | None = None
    fail_open: Exception | None = None
    before_open: Callable[[], Awaitable[None]] | None = None
    before_piece: Callable[[int], Awaitable[None]] = _at_once
    short: int = 0
    located: int = 0
    asked: int = 0
    opened: list[tuple[int, int]] = field(default_factory=list)
    viewers: list[Viewer] = field(default_factory=list)
    attending: list[FakeAttendance] = field(default_factory=list)
    streams: list[FakeStream] = field(default_factory=list)
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)
    active_streams: int = 3
    file_properties_cached: int = 5
    cache_bytes: int = 1000
    cache_budget: int = 2000
    cache: CacheCounts = field(default_factory=lambda: CacheCounts(hits=2, joined=1, misses=1))
    going_on: set[Sitting] = field(default_factory=set)

    async def locate(self, ref: MessageRef) -> FileInfo:
        self.located += 1
        if self.fail_locate is not None:
            raise self.fail_locate
        if ref not in self.files:
            raise NotFoundError(f"nothing at {ref}")
        return self.files[ref]

    def attend(
        self, ref: MessageRef, info: FileInfo, viewer: Viewer, length: int
    ) -> FakeAttendance:
        if self.fail_open is not None:
            raise self.fail_open
        attendance = FakeAttendance(viewer, length)
        self.attending.append(attendance)
        return attendance

    async def open(
        self, ref: MessageRef, start: int, stop: int, viewer: Viewer | None, info: FileInfo
    ) -> FakeStream:
        if viewer is not None:
            self.viewers.append(viewer)
        assert 0 <= start < stop <= info.size == self.files[ref].size
        self.opened.append((start, stop))
        if self.before_open is not None:
            await self.before_open()
        if self.fail_open is not None:
            raise self.fail_open
        stream = FakeStream(start, stop - self.short, self.piece, self.before_piece)
        self.streams.append(stream)
        async with self.grown:
            self.grown.notify_all()
        return stream

    async def stream(self, index: int = 0) -> FakeStream:
        """The stream opened as number `index`, once it is."""
        async with asyncio.timeout(PATIENCE), self.grown:
            await self.grown.wait_for(lambda: len(self.streams) > index)
        return self.streams[index]

    def playing(self, viewer: Viewer) -> bool:
        return viewer.sitting in self.going_on

    def stats(self) -> Self:
        self.asked += 1
        return self


class FakeLinks:
    """KEY is right for every message, "expired" was so once; `open` lets in those without any.

    Links have the id of their message in `ids`, or else 77.
    """

    def __init__(self) -> None:
        self.ids: dict[MessageRef, int] = {}
        self.checked: list[MessageRef] = []
        self.open = False

    def check(self, ref: MessageRef, key: str | None) -> Claims:
        self.checked.append(ref)
        if key is None and self.open:
            return unsigned(ref)
        if key == "expired":
            raise LinkExpiredError(f"expired: {ref}")
        if key != KEY:
            raise BadSignatureError(f"bad signature for {ref}: {key}")
        return Claims(ref, self.ids.get(ref, 77), expires=0, epoch=0)


@dataclass
class FakeAdmission:
    """Every link belongs to `owner`; `refusal` is raised instead."""

    owner: int | None = 7
    refusal: Exception | None = None

    async def admit(self, link_id: int) -> int | None:
        if self.refusal is not None:
            raise self.refusal
        return self.owner


class FakePlaylists:
    """Playlists by id; an exception is raised."""

    def __init__(self) -> None:
        self.there: dict[str, Listed | Exception] = {}

    async def get(self, playlist_id: str) -> Listed:
        found = self.there.get(playlist_id, NotFoundError("no such playlist"))
        if isinstance(found, Exception):
            raise found
        return found


@dataclass(frozen=True)
class FakePicture:
    data: bytes = b"\xff\xd8\xff a picture"
    tag: str = '"tag-of-it"'


@dataclass
class FakePictures:
    """One picture for every file; `failure` is raised instead, and `before` may wait."""

    picture_: FakePicture = FakePicture()
    failure: Exception | None = None
    before: Callable[[], Awaitable[None]] | None = None
    asked: list[tuple[MessageRef, FileInfo]] = field(default_factory=list)

    def expects(self, info: FileInfo) -> bool:
        return self.failure is None

    async def picture(self, ref: MessageRef, info: FileInfo) -> FakePicture:
        self.asked.append((ref, info))
        if self.before is not None:
            await self.before()
        if self.failure is not None:
            raise self.failure
        return self.picture_


@dataclass
class FakeBook:
    """What links were made for; `before` may wait or raise."""

    entries: dict[int, Entry] = field(default_factory=dict)
    before: Callable[[], Awaitable[None]] | None = None

    def known(self, link_id: int) -> Entry | None:
        return None

    async def find(self, link_id: int) -> Entry | None:
        if self.before is not None:
            await self.before()
        return self.entries.get(link_id)


CONNECTED = AccountStatus(AccountState.CONNECTED, "telpher_bot", "", {2: 1, 4: 0}, user_id=4242)
QUIET = Load(3.0, 40.0, 2 << 30, Disk(100 << 30, 88 << 30))


@dataclass
class FakeBot:
    """What the account says of itself."""

    status: AccountStatus = CONNECTED
    asked: int = 0

    def __call__(self) -> AccountStatus:
        self.asked += 1
        return self.status

    def disconnect(self) -> None:
        self.status = replace(
            self.status, state=AccountState.RECONNECTING, reason="Telegram does not answer."
        )


@dataclass
class World:
    """Everything a test turns; `app` is made of it."""

    engine: FakeEngine = field(default_factory=FakeEngine)
    links: FakeLinks = field(default_factory=FakeLinks)
    bot: FakeBot = field(default_factory=FakeBot)
    clock: FakeClock = field(default_factory=FakeClock)
    database: DatabaseStatus = field(default_factory=no_database)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    cors_origins: tuple[str, ...] = ("*",)
    admission: FakeAdmission = field(default_factory=FakeAdmission)
    shown: list[str] = field(default_factory=list)
    playlists: FakePlaylists = field(default_factory=FakePlaylists)
    rates: Rates | None = None
    book: FakeBook = field(default_factory=FakeBook)
    trusted: tuple[Network, ...] = ()
    api: ApiDeps | None = None
    counted: Counted | None = None
    waits: list[float] = field(default_factory=list)
    pictures: FakePictures = field(default_factory=FakePictures)
    dashboard: DashboardDeps | None = None
    edge: EdgeDeps | None = None
    metrics: Metrics = field(default_factory=Metrics)
    metrics_token: SecretStr | None = None
    sessions: Sessions = field(default_factory=NoSessions)
    load: Load = QUIET
    extras: tuple[AccountStatus, ...] = ()

    def app(self) -> ASGIApp:
        return create_app(
            WebDeps(
                engine=self.engine,
                links=self.links,
                status=self.bot,
                clock=self.clock,
                cors_origins=self.cors_origins,
                database=lambda: self.database,
                lifecycle=self.lifecycle,
                admission=self.admission,
                error_shown=self.shown.append,
                playlists=self.playlists,
                base_url="https://files.example.org",
                rates=self.rates,
                edge=self.edge,
                book=self.book,
                trusted_proxies=self.trusted,
                api=self.api,
                counted=self.counted,
                answer_began=self.waits.append,
                pictures=self.pictures,
                dashboard=self.dashboard,
                metrics=self.metrics,
                metrics_token=self.metrics_token,
                sessions=self.sessions,
                machine=lambda: self.load,
                extras=lambda: self.extras,
            )
        )


@asynccontextmanager
async def serving(
    app: ASGIApp,
    clock: FakeClock | None = None,
    limits: Limits | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[HttpServer]:
    """`app` behind a real socket on a free port."""
    server = HttpServer(app, clock or FakeClock(), host, 0, limits)
    await server.start()
    try:
        yield server
    finally:
        await server.close()

"""The composition root: builds every room and connects them, runs until told to stop.

    start  settings → engine, links, web → HTTP listens → the bot connects, for as long as it takes
    stop   no new connections → streams drain → engine → bot, which saves its session → HTTP

HTTP is up before Telegram is reached, so that health can say what is missing. Everything that
runs is in one task group: a bug of ours takes the process down visibly, never one part in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import structlog
from pydantic import SecretStr

from telpher._version import VERSION
from telpher.bot.access import Access
from telpher.bot.language import Texts
from telpher.bot.pages import Pages
from telpher.bot.router import Router
from telpher.clock import Clock, SystemClock
from telpher.config.settings import Settings
from telpher.core.links import LinkSigner, derive_secret
from telpher.errors import SettingsError
from telpher.memory import memory_limit
from telpher.service.links import LinkService
from telpher.streaming.disk.tier import DiskTier
from telpher.streaming.engine import Engine
from telpher.streaming.plays import PlayLimits
from telpher.telegram.adapter.account import BotAccount
from telpher.telegram.adapter.identity import Credentials
from telpher.telegram.fleet import Fleet
from telpher.telegram.gateway import AccountState, AccountStatus
from telpher.telegram.locations import Memory
from telpher.telegram.servers import servers_of
from telpher.telegram.session import FileSessionStore
from telpher.telegram.sources import NoCopies, Sources
from telpher.telegram.timing import Timing
from telpher.web.app import create_app
from telpher.web.deps import Lifecycle, WebDeps
from telpher.web.server import HttpServer

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# What platforms allow between SIGTERM and SIGKILL (Kubernetes, Koyeb: 30 s), less the time that
# saving and closing take.
DRAIN_SECONDS = 28.0

_GIB = 1 << 30


async def serve(settings: Settings, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Runs telpher until SIGTERM or SIGINT.

    `on_ready` is called once HTTP listens, with the address links begin with. Raises SettingsError
    for what only starting can show, such as a port that is taken.
    """
    with _signals() as stop, _first_failure():
        async with running(settings) as app:
            _log.info("listening", host=settings.host, port=app.server.port)
            if on_ready is not None:
                on_ready(settings.base_url)
            await stop.wait()
            _log.info("stopping", streams=app.engine.stats().active_streams)


@dataclass(frozen=True, slots=True)
class App:
    """The rooms whose life somebody has to look after."""

    server: HttpServer
    engine: Engine
    fleet: Fleet
    account: BotAccount
    router: Router
    lifecycle: Lifecycle


@contextlib.asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[App]:
    """telpher, serving and connected (or trying to be) for as long as the context lasts."""
    clock = clock or SystemClock()
    disk = DiskTier(settings.work_dir / "cache", int(settings.disk_cache_gb * _GIB), clock)
    # The disk outlives the engine, which writes to it to the last.
    async with disk, asyncio.TaskGroup() as tasks:
        app = build(settings, clock, disk, tasks)
        await app.server.start()
        bot = [
            tasks.create_task(app.account.run(app.router), name="bot"),
            tasks.create_task(_introduce(app), name="menu of commands"),
        ]
        try:
            yield app
        finally:
            app.lifecycle.draining = True
            await app.server.drain(DRAIN_SECONDS)
            await app.engine.close()
            await app.fleet.close()
            for task in bot:
                task.cancel()
            await asyncio.wait(bot)
            await app.server.close()


async def _introduce(app: App) -> None:
    await app.account.reached(AccountState.CONNECTED)
    await app.router.publish_commands()


def build(settings: Settings, clock: Clock, disk: DiskTier, tasks: asyncio.TaskGroup) -> App:
    """Makes every room and connects them; nothing is opened yet.

    The client library's object is made in here, hence inside the running loop.
    """
    credentials = _credentials(settings)
    account = BotAccount(
        credentials,
        FileSessionStore(settings.work_dir / "sessions"),
        clock,
        servers_of(settings.telegram_servers),
    )
    memory = Memory(settings.max_cache_size, settings.cache_ttl_hours * 3600)
    sources = Sources([account], NoCopies(), memory, clock, tasks)
    fleet = Fleet([account], sources, clock, Timing(), tasks)
    engine = Engine(
        fleet,
        clock,
        tasks,
        cache_bytes=settings.chunk_cache_bytes(memory_limit()),
        store=disk,
        limits=PlayLimits(settings.max_streams, settings.speed_limit_mbps),
    )
    signer = LinkSigner(_link_secret(settings, credentials))
    links = LinkService(signer, settings.base_url, clock, settings.link_ttl_hours)
    lifecycle = Lifecycle()
    web = create_app(
        WebDeps(
            engine=engine,
            links=links,
            status=lambda: _status(account, fleet),
            clock=clock,
            cors_origins=settings.cors_origins,
            lifecycle=lifecycle,
            disk=settings.work_dir,
        )
    )
    server = HttpServer(web, clock, settings.host, settings.port)
    return App(server, engine, fleet, account, _router(settings, account, links), lifecycle)


def _router(settings: Settings, account: BotAccount, links: LinkService) -> Router:
    texts = Texts.load()
    access = Access(settings.admins, settings.allowed_users)
    pages = Pages(texts, VERSION, settings.source_url, settings.updates_url or "")
    return Router(account, links, texts, access, pages)


def _credentials(settings: Settings) -> Credentials:
    match settings:
        case Settings(
            api_id=int(api_id), api_hash=SecretStr() as api_hash, bot_token=SecretStr() as token
        ):
            return Credentials(api_id, api_hash.get_secret_value(), token.get_secret_value())
    raise SettingsError(["API_ID, API_HASH and BOT_TOKEN are needed to reach Telegram."])


def _link_secret(settings: Settings, credentials: Credentials) -> bytes:
    if settings.link_secret is not None:
        return settings.link_secret.get_secret_value().encode()
    return derive_secret(credentials.bot_token)


def _status(account: BotAccount, fleet: Fleet) -> AccountStatus:
    """The main account's, with the file connections that the fleet keeps for it."""
    return dataclasses.replace(account.status(), dcs=fleet.connections(account.user_id))


@contextlib.contextmanager
def _signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set; a second SIGINT ends the process at once."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def ask_to_stop() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _first_failure() -> Iterator[None]:
    """Raises what went wrong as it is, where a task group has wrapped a single error."""
    try:
        yield
    except ExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from None

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
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

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
from telpher.jobs.copies import CopyDesk, NoCopyDesk, look_into
from telpher.jobs.runner import Runner
from telpher.memory import memory_limit
from telpher.service.links import LinkService
from telpher.storage.copies import SqliteCopyStore
from telpher.streaming.disk.tier import DiskTier
from telpher.streaming.engine import Engine
from telpher.streaming.plays import PlayLimits
from telpher.telegram.adapter.account import BotAccount
from telpher.telegram.adapter.identity import Credentials
from telpher.telegram.fleet import Fleet
from telpher.telegram.gateway import AccountState, AccountStatus, Incoming
from telpher.telegram.locations import Retention
from telpher.telegram.servers import servers_of
from telpher.telegram.session import FileSessionStore
from telpher.telegram.sources import Sources
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
class Stores:
    """What outlives engine and bots: opened before them, closed after them."""

    disk: DiskTier
    copies: SqliteCopyStore


@dataclass(frozen=True, slots=True)
class App:
    """The rooms whose life somebody has to look after. `account` is the main bot's."""

    server: HttpServer
    engine: Engine
    fleet: Fleet
    account: BotAccount
    extras: Sequence[BotAccount]
    router: Router
    desk: CopyDesk | NoCopyDesk
    lifecycle: Lifecycle


@contextlib.asynccontextmanager
async def running(
    settings: Settings, clock: Clock | None = None, timing: Timing | None = None
) -> AsyncIterator[App]:
    """telpher, serving and connected (or trying to be) for as long as the context lasts."""
    clock = clock or SystemClock()
    disk = DiskTier(settings.work_dir / "cache", int(settings.disk_cache_gb * _GIB), clock)
    copies = SqliteCopyStore(settings.work_dir / "copies.sqlite3")
    async with disk, copies, asyncio.TaskGroup() as tasks:
        app = build(settings, clock, timing or Timing(), Stores(disk, copies), tasks)
        await app.server.start()
        bots = _start_bots(app, tasks)
        jobs = Runner(tasks, clock)
        _start_jobs(app, jobs, settings.bin_channel)
        try:
            yield app
        finally:
            app.lifecycle.draining = True
            await app.server.drain(DRAIN_SECONDS)
            await app.engine.close()
            await app.fleet.close()
            await jobs.stop()
            for bot in bots:
                bot.cancel()
            await asyncio.wait(bots)
            await app.server.close()


def _start_bots(app: App, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
    return [
        tasks.create_task(app.account.run(app.router), name="bot"),
        tasks.create_task(_introduce(app), name="menu of commands"),
        *(
            tasks.create_task(extra.run(_ignore), name=f"bot {extra.user_id}")
            for extra in app.extras
        ),
    ]


def _start_jobs(app: App, jobs: Runner, channel: int | str | None) -> None:
    jobs.start("copies", app.desk.run)
    if channel is None:
        return
    for extra in app.extras:
        name = f"BIN_CHANNEL of bot {extra.user_id}"
        jobs.start(name, partial(look_into, extra.copier, channel, str(extra.user_id)))


async def _introduce(app: App) -> None:
    await app.account.reached(AccountState.CONNECTED)
    await app.router.publish_commands()


async def _ignore(incoming: Incoming) -> None:
    """Extra bots only carry bytes: people talk to the main one."""


def build(
    settings: Settings, clock: Clock, timing: Timing, stores: Stores, tasks: asyncio.TaskGroup
) -> App:
    """Makes every room and connects them; nothing is opened yet.

    The client library's objects are made in here, hence inside the running loop.
    """
    accounts = _accounts(settings, clock, timing)
    account, *extras = accounts
    channel = settings.bin_channel
    desk = (
        NoCopyDesk() if channel is None else CopyDesk(stores.copies, account.copier, channel, clock)
    )
    retention = Retention(settings.max_cache_size, settings.cache_ttl_hours * 3600)
    fleet = Fleet(accounts, Sources(accounts, desk, retention, clock, tasks), clock, timing, tasks)
    engine = Engine(
        fleet,
        clock,
        tasks,
        cache_bytes=settings.chunk_cache_bytes(memory_limit()),
        store=stores.disk,
        limits=PlayLimits(settings.max_streams, settings.speed_limit_mbps),
    )
    links = _links(settings, clock)
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
    router = _router(settings, account, links, desk)
    return App(server, engine, fleet, account, extras, router, desk, lifecycle)


def _router(
    settings: Settings, account: BotAccount, links: LinkService, desk: CopyDesk | NoCopyDesk
) -> Router:
    texts = Texts.load()
    access = Access(settings.admins, settings.allowed_users)
    pages = Pages(texts, VERSION, settings.source_url, settings.updates_url or "")
    return Router(account, links, texts, access, pages, link_made=desk.wanted)


def _accounts(settings: Settings, clock: Clock, timing: Timing) -> list[BotAccount]:
    """The main bot's and the extra ones'."""
    match settings:
        case Settings(
            api_id=int(api_id), api_hash=SecretStr() as api_hash, bot_token=SecretStr() as token
        ):
            hash_text = api_hash.get_secret_value()
        case _:
            raise SettingsError(["API_ID, API_HASH and BOT_TOKEN are needed to reach Telegram."])
    store = FileSessionStore(settings.work_dir / "sessions")
    servers = servers_of(settings.telegram_servers)
    credentials = [
        Credentials(api_id, hash_text, each.get_secret_value())
        for each in (token, *settings.extra_bot_tokens)
    ]
    return [BotAccount(each, store, clock, servers, timing) for each in credentials]


def _links(settings: Settings, clock: Clock) -> LinkService:
    secret = settings.link_secret or settings.bot_token
    text = secret.get_secret_value() if secret else ""
    key = text.encode() if settings.link_secret else derive_secret(text)
    return LinkService(LinkSigner(key), settings.base_url, clock, settings.link_ttl_hours)


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

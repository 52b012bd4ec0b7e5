"""The composition root: builds every room and connects them, runs until told to stop.

    start  settings → engine, links, web → HTTP listens → the bot connects, for as long as it takes
    stop   no new connections → streams drain → engine → bot, which saves its session → HTTP

HTTP is up before Telegram is reached, so that health can say what is missing. Everything that
runs is in one task group: a bug of ours takes the process down visibly, never one part in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
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
from telpher.streaming.engine import Engine, EngineLimits
from telpher.telegram.accounts import Accounts
from telpher.telegram.adapter.account import BotAccount
from telpher.telegram.adapter.identity import Credentials
from telpher.telegram.servers import TELEGRAM, DcAddress, Servers
from telpher.telegram.session import FileSessionStore
from telpher.web.app import create_app
from telpher.web.deps import Lifecycle, WebDeps
from telpher.web.server import HttpServer

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# What platforms allow between SIGTERM and SIGKILL (Kubernetes, Koyeb: 30 s), less the time that
# saving and closing take.
DRAIN_SECONDS = 28.0


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
    account: BotAccount
    router: Router
    lifecycle: Lifecycle


@contextlib.asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[App]:
    """telpher, serving and connected (or trying to be) for as long as the context lasts."""
    async with asyncio.TaskGroup() as tasks:
        app = build(settings, clock or SystemClock(), tasks)
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
            for task in bot:
                task.cancel()
            await asyncio.wait(bot)
            await app.server.close()


async def _introduce(app: App) -> None:
    await app.account.connected()
    await app.router.publish_commands()


def build(settings: Settings, clock: Clock, tasks: asyncio.TaskGroup) -> App:
    """Makes every room and connects them; nothing is opened yet.

    The client library's object is made in here, hence inside the running loop.
    """
    credentials = _credentials(settings)
    account = BotAccount(
        credentials,
        FileSessionStore(settings.work_dir / "sessions"),
        clock,
        _servers(settings),
    )
    accounts = Accounts([account])
    engine = Engine(accounts, clock, _limits(settings), tasks)
    signer = LinkSigner(_link_secret(settings, credentials))
    links = LinkService(signer, settings.base_url, clock, settings.link_ttl_hours)
    lifecycle = Lifecycle()
    web = create_app(
        WebDeps(
            engine=engine,
            links=links,
            status=accounts.status,
            clock=clock,
            cors_origins=settings.cors_origins,
            lifecycle=lifecycle,
            disk=settings.work_dir,
        )
    )
    server = HttpServer(web, clock, settings.host, settings.port)
    return App(server, engine, account, _router(settings, account, links), lifecycle)


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


def _servers(settings: Settings) -> Servers:
    given = settings.telegram_servers
    if given is None:
        return TELEGRAM
    dcs = tuple(DcAddress(dc.id, dc.host, dc.port, dc.media_only) for dc in given.dcs)
    return Servers(given.home_dc, dcs, given.public_keys)


def _limits(settings: Settings) -> EngineLimits:
    return EngineLimits(
        cache_bytes=settings.chunk_cache_bytes(memory_limit()),
        properties=settings.max_cache_size,
        properties_ttl=settings.cache_ttl_hours * 3600,
    )


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

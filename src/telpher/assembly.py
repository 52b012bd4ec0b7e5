"""The composition root: makes every room and connects it with the others through their Protocols.

Nothing is opened or started here: `app` gives what is built its life.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from telpher._version import VERSION
from telpher.books import Books, open_books
from telpher.bot.batch import BatchRules
from telpher.bot.build import Bot, BotDeps, Rules, create_bot
from telpher.bot.menu import About
from telpher.clock import Clock
from telpher.config.settings import Settings
from telpher.core.model import Person
from telpher.core.tally import ErrorShown
from telpher.errors import SettingsError
from telpher.jobs.copies import CopyDesk, NoCopyDesk
from telpher.jobs.upkeep import Upkeep
from telpher.memory import memory_limit
from telpher.service.open_links import OpenLinks
from telpher.service.playlists import Playlists
from telpher.storage.base import Database
from telpher.storage.local import LocalStore
from telpher.streaming.disk.tier import DiskTier
from telpher.streaming.engine import Engine
from telpher.streaming.plays import PlayLimits, Plays
from telpher.telegram.adapter.account import BotAccount
from telpher.telegram.adapter.identity import Credentials
from telpher.telegram.custody.base import Vault
from telpher.telegram.custody.disk import SealedFiles, instance_id
from telpher.telegram.custody.seal import Seal
from telpher.telegram.fleet import Fleet
from telpher.telegram.gateway import AccountStatus
from telpher.telegram.locations import Retention
from telpher.telegram.mtproto.frames import Frames
from telpher.telegram.servers import servers_of
from telpher.telegram.sources import Sources
from telpher.telegram.timing import Timing
from telpher.web.app import create_app
from telpher.web.connection import Limits
from telpher.web.deps import Lifecycle, WebDeps
from telpher.web.room import make_room
from telpher.web.server import HttpServer


@dataclass(frozen=True, slots=True)
class Stores:
    """What outlives engine and bots: opened before them, closed after them."""

    disk: DiskTier
    database: Database
    local: LocalStore


@dataclass(frozen=True, slots=True)
class App:
    """The rooms whose life somebody has to look after. `account` is the main bot's."""

    server: HttpServer
    engine: Engine
    fleet: Fleet
    account: BotAccount
    extras: Sequence[BotAccount]
    bot: Bot
    books: Books
    desk: CopyDesk | NoCopyDesk
    upkeep: Upkeep
    lifecycle: Lifecycle


def build(
    settings: Settings, clock: Clock, timing: Timing, stores: Stores, tasks: asyncio.TaskGroup
) -> App:
    """Makes every room and connects them; nothing is opened yet.

    The client library's objects are made in here, hence inside the running loop.
    """
    accounts = _accounts(settings, clock, timing, stores.database)
    account, *extras = accounts
    newcomers = _Newcomers()
    books = open_books(settings, clock, stores.database, stores.local, newcomers)
    channel = settings.bin_channel
    copies = stores.database.copies
    desk = NoCopyDesk() if channel is None else CopyDesk(copies, account.copier, channel, clock)
    retention = Retention(settings.max_cache_size, settings.cache_ttl_hours * 3600)
    fleet = Fleet(accounts, Sources(accounts, desk, retention, clock, tasks), clock, timing, tasks)
    engine = Engine(
        fleet,
        clock,
        tasks,
        cache_bytes=settings.chunk_cache_bytes(memory_limit()),
        store=stores.disk if settings.disk_cache_gb else None,
        plays=Plays(_play_limits(settings), clock, books.usage),
    )
    lifecycle = Lifecycle()
    web = create_app(
        WebDeps(
            engine=engine,
            links=OpenLinks(books.links) if settings.open_links else books.links,
            status=lambda: _status(account, fleet),
            clock=clock,
            cors_origins=settings.cors_origins,
            lifecycle=lifecycle,
            database=stores.database.status,
            disk=settings.work_dir,
            admission=books.usage,
            playlists=Playlists(stores.database.playlists, books.links),
            base_url=settings.base_url,
            error_shown=lambda key: books.journal.note(ErrorShown(key, clock.now())),
        )
    )
    limits = Limits()
    limits = dataclasses.replace(limits, connections=make_room(limits.connections))
    server = HttpServer(web, clock, settings.host, settings.port, limits)
    bot = _bot(settings, clock, account, books, _More(fleet, desk, stores.database))
    newcomers.told = bot.reports.new_user
    upkeep = Upkeep(stores.database, clock, settings.retention_days)
    return App(server, engine, fleet, account, extras, bot, books, desk, upkeep, lifecycle)


@dataclass(frozen=True, slots=True)
class _More:
    """What the bot needs besides its account and the books."""

    fleet: Fleet
    desk: CopyDesk | NoCopyDesk
    database: Database


class _Newcomers:
    """Tells the bot's reports of new people; the books are there before the bot is."""

    def __init__(self) -> None:
        self.told: Callable[[Person], None] | None = None

    def __call__(self, people: Sequence[Person]) -> None:
        for person in people:
            if self.told is not None:
                self.told(person)


def _play_limits(settings: Settings) -> PlayLimits:
    return PlayLimits(
        settings.max_streams, settings.speed_limit_mbps, settings.max_streams_per_user
    )


def _bot(settings: Settings, clock: Clock, account: BotAccount, books: Books, more: _More) -> Bot:
    return create_bot(
        BotDeps(
            gateway=account.bot,
            chats=account.chats,
            posts=account.posts,
            files=more.fleet,
            links=books.links,
            revocations=books.revocations,
            people=books.people,
            notes=books.journal,
            database=more.database,
            clock=clock,
            rules=Rules(
                access=books.access,
                about=About(VERSION, settings.source_url, settings.updates_url or ""),
                batch=BatchRules(settings.max_batch_size, settings.base_url),
                broadcast_per_second=settings.broadcast_per_second,
                force_sub=settings.force_sub_channel,
                log_channel=settings.log_channel,
            ),
            link_made=more.desk.wanted,
            instance=instance_id(settings.work_dir),
        )
    )


def _accounts(
    settings: Settings, clock: Clock, timing: Timing, database: Database
) -> list[BotAccount]:
    """The main bot's and the extra ones', which people do not talk to."""
    match settings:
        case Settings(
            api_id=int(api_id), api_hash=SecretStr() as api_hash, bot_token=SecretStr() as token
        ):
            hash_text = api_hash.get_secret_value()
        case _:
            raise SettingsError(["API_ID, API_HASH and BOT_TOKEN are needed to reach Telegram."])
    files = SealedFiles(settings.work_dir / "sessions")
    vault = Vault(database, Seal(hash_text), files, instance_id(settings.work_dir), clock)
    servers = servers_of(settings.telegram_servers)
    credentials = [
        Credentials(api_id, hash_text, each.get_secret_value())
        for each in (token, *settings.extra_bot_tokens)
    ]
    frames = Frames()  # of all bots: what is kept while free is kept once
    return [
        BotAccount(each, vault, servers, timing, hears=each is credentials[0], frames=frames)
        for each in credentials
    ]


def _status(account: BotAccount, fleet: Fleet) -> AccountStatus:
    """The main account's, with the file connections that the fleet keeps for it."""
    return dataclasses.replace(account.status(), dcs=fleet.connections(account.user_id))

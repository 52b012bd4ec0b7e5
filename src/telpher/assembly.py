"""The composition root: makes every room and connects it with the others through their Protocols.

Nothing is opened or started here: `app` gives what is built its life.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from telpher._version import VERSION
from telpher.bot.build import BotDeps, create_router
from telpher.bot.menu import About
from telpher.bot.router import Router
from telpher.clock import Clock
from telpher.config.settings import Settings
from telpher.core.links import LinkSigner, derive_secret
from telpher.errors import SettingsError
from telpher.jobs.copies import CopyDesk, NoCopyDesk
from telpher.memory import memory_limit
from telpher.service.links import LinkService
from telpher.service.people import Access, People
from telpher.storage.base import Database
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
from telpher.telegram.servers import servers_of
from telpher.telegram.sources import Sources
from telpher.telegram.timing import Timing
from telpher.web.app import create_app
from telpher.web.deps import Lifecycle, WebDeps
from telpher.web.server import HttpServer


@dataclass(frozen=True, slots=True)
class Stores:
    """What outlives engine and bots: opened before them, closed after them."""

    disk: DiskTier
    database: Database


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


def build(
    settings: Settings, clock: Clock, timing: Timing, stores: Stores, tasks: asyncio.TaskGroup
) -> App:
    """Makes every room and connects them; nothing is opened yet.

    The client library's objects are made in here, hence inside the running loop.
    """
    accounts = _accounts(settings, clock, timing, stores.database)
    account, *extras = accounts
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
        store=stores.disk,
        plays=Plays(PlayLimits(settings.max_streams, settings.speed_limit_mbps), clock),
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
            database=stores.database.status,
            disk=settings.work_dir,
        )
    )
    server = HttpServer(web, clock, settings.host, settings.port)
    router = _router(settings, clock, account, links, desk)
    return App(server, engine, fleet, account, extras, router, desk, lifecycle)


class _Nobody:
    """Stands where the database will: knows nobody and notes nothing."""

    def __getattr__(self, name: str) -> Any:
        async def nothing(*_arguments: object) -> None:
            return None

        return (lambda event: None) if name == "note" else nothing


_NOBODY: Any = _Nobody()


def _router(
    settings: Settings,
    clock: Clock,
    account: BotAccount,
    links: LinkService,
    desk: CopyDesk | NoCopyDesk,
) -> Router:
    return create_router(
        BotDeps(
            gateway=account.bot,
            links=links,
            people=People(_NOBODY, _NOBODY, clock),
            access=Access(settings.admins, settings.allowed_users),
            dialogues=_NOBODY,
            clock=clock,
            about=About(VERSION, settings.source_url, settings.updates_url or ""),
            link_made=desk.wanted,
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
    return [
        BotAccount(each, vault, servers, timing, hears=each is credentials[0])
        for each in credentials
    ]


def _links(settings: Settings, clock: Clock) -> LinkService:
    secret = settings.link_secret or settings.bot_token
    text = secret.get_secret_value() if secret else ""
    key = text.encode() if settings.link_secret else derive_secret(text)
    return LinkService(LinkSigner(key), settings.base_url, clock, settings.link_ttl_hours)


def _status(account: BotAccount, fleet: Fleet) -> AccountStatus:
    """The main account's, with the file connections that the fleet keeps for it."""
    return dataclasses.replace(account.status(), dcs=fleet.connections(account.user_id))

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
from telpher.bot.menu import About, Vitals
from telpher.clock import Clock
from telpher.config.settings import Settings
from telpher.core.model import Person
from telpher.core.tally import AnswerBegan, ErrorShown
from telpher.crew.place import ALONE, Place
from telpher.crew.telephone import Telephone
from telpher.ending import Ending
from telpher.entry import Entry, dashboard_deps, open_entry
from telpher.errors import SettingsError
from telpher.jobs.copies import CopyDesk, NoCopyDesk
from telpher.jobs.heritage import Heritage
from telpher.jobs.upkeep import Upkeep
from telpher.limits import play_limits, rates
from telpher.live import Live
from telpher.memory import memory_limit
from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.gathered import Gathered
from telpher.observe.machine import Machine, look_at
from telpher.observe.metrics.metrics import Metrics
from telpher.observe.troubles import Troubles
from telpher.service.bans import Bans
from telpher.service.broadcasts import BroadcastService
from telpher.service.log_level import LogLevel
from telpher.service.open_links import OpenLinks
from telpher.service.playlists import Playlists
from telpher.service.tokens import Tokens
from telpher.storage.base import Database
from telpher.storage.local import LocalStore
from telpher.streaming.disk.tier import DiskTier
from telpher.streaming.engine import Engine
from telpher.streaming.plays import Plays
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
from telpher.thumbnails.frames import FrameTaker, can_take
from telpher.thumbnails.gallery import Gallery
from telpher.web.api.deps import ApiDeps
from telpher.web.app import create_app
from telpher.web.connection import Limits
from telpher.web.dashboard.pulse import Pulse
from telpher.web.deps import Counted, EdgeDeps, Lifecycle, WebDeps
from telpher.web.edge.desk import Desk
from telpher.web.edge.log import EdgeLog
from telpher.web.limiting.rates import Rates
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
    live: Live
    log_level: LogLevel
    rates: Rates | None
    pulse: Pulse
    machine: Machine
    telephone: Telephone
    heritage: Heritage
    edge_log: EdgeLog | None


@dataclass(frozen=True, slots=True)
class Frame:
    """What telpher runs in; `ending` is how the bot's admins end it, `troubles` is what the log
    pipe has noted, `place` which of several workers this is."""

    clock: Clock
    timing: Timing
    ending: Ending
    troubles: Troubles
    metrics: Metrics
    place: Place = ALONE


def build(settings: Settings, frame: Frame, stores: Stores, tasks: asyncio.TaskGroup) -> App:
    """Makes every room and connects them; nothing is opened yet.

    The client library's objects are made in here, hence inside the running loop.
    """
    clock = frame.clock
    account, *extras = accounts = _accounts(settings, clock, frame.timing, stores.database)
    newcomers = _Newcomers()
    telephone = Telephone(frame.place, clock)
    books = open_books(settings, clock, stores.database, stores.local, telephone, newcomers)
    desk = _desk(settings, stores, account, clock)
    fleet = _fleet(settings, frame, accounts, desk, tasks)
    engine = _engine(settings, frame, stores, (fleet, books), tasks)
    live = Live(engine, accounts, Lifecycle(), frame.place.board)
    rooms = _Rooms(
        frame=frame,
        stores=stores,
        account=account,
        extras=extras,
        machine=Machine(look_at(settings.work_dir)),
        books=books,
        fleet=fleet,
        engine=engine,
        desk=desk,
        lifecycle=live.lifecycle,
        telephone=telephone,
        live=live,
        rates=rates(settings, clock, telephone),
        gallery=Gallery(engine, FrameTaker() if can_take() else None, clock, tasks),
        entry=open_entry(settings, clock, stores.database, books, live.counters),
        tickets=Desk(clock, frame.place.number),
    )
    bot = _bot(settings, rooms)
    newcomers.told = bot.reports.new_user
    return _app(settings, rooms, bot)


@dataclass(frozen=True, slots=True)
class _Rooms:
    """What web and bot are built upon."""

    frame: Frame
    stores: Stores
    account: BotAccount
    extras: Sequence[BotAccount]
    machine: Machine
    books: Books
    fleet: Fleet
    engine: Engine
    desk: CopyDesk | NoCopyDesk
    lifecycle: Lifecycle
    telephone: Telephone
    live: Live
    rates: Rates | None
    gallery: Gallery
    entry: Entry
    tickets: Desk

    def status(self) -> AccountStatus:
        """The main account's, with the file traffic that the fleet keeps for it."""
        return self._with_traffic(self.account)

    def others(self) -> Sequence[AccountStatus]:
        """The same of the extra bots."""
        return [self._with_traffic(each) for each in self.extras]

    def _with_traffic(self, account: BotAccount) -> AccountStatus:
        number = account.user_id
        dcs, floods = self.fleet.connections(number), self.fleet.floods(number)
        return dataclasses.replace(account.status(), dcs=dcs, floods=floods)


def _app(settings: Settings, rooms: _Rooms, bot: Bot) -> App:
    return App(
        server=_server(settings, rooms, bot),
        engine=rooms.engine,
        fleet=rooms.fleet,
        account=rooms.account,
        extras=rooms.extras,
        bot=bot,
        books=rooms.books,
        desk=rooms.desk,
        upkeep=Upkeep(rooms.stores.database, rooms.frame.clock, settings.retention_days),
        lifecycle=rooms.lifecycle,
        live=rooms.live,
        log_level=rooms.books.log_level,
        rates=rooms.rates,
        pulse=rooms.entry.pulse,
        machine=rooms.machine,
        telephone=rooms.telephone,
        heritage=Heritage(
            settings.work_dir, rooms.frame.place, rooms.books.delivery.deliver_all_of
        ),
        edge_log=_edge_log(settings, rooms),
    )


def _fleet(
    settings: Settings,
    frame: Frame,
    accounts: Sequence[BotAccount],
    desk: CopyDesk | NoCopyDesk,
    tasks: asyncio.TaskGroup,
) -> Fleet:
    retention = Retention(settings.max_cache_size, settings.cache_ttl_hours * 3600)
    sources = Sources(accounts, desk, retention, frame.clock, tasks)
    return Fleet(accounts, sources, frame.clock, frame.timing, tasks)


def _edge_log(settings: Settings, rooms: _Rooms) -> EdgeLog | None:
    if settings.edge_log is None:
        return None
    return EdgeLog(rooms.tickets, settings.edge_log, rooms.telephone)


def _engine(
    settings: Settings,
    frame: Frame,
    stores: Stores,
    upon: tuple[Fleet, Books],
    tasks: asyncio.TaskGroup,
) -> Engine:
    fleet, books = upon
    limits, board = play_limits(settings), frame.place.board
    beside = board.plays if board else lambda _here: set()
    return Engine(
        fleet,
        frame.clock,
        tasks,
        cache_bytes=settings.chunk_cache_bytes(memory_limit()),
        store=stores.disk if settings.disk_cache_gb else None,
        plays=Plays(limits, frame.clock, books.usage, books.fellows.elsewhere, beside),
    )


def _desk(
    settings: Settings, stores: Stores, account: BotAccount, clock: Clock
) -> CopyDesk | NoCopyDesk:
    if settings.bin_channel is None:
        return NoCopyDesk()
    return CopyDesk(stores.database.copies, account.copier, settings.bin_channel, clock)


class _Newcomers:
    """Tells the bot's reports of new people; the books are there before the bot is."""

    def __init__(self) -> None:
        self.told: Callable[[Person], None] | None = None

    def __call__(self, people: Sequence[Person]) -> None:
        for person in people:
            if self.told is not None:
                self.told(person)


def _server(settings: Settings, rooms: _Rooms, bot: Bot) -> HttpServer:
    web = create_app(_web_deps(settings, rooms, bot))
    limits = Limits()
    limits = dataclasses.replace(limits, connections=make_room(limits.connections))
    frame = rooms.frame
    return HttpServer(web, frame.clock, settings.host, settings.port, limits, frame.place)


def _web_deps(settings: Settings, rooms: _Rooms, bot: Bot) -> WebDeps:
    books, clock, database = rooms.books, rooms.frame.clock, rooms.stores.database
    broadcasts = BroadcastService(database, clock, bot.broadcasts.wake)
    troubles = Gathered(rooms.frame.troubles, rooms.telephone, Catalogue.shipped())
    return WebDeps(
        engine=rooms.engine,
        links=OpenLinks(books.links) if settings.open_links else books.links,
        status=rooms.status,
        clock=clock,
        cors_origins=settings.cors_origins,
        lifecycle=rooms.lifecycle,
        database=database.status,
        machine=rooms.machine.load,
        extras=rooms.others,
        admission=books.usage,
        playlists=Playlists(database.playlists, books.links),
        base_url=settings.base_url,
        trusted_proxies=settings.trusted_proxies,
        rates=rooms.rates,
        redis=books.fellows.answers,
        edge=EdgeDeps(rooms.tickets, settings.speed_limit_mbps) if settings.edge_log else None,
        book=books.register,
        api=ApiDeps(
            tokens=Tokens(database.tokens, clock),
            database=database,
            links=books.links,
            revocations=books.revocations,
            bans=Bans(books.people, books.access),
            link_made=rooms.desk.wanted,
            figures=books.figures,
        ),
        counted=Counted(books.figures, books.file_keys),
        answer_began=lambda seconds: books.journal.note(AnswerBegan(seconds, clock.now())),
        pictures=rooms.gallery,
        dashboard=dashboard_deps(rooms.entry, books, database, broadcasts, troubles),
        sessions=rooms.entry.cookies,
        error_shown=lambda key: books.journal.note(ErrorShown(key, clock.now())),
        metrics=rooms.frame.metrics,
        metrics_token=settings.metrics_token,
        telephone=rooms.telephone,
    )


def _bot(settings: Settings, rooms: _Rooms) -> Bot:
    account, books, clock = rooms.account, rooms.books, rooms.frame.clock
    began = clock.monotonic()

    def vitals() -> Vitals:
        status, streams = rooms.status(), rooms.live.counters().streams
        uptime = clock.monotonic() - began
        return Vitals(status.name, status.username, uptime, streams, status.dcs)

    return create_bot(
        BotDeps(
            gateway=account.bot,
            answers=account.answers,
            chats=account.chats,
            posts=account.posts,
            files=rooms.fleet,
            links=books.links,
            revocations=books.revocations,
            people=books.people,
            notes=books.journal,
            database=rooms.stores.database,
            clock=clock,
            rules=Rules(
                access=books.access,
                about=About(VERSION, settings.source_url, settings.updates_url or ""),
                batch=BatchRules(settings.max_batch_size, settings.base_url),
                broadcast_per_second=settings.broadcast_per_second,
                force_sub=settings.force_sub_channel,
                log_channel=settings.log_channel,
            ),
            link_made=rooms.desk.wanted,
            log_level=books.log_level,
            restart=rooms.frame.ending.restart,
            vitals=vitals,
            instance=instance_id(settings.work_dir),
            figures=books.figures,
            invite=rooms.entry.invite,
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

"""Everything the bot can do on one screen: its areas, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

from telpher.bot.admin.banner_desk import BannerDesk
from telpher.bot.admin.bans import BanArea
from telpher.bot.admin.channel import Channel
from telpher.bot.admin.dashboard import DashboardDoor, Invite
from telpher.bot.admin.log_levels import LogLevels
from telpher.bot.admin.panel import Panel
from telpher.bot.admin.restarting import Announcement, Restarting
from telpher.bot.admin.statistics import Statistics
from telpher.bot.admin.user_links import UserLinks
from telpher.bot.admin.users import Users
from telpher.bot.albums import Albums
from telpher.bot.areas import Area
from telpher.bot.batch import Batch, BatchRules
from telpher.bot.broadcast import Broadcast, BroadcastStatus
from telpher.bot.cancel import Cancel, Undertakings
from telpher.bot.dialogues import Dialogues
from telpher.bot.files import FileFinder, Files, FileSources
from telpher.bot.gate import Gate
from telpher.bot.language import Texts
from telpher.bot.menu import About, Menu, Pages, Vitals
from telpher.bot.own_links import OwnLinks
from telpher.bot.reports import Reports
from telpher.bot.router import Guards, Router
from telpher.clock import Clock
from telpher.core.model import MessageRef, Person
from telpher.jobs.broadcasts import Broadcasts, PerSecond
from telpher.service.banners import Banners
from telpher.service.bans import Bans
from telpher.service.batches import Batches
from telpher.service.broadcasts import BroadcastService
from telpher.service.figures import FigureDesk
from telpher.service.links import Links, LinkService
from telpher.service.log_level import LogLevel
from telpher.service.membership import ForceSub
from telpher.service.people import Access, Notes, People
from telpher.service.revocations import Revocations
from telpher.storage.base import Database
from telpher.telegram.chats import ChatGateway, PostGateway
from telpher.telegram.gateway import BotGateway


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say; channels are chat ids or public names without @."""

    access: Access
    about: About
    batch: BatchRules
    broadcast_per_second: float = 25.0
    force_sub: int | str | None = None
    log_channel: int | str | None = None


@dataclass(frozen=True, slots=True)
class BotDeps:
    """Everything the bot needs. `answers` is `gateway` for what answers an update: another instance
    may answer instead (OffDutyError). `link_made` is told of each message that a link was made to,
    `restart` asks for a restart: neither waits nor fails. `vitals` tells how the bot is, `instance`
    names this process among those that share the database, `invite` makes a link to the dashboard.
    """

    gateway: BotGateway
    answers: BotGateway
    chats: ChatGateway
    posts: PostGateway
    files: FileFinder
    links: LinkService
    revocations: Revocations
    people: People
    notes: Notes
    database: Database
    clock: Clock
    rules: Rules
    link_made: Callable[[MessageRef], None]
    log_level: LogLevel
    restart: Callable[[], None]
    vitals: Callable[[], Vitals]
    instance: str
    figures: FigureDesk
    invite: Invite


@dataclass(frozen=True, slots=True)
class Bot:
    """What has to be run: `router` listens to updates, the others are jobs."""

    router: Router
    reports: Reports
    broadcasts: Broadcasts
    announcement: Announcement


def create_bot(deps: BotDeps) -> Bot:
    """Makes the areas and connects them."""
    texts, clock, rules = Texts.load(), deps.clock, deps.rules
    reports = Reports(deps.gateway, deps.chats, rules.log_channel, texts, clock)
    dialogues = Dialogues(deps.database.dialogues, clock)
    force_sub = (
        None
        if rules.force_sub is None
        else ForceSub(deps.chats, rules.force_sub, clock, reports.alarm)
    )
    gate = Gate(rules.access, force_sub)
    files = _files(deps, gate, reports)
    broadcasts = Broadcasts(
        deps.database,
        deps.posts,
        clock,
        deps.instance,
        PerSecond(rules.broadcast_per_second, clock),
        BroadcastStatus(deps.gateway, texts),
    )
    service = BroadcastService(deps.database, clock, broadcasts.wake)
    broadcast = Broadcast(service, deps.posts, dialogues, Albums())
    announcement = Announcement(deps.gateway, texts, deps.database.values, clock)
    banners = Banners(deps.database.values, clock, _default_banner())
    others = _other_areas(deps, gate, dialogues)
    inner = (broadcast, *_admin_areas(deps, dialogues, banners, announcement))
    panel = Panel([press.name for area in inner for press in area.offer().presses])
    areas: Sequence[Area] = (files, *others, panel, *inner)
    menu = Menu(
        lambda commands: Pages(texts, rules.about, commands, deps.vitals),
        banners.of,
        rules.access,
        areas,
    )
    guards = Guards(deps.people, rules.access, dialogues)
    router = Router(deps.answers, texts, guards, (menu, *areas), files.answer)
    return Bot(router, reports, broadcasts, announcement)


def _files(deps: BotDeps, gate: Gate, reports: Reports) -> Files:
    def told(links: Links, person: Person | None) -> None:
        deps.link_made(links.record.ref)
        if person is not None:
            reports.new_link(person, links.record, links.stream)

    return Files(deps.links, gate, Albums(), FileSources(deps.chats, deps.files), told)


def _other_areas(deps: BotDeps, gate: Gate, dialogues: Dialogues) -> Sequence[Area]:
    database, clock, undertakings = deps.database, deps.clock, Undertakings()
    batches = Batches(deps.chats, deps.links, database.playlists, deps.notes, clock, deps.link_made)
    return (
        OwnLinks(database.links, deps.links, deps.revocations, deps.rules.access),
        Batch(batches, gate, undertakings, clock, deps.rules.batch),
        Cancel(dialogues, undertakings),
    )


def _admin_areas(
    deps: BotDeps, dialogues: Dialogues, banners: Banners, announcement: Announcement
) -> Iterator[Area]:
    database, access = deps.database, deps.rules.access
    users = Users(deps.people, database.users, dialogues, access, deps.clock)

    def streams() -> int:
        return deps.vitals().streams

    yield DashboardDoor(deps.invite)
    yield Statistics(deps.figures, deps.clock, streams)
    yield users
    yield BanArea(Bans(deps.people, access), deps.people, users.card)
    yield UserLinks(database.links, deps.revocations)
    yield BannerDesk(banners, dialogues, deps.gateway)
    yield Channel(deps.chats, deps.rules.force_sub)
    yield LogLevels(deps.log_level)
    yield Restarting(announcement, streams, deps.restart)


def _default_banner() -> bytes:
    """Made by scripts/banner."""
    return (resources.files("telpher.bot") / "banners" / "start.png").read_bytes()

"""The books: links and their owners, what is counted, what is revoked, and their way to the
database. Part of the composition root."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from telpher.clock import Clock
from telpher.config.settings import Settings
from telpher.core.filekeys import FileKeys
from telpher.core.links import LinkSigner, derive_secret
from telpher.core.model import Person
from telpher.crew.telephone import Telephone
from telpher.instances.fellows import Fellows, fellows_at
from telpher.instances.neighbours import Neighbours
from telpher.jobs.delivery import Delivery
from telpher.observe import logs
from telpher.service.agreement import Agreement
from telpher.service.denials import Denials
from telpher.service.figures import FigureDesk
from telpher.service.journal import Journal
from telpher.service.links import LinkService
from telpher.service.log_level import LogLevel
from telpher.service.people import Access, People
from telpher.service.register import Register
from telpher.service.revocations import Revocations
from telpher.service.usage import Allowance, Usage
from telpher.storage.base import Database
from telpher.storage.local import LocalStore
from telpher.telegram.custody.disk import instance_id

_GIB = 1 << 30

Met = Callable[[Sequence[Person]], None]


@dataclass(frozen=True, slots=True)
class Books:
    """`journal`, `delivery`, `revocations`, `agreement`, `fellows` and `log_level` have
    jobs."""

    journal: Journal
    links: LinkService
    people: People
    access: Access
    revocations: Revocations
    usage: Usage
    register: Register
    delivery: Delivery
    figures: FigureDesk
    file_keys: FileKeys
    agreement: Agreement
    fellows: Fellows
    log_level: LogLevel


def open_books(
    settings: Settings,
    clock: Clock,
    database: Database,
    local: LocalStore,
    telephone: Telephone,
    met: Met,
) -> Books:
    """Makes them; `met` is told of people whom the database did not know. Raises SettingsError."""
    secret = _link_secret(settings)
    journal = Journal(local)
    register = Register(journal, database.links)
    denials = Denials()
    secret = _link_secret(settings)
    links = LinkService(
        LinkSigner(secret),
        settings.base_url,
        clock,
        settings.link_ttl_hours,
        denials=denials,
        register=register,
    )
    allowance = Allowance(
        daily=int(settings.daily_quota_gb * _GIB), by_owner=settings.max_streams_per_user > 0
    )
    revocations = Revocations(denials, database, local, journal, register, clock)
    fellows = _fellows(settings, clock, telephone)
    log_level = LogLevel(database.values, clock, settings.log_level, logs.set_level)
    revocations.ring = log_level.ring = fellows.ring
    return Books(
        journal=journal,
        links=links,
        people=People(database.users, journal, clock, revocations.spread),
        access=Access(settings.admins, settings.allowed_users),
        revocations=revocations,
        usage=Usage(journal, register, database.ledger, clock, allowance, fellows),
        register=register,
        delivery=Delivery(journal, local, database, met),
        figures=FigureDesk(database, clock),
        file_keys=FileKeys(secret),
        agreement=Agreement(database.leases, _bot_id(settings), secret),
        fellows=fellows,
        log_level=log_level,
    )


def _fellows(settings: Settings, clock: Clock, telephone: Telephone) -> Fellows:
    if settings.redis_url is None and telephone.siblings:
        return Neighbours(telephone)
    return fellows_at(settings.redis_url, clock, instance_id(settings.work_dir))


def secret_text(settings: Settings) -> str:
    """What every secret of this server's own is derived from."""
    secret = settings.link_secret or settings.bot_token
    return secret.get_secret_value() if secret else ""


def _link_secret(settings: Settings) -> bytes:
    text = secret_text(settings)
    return text.encode() if settings.link_secret else derive_secret(text)


def _bot_id(settings: Settings) -> str:
    """What a bot's token begins with."""
    token = settings.bot_token
    return token.get_secret_value().partition(":")[0] if token else ""

"""Records as the API shows them."""

from __future__ import annotations

from telpher.core.records import FileRecord, LinkRecord, Totals
from telpher.core.records import User as UserRecord
from telpher.core.tally import HourSum
from telpher.service.figures import average_wait
from telpher.service.links import LinkService
from telpher.web.api.models import File, Link, PeriodFigures, Urls, User, WorkFigures, moment


def link(record: LinkRecord, service: LinkService) -> Link:
    """A link with its addresses."""
    links = service.rewrite(record)
    return Link(
        link_id=str(record.link_id),
        owner=record.owner,
        chat_id=record.ref.chat_id,
        message_id=record.ref.message_id,
        document_id=str(record.document_id),
        name=record.name,
        size=record.size,
        kind=record.kind.value,
        duration=record.duration,
        playlist=record.playlist,
        created=moment(record.created),
        expires=moment(record.expires),
        live=service.lives(record) and not record.owner_banned,
        plays=record.plays,
        bytes_served=record.bytes_served,
        last_play=moment(record.last_play),
        urls=Urls(
            stream=links.stream,
            download=links.download,
            watch=links.watch,
            thumbnail=links.thumbnail,
        ),
    )


def file(record: FileRecord | LinkRecord) -> File:
    """A file, by its own figures or those of one link."""
    return File(
        document_id=str(record.document_id),
        chat_id=record.ref.chat_id,
        message_id=record.ref.message_id,
        name=record.name,
        size=record.size,
        plays=record.plays,
        bytes_served=record.bytes_served,
    )


def user(record: UserRecord) -> User:
    """Somebody."""
    person = record.person
    return User(
        user_id=person.user_id,
        first_name=person.first_name,
        last_name=person.last_name,
        username=person.username,
        language_code=person.language_code,
        is_premium=person.is_premium,
        role=record.role,
        banned=record.banned,
        blocked_bot=record.blocked_bot,
        join_date=moment(record.join_date),
        first_seen=moment(record.first_seen),
        last_seen=moment(record.last_seen),
        total_streams=record.total_streams,
        total_files=record.total_files,
        total_batch_requests=record.total_batch_requests,
        bytes_served=record.bytes_served,
    )


def work(figures: Totals | HourSum) -> WorkFigures:
    """What happened."""
    wait = average_wait(figures)
    return WorkFigures(
        streams=figures.streams,
        files=figures.files,
        bytes_served=figures.bytes_served,
        batches=figures.batches,
        errors=figures.errors,
        average_response_ms=None if wait is None else round(wait, 1),
    )


def period(figures: HourSum) -> PeriodFigures:
    """What happened in some time."""
    return PeriodFigures(**work(figures).model_dump(), errors_by_key=figures.shown)

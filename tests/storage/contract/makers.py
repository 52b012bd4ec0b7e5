"""Records with something in every field, and what reads whole lists page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from telpher.core.model import FileInfo, Kind, MessageRef, Person
from telpher.core.records import (
    Denial,
    FileRecord,
    Job,
    JobState,
    LinkRecord,
    Playlist,
    PlaylistEntry,
    User,
)
from telpher.core.tally import Event, LinkMade, PersonSeen, tally
from telpher.storage.base import Database, FileOrder, PageKey

_T = TypeVar("_T")

HOUR = 3600
DAY = 24 * HOUR
NOW = 1_700_000_000.0
ANN, BOB, EVE = 11, 12, 13
CHANNEL = -1_000_000_000_005


def person(user_id: int = ANN, name: str = "Ann", **more: Any) -> Person:
    about = {"last_name": "Lee", "username": f"{name}_{user_id}", "language_code": "en", **more}
    return Person(user_id, name, **about)


def user(user_id: int = ANN, name: str = "Ann", at: float = NOW, **more: Any) -> User:
    return replace(User(person(user_id, name), at, at, at), **more)


def link(link_id: int = 1, owner: int = ANN, created: float = NOW, **more: Any) -> LinkRecord:
    made = LinkRecord(
        link_id=link_id,
        owner=owner,
        ref=MessageRef(owner, 100 + link_id % 1000),
        created=created,
        expires=int(created) + DAY,
        epoch=3,
        document_id=5000 + link_id % 1000,
        name=f"film {link_id}.mkv",
        size=7 << 30,
        kind=Kind.VIDEO,
        duration=5400,
    )
    return replace(made, **more)


def playlist(playlist_id: str = "p1", count: int = 3, **more: Any) -> Playlist:
    made = Playlist(playlist_id, ANN, "A season", NOW, [entry(n) for n in range(1, count + 1)])
    return replace(made, **more)


def entry(number: int, **about: Any) -> PlaylistEntry:
    info = FileInfo(
        document_id=(1 << 62) + number,
        size=(4 << 30) + number,
        mime_type="video/x-matroska",
        name=f"Episode {number}.mkv",
        kind=Kind.VIDEO,
        date=1_600_000_000 + number,
        duration=2400,
        title=f"Episode {number}",
        performer="Somebody",
    )
    ref = MessageRef(CHANNEL, number)
    return PlaylistEntry((1 << 62) + number, ref, 1_800_000_000, 2, replace(info, **about))


def job(job_id: str = "j1", created: float = NOW, **more: Any) -> Job:
    return replace(
        Job(job_id, "broadcast", ANN, created, JobState.WAITING, '{"plan": [1]}'), **more
    )


async def happen(
    database: Database, *events: Event, number: int = 1, writer: str = "w"
) -> list[int]:
    """Has the ledger take these as one tally; who is new."""
    return await database.ledger.apply(writer, number, tally(events))


async def seen(database: Database, *people: Person, at: float = NOW, writer: str = "seen") -> None:
    """Makes these users known."""
    await happen(database, *(PersonSeen(each, at) for each in people), writer=writer)


async def made(database: Database, *links: LinkRecord, writer: str = "made") -> None:
    """Makes these links known."""
    await happen(database, *map(LinkMade, links), writer=writer)


async def paged(
    page: Callable[[PageKey | None], Awaitable[list[_T]]], key: Callable[[_T], PageKey]
) -> list[_T]:
    """Everything, page by page, as somebody who turns pages gets it."""
    found: list[_T] = []
    while rows := await page(key(found[-1]) if found else None):
        found += rows
    return found


async def all_users(database: Database, limit: int = 2) -> list[User]:
    return await paged(
        lambda before: database.users.page(limit, before),
        lambda each: PageKey(each.join_date, each.person.user_id),
    )


async def all_links(database: Database, owner: int, limit: int = 2) -> list[LinkRecord]:
    return await paged(
        lambda before: database.links.of_owner(owner, limit, before),
        lambda each: PageKey(each.created, each.link_id),
    )


async def every_link(database: Database, limit: int = 2) -> list[LinkRecord]:
    return await paged(
        lambda before: database.links.page(limit, before),
        lambda each: PageKey(each.created, each.link_id),
    )


async def links_of_file(database: Database, document: int, limit: int = 2) -> list[LinkRecord]:
    return await paged(
        lambda before: database.links.of_file(document, limit, before),
        lambda each: PageKey(each.created, each.link_id),
    )


async def all_files(
    database: Database, order: FileOrder, text: str = "", limit: int = 2
) -> list[FileRecord]:
    return await paged(
        lambda before: database.files.page(order, limit, before, text),
        order.key,
    )


async def found(database: Database, text: str, limit: int = 2) -> list[User]:
    """Everybody who is found by `text`, page by page."""
    users: list[User] = []
    after = None
    while True:
        page = await database.users.search(text, limit, after)
        users += page.users
        after = page.next
        if after is None:
            return users
        assert len(page.users) == limit


async def all_denials(database: Database, since: float = 0, limit: int = 2) -> list[Denial]:
    return await paged(
        lambda after: database.links.denials(since, limit, after),
        lambda each: PageKey(each.changed, each.link_id),
    )


async def denied(database: Database, since: float = 0) -> dict[int, bool]:
    """Whether each link that ever changed is dead."""
    return {each.link_id: each.denied for each in await all_denials(database, since)}

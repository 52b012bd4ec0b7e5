"""What a database has to do, written as plainly as can be: in memory, one step after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from telpher.core.model import MessageRef, Person
from telpher.core.records import (
    Activity,
    FileCounts,
    FileRecord,
    LinkRecord,
    Totals,
    User,
    UserCounts,
)
from telpher.core.spans import Span, entered, start_of
from telpher.core.tally import (
    DAY,
    HOUR,
    AnswerBegan,
    BatchMade,
    BytesServed,
    ErrorShown,
    Event,
    HourSum,
    LinkMade,
    PersonSeen,
    PlayBegun,
    Tally,
    tally,
)
from telpher.storage.base import FileOrder

_FIELDS = {"total_streams", "total_files", "total_batch_requests", "bytes_served"}


@dataclass
class Model:
    """People, links and counters."""

    users: dict[int, User] = field(default_factory=dict)
    links: dict[int, LinkRecord] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    files: dict[int, FileRecord] = field(default_factory=dict)
    visited: dict[tuple[str, int], int] = field(default_factory=dict)
    there: Counter[tuple[str, Span, int]] = field(default_factory=Counter)
    hours: dict[int, HourSum] = field(default_factory=dict)
    days: Counter[tuple[int, int]] = field(default_factory=Counter)
    applied: dict[str, tuple[int, list[int]]] = field(default_factory=dict)

    def apply(self, writer: str, number: int, events: Sequence[Event]) -> set[int]:
        last, answer = self.applied.get(writer, (0, []))
        if number <= last:
            return set(answer) if number == last else set()
        new = {each.person.user_id for each in events if isinstance(each, PersonSeen)}
        new = {each for each in new if not self._user(each, make=False).join_date}
        # A tally has its links at hand whenever they were made in it.
        for event in chain(
            (each for each in events if isinstance(each, LinkMade)),
            (each for each in events if not isinstance(each, LinkMade)),
        ):
            self._happen(event)
        self._visit(tally(events))
        self.applied[writer] = (number, sorted(new))
        return new

    def ban(self, user_id: int, banned: bool) -> bool:
        known = user_id in self.users
        if banned or known:
            user = self._user(user_id)
            if user.banned != banned:
                self._note(user_id, banned=banned)
        return known

    def block(self, user_ids: Sequence[int], blocked: bool) -> None:
        for each in user_ids:
            if each in self.users:
                self._set(each, blocked_bot=blocked)

    def revoke(self, link_id: int, at: float, owner: int | None) -> bool:
        link = self.links.get(link_id)
        if link is None or (owner is not None and link.owner != owner):
            return False
        if not link.revoked:
            self.links[link_id] = replace(link, revoked=at)
            self.changed.add(link_id)
        return True

    def revoke_playlist(self, playlist: str, at: float) -> int:
        alive = [
            each.link_id
            for each in self.links.values()
            if playlist and each.playlist == playlist and not each.revoked
        ]
        return sum(self.revoke(each, at, None) for each in alive)

    def merge(self, users: Sequence[User]) -> int:
        return sum(map(self._merge, users))

    def counts(self, now: float) -> UserCounts:
        users = self.users.values()
        seen = [sum(each.last_seen >= now - days * DAY for each in users) for days in (1, 7, 30)]
        return UserCounts(
            len(users),
            *seen,
            sum(each.banned for each in users),
            sum(each.blocked_bot for each in users),
            len(self.audience()),
        )

    def audience(self) -> list[int]:
        users = self.users.values()
        free = [each for each in users if not (each.banned or each.blocked_bot)]
        return sorted(each.person.user_id for each in free)

    def page(self) -> list[User]:
        return sorted(self.users.values(), key=lambda each: (-each.join_date, -each.person.user_id))

    def link(self, link_id: int) -> LinkRecord:
        link = self.links[link_id]
        return replace(link, owner_banned=self._user(link.owner, make=False).banned)

    def of_owner(self, owner: int) -> list[LinkRecord]:
        links = [
            self.link(each)
            for each, link in self.links.items()
            if link.owner == owner and not link.revoked
        ]
        return sorted(links, key=lambda each: (-each.created, -each.link_id))

    def denied(self) -> dict[int, bool]:
        links = map(self.link, self.changed)
        return {each.link_id: bool(each.revoked) or each.owner_banned for each in links}

    def popular(self) -> list[FileRecord]:
        return [each for each in self.file_list(FileOrder.MOST_PLAYED) if each.plays]

    def file_list(self, order: FileOrder, text: str = "") -> list[FileRecord]:
        found = [each for each in self.files.values() if each.created]
        found = [each for each in found if text.casefold() in each.name.casefold()]
        return sorted(found, key=lambda each: (order.key(each).at, each.document_id), reverse=True)

    def all_links(self) -> list[LinkRecord]:
        links = [self.link(each) for each, link in self.links.items() if not link.revoked]
        return sorted(links, key=lambda each: (-each.created, -each.link_id))

    def file_counts(self, now: float) -> FileCounts:
        files = self.files.values()
        played = [sum(each.last_play >= now - days * DAY for each in files) for days in (1, 7, 30)]
        return FileCounts(len(self.popular()), *played)

    def activity(self, span: Span) -> dict[int, Activity]:
        starts = sorted({start for _, each, start in self.there if each is span})
        return {
            start: Activity(self.there["user", span, start], self.there["file", span, start])
            for start in starts
        }

    def found(self, text: str) -> list[User]:
        """People by the beginnings of their names; each where they are found first."""
        fields = [
            lambda person: person.username,
            lambda person: f"{person.first_name} {person.last_name}".strip(),
            lambda person: person.last_name,
        ]
        found: dict[int, User] = {}
        for name in fields:
            here = [
                each
                for each in self.users.values()
                if name(each.person).casefold().startswith(text.casefold())
            ]
            here.sort(key=lambda each: (name(each.person).casefold(), each.person.user_id))
            for each in here:
                found.setdefault(each.person.user_id, each)
        return list(found.values())

    def totals(self) -> Totals:
        hours = self.hours.values()
        return Totals(
            sum(each.streams for each in hours),
            sum(each.files for each in hours),
            len(self.popular()),
            sum(each.bytes_served for each in hours),
            sum(each.batches for each in hours),
            sum(each.errors for each in hours),
            sum(each.answers for each in hours),
            sum(each.waited for each in hours),
        )

    def _user(self, user_id: int, *, make: bool = True) -> User:
        nobody = User(Person(user_id, ""), 0.0, 0.0, 0.0)
        return self.users.setdefault(user_id, nobody) if make else self.users.get(user_id, nobody)

    def _set(self, user_id: int, **what: object) -> None:
        self.users[user_id] = replace(self._user(user_id), **what)

    def _count(self, user_id: int, **what: int) -> None:
        user = self._user(user_id)
        self._set(user_id, **{name: getattr(user, name) + more for name, more in what.items()})

    def _note(self, user_id: int, *, banned: bool) -> None:
        self._set(user_id, banned=banned)
        self.changed |= {
            each.link_id
            for each in self.links.values()
            if each.owner == user_id and not each.revoked
        }

    def _merge(self, other: User) -> bool:
        user_id = other.person.user_id
        known = user_id in self.users
        user = self._user(user_id)
        later = other if other.last_seen >= user.last_seen else user
        self.users[user_id] = replace(
            user,
            person=later.person,
            last_seen=later.last_seen,
            join_date=_earlier(user.join_date, other.join_date),
            first_seen=_earlier(user.first_seen, other.first_seen),
            role=user.role if known else other.role,
            blocked_bot=user.blocked_bot or other.blocked_bot,
            **{name: max(getattr(user, name), getattr(other, name)) for name in _FIELDS},
        )
        if other.banned and not user.banned:
            self._note(user_id, banned=True)
        return not known

    def _happen(self, event: Event) -> None:
        match event:
            case PersonSeen(person, at):
                self._merge(User(person, at, at, at))
                self._set(person.user_id, blocked_bot=False)
            case LinkMade(link):
                self._make(link)
            case BatchMade(user_id, at):
                self._count(user_id, total_batch_requests=1)
                self._hour(at).batches += 1
            case PlayBegun():
                self._play(event)
            case BytesServed(link_id, document_id, count, at):
                self._serve(link_id, count, at)
                file = self._file(document_id)
                served = file.bytes_served + count
                self._file(document_id, replace(file, bytes_served=served))
                self._hour(at).bytes_served += count
            case ErrorShown(key, at):
                self._hour(at).errors += 1
                shown = self._hour(at).shown
                shown[key] = shown.get(key, 0) + 1
            case AnswerBegan(seconds, at):
                self._hour(at).answers += 1
                self._hour(at).waited += round(seconds * 1000)

    def _make(self, link: LinkRecord) -> None:
        file = self._file(link.document_id)
        if not file.created:
            file = replace(file, ref=link.ref, name=link.name, size=link.size)
        self._file(link.document_id, file, created=link.created)
        if link.link_id not in self.links:
            self.links[link.link_id] = link
            self._count(link.owner, total_files=1)
            self._hour(link.created).files += 1
            if self._user(link.owner).banned:
                self.changed.add(link.link_id)

    def _play(self, event: PlayBegun) -> None:
        self._hour(event.at).streams += 1
        file = self._file(event.document_id)
        file = replace(
            file,
            ref=event.ref,
            name=event.name,
            size=event.size,
            plays=file.plays + 1,
            last_play=max(file.last_play, event.at),
        )
        self._file(event.document_id, file)
        if link := self.links.get(event.link_id):
            self._count(link.owner, total_streams=1)
            last = max(link.last_play, event.at)
            self.links[event.link_id] = replace(link, plays=link.plays + 1, last_play=last)

    def _serve(self, link_id: int, count: int, at: float) -> None:
        if link := self.links.get(link_id):
            self._count(link.owner, bytes_served=count)
            self.days[link.owner, int(at) // DAY * DAY] += count
            self.links[link_id] = replace(link, bytes_served=link.bytes_served + count)

    def _file(
        self, document_id: int, file: FileRecord | None = None, created: float = 0
    ) -> FileRecord:
        unknown = FileRecord(document_id, MessageRef(0, 0), "", 0)
        file = file or self.files.get(document_id, unknown)
        created = _earlier(file.created, created)
        self.files[document_id] = replace(file, created=created)
        return self.files[document_id]

    def _visit(self, whole: Tally) -> None:
        """Each visitor of a tally counts once for each span it is the first visit in."""
        users = {each: user.seen for each, user in whole.users.items() if user.person}
        files = {each: file.last_play for each, file in whole.files.items() if file.plays}
        for document_id, at in files.items():
            self._file(document_id, created=at)
        for kind, visits in {"user": users, "file": files}.items():
            for each, at in visits.items():
                before = self.visited.get((kind, each), 0)
                for span, start in entered(before, at):
                    self.there[kind, span, start] += 1
                self.visited[kind, each] = max(before, start_of(Span.HOUR, at))

    def _hour(self, at: float) -> HourSum:
        return self.hours.setdefault(int(at) // HOUR * HOUR, HourSum())


def _earlier(one: float, other: float) -> float:
    return min(one, other) if one and other else one or other

"""What happened, and what it adds up to: the counters of a while as one change of the database.

    events     somebody was seen, a link was made, a play began, bytes went out ...
    a tally    per user, link, file and hour: what is to be added, the newest of what is replaced

Adding up does not depend on the order of the events. A tally is applied once or not at all, so the
same events may be added up again after a crash. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from telpher.core.model import MessageRef, Person
from telpher.core.records import LinkRecord

HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """Somebody wrote, pressed or sent; `at` in Unix seconds, as everywhere here."""

    person: Person
    at: float


@dataclass(frozen=True, slots=True)
class LinkMade:
    """A link was handed out; its owner sent one more file."""

    link: LinkRecord


@dataclass(frozen=True, slots=True)
class BatchMade:
    """A batch was finished for a user."""

    user_id: int
    at: float


@dataclass(frozen=True, slots=True)
class PlayBegun:
    """A play (rule 17) of a link began; `ref`, `name` and `size` describe the file."""

    link_id: int
    document_id: int
    ref: MessageRef
    name: str
    size: int
    at: float


@dataclass(frozen=True, slots=True)
class BytesServed:
    """So many bytes of a file went out under a link."""

    link_id: int
    document_id: int
    count: int
    at: float


@dataclass(frozen=True, slots=True)
class ErrorShown:
    """Somebody was told of an error; `key` as in telpher.errors."""

    key: str
    at: float


Event = PersonSeen | LinkMade | BatchMade | PlayBegun | BytesServed | ErrorShown


@dataclass(slots=True)
class UserSum:
    """What is added to a user; `person` and `seen` are the newest sighting, None and 0 for none."""

    person: Person | None = None
    first: float = 0.0
    seen: float = 0.0
    files: int = 0
    batches: int = 0


@dataclass(slots=True)
class LinkSum:
    """What is added to a link, and through it to its owner (streams, bytes).

    `days` are the bytes by day (its first second, UTC): quotas are counted by the day.
    """

    plays: int = 0
    bytes_served: int = 0
    last_play: float = 0.0
    days: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class FileSum:
    """What is added to a file; `ref`, `name` and `size` are those of the newest play."""

    ref: MessageRef | None = None
    name: str = ""
    size: int = 0
    plays: int = 0
    bytes_served: int = 0


@dataclass(slots=True)
class HourSum:
    """What is added to an hour (its first second, UTC)."""

    streams: int = 0
    bytes_served: int = 0
    files: int = 0
    batches: int = 0
    errors: int = 0


@dataclass(slots=True)
class Tally:
    """A while, added up: by user id, link id, document id and hour; and the links made."""

    users: dict[int, UserSum] = field(default_factory=dict)
    links: dict[int, LinkSum] = field(default_factory=dict)
    files: dict[int, FileSum] = field(default_factory=dict)
    hours: dict[int, HourSum] = field(default_factory=dict)
    made: list[LinkRecord] = field(default_factory=list)


def tally(events: Iterable[Event]) -> Tally:
    """What `events` add up to."""
    total = Tally()
    for event in events:
        _add(total, event)
    return total


def _add(total: Tally, event: Event) -> None:
    match event:
        case PersonSeen(person, at):
            _see(total.users.setdefault(person.user_id, UserSum()), person, at)
        case LinkMade(link):
            total.made.append(link)
            total.users.setdefault(link.owner, UserSum()).files += 1
            _hour(total, link.created).files += 1
        case BatchMade(user_id, at):
            total.users.setdefault(user_id, UserSum()).batches += 1
            _hour(total, at).batches += 1
        case PlayBegun():
            _play(total, event)
        case BytesServed(link_id, document_id, count, at):
            _serve(total.links.setdefault(link_id, LinkSum()), count, at)
            total.files.setdefault(document_id, FileSum()).bytes_served += count
            _hour(total, at).bytes_served += count
        case ErrorShown(_, at):
            _hour(total, at).errors += 1


def _see(user: UserSum, person: Person, at: float) -> None:
    user.first = min(user.first, at) if user.person else at
    if user.person is None or at >= user.seen:
        user.person, user.seen = person, at


def _serve(link: LinkSum, count: int, at: float) -> None:
    link.bytes_served += count
    day = int(at) // DAY * DAY
    link.days[day] = link.days.get(day, 0) + count


def _play(total: Tally, event: PlayBegun) -> None:
    link = total.links.setdefault(event.link_id, LinkSum())
    link.plays += 1
    link.last_play = max(link.last_play, event.at)
    file = total.files.setdefault(event.document_id, FileSum())
    file.plays += 1
    file.ref, file.name, file.size = event.ref, event.name, event.size
    _hour(total, event.at).streams += 1


def _hour(total: Tally, at: float) -> HourSum:
    return total.hours.setdefault(int(at) // HOUR * HOUR, HourSum())

"""What happened, and what it adds up to: the counters of a while as one change of the database.

    events     somebody was seen, a link was made, a play began, bytes went out ...
    a tally    per user, link, file and hour: what is to be added, the newest of what is replaced

Tallies add up like events do, so counters that cannot be delivered for a while grow with the number
of people, links and files they speak of, not with time. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from telpher.core.model import MessageRef, Person
from telpher.core.records import LinkRecord
from telpher.errors import KEYS

HOUR = 3600
DAY = 24 * HOUR

# What errors count under whose key is none of telpher.errors: keys are few, whoever shows them.
OTHER = "other"


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """Somebody wrote, pressed or sent; `at` in Unix seconds, as everywhere here."""

    person: Person
    at: float


@dataclass(frozen=True, slots=True)
class LinkMade:
    """A link was handed out. It may be told again, after a crash."""

    link: LinkRecord


@dataclass(frozen=True, slots=True)
class LinkRevoked:
    """A link is dead for good; whether whoever asked may do that was decided before."""

    link_id: int
    at: float


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


@dataclass(frozen=True, slots=True)
class AnswerBegan:
    """The first byte of a file left `seconds` after it was asked for."""

    seconds: float
    at: float


Event = (
    PersonSeen
    | LinkMade
    | LinkRevoked
    | BatchMade
    | PlayBegun
    | BytesServed
    | ErrorShown
    | AnswerBegan
)


@dataclass(slots=True)
class UserSum:
    """What is added to a user; `person` and `seen` are the newest sighting, None and 0 for none."""

    person: Person | None = None
    first: float = 0.0
    seen: float = 0.0
    files: int = 0
    batches: int = 0

    def add(self, more: UserSum) -> None:
        """Takes `more` in."""
        self.files += more.files
        self.batches += more.batches
        if more.person is None:
            return
        self.first = min(self.first, more.first) if self.person else more.first
        if self.person is None or more.seen >= self.seen:
            self.person, self.seen = more.person, more.seen


@dataclass(slots=True)
class LinkSum:
    """What is added to a link, and through it to its owner (streams, bytes).

    `days` are the bytes by day (its first second, UTC): quotas are counted by the day.
    """

    plays: int = 0
    bytes_served: int = 0
    last_play: float = 0.0
    days: dict[int, int] = field(default_factory=dict)

    def add(self, more: LinkSum) -> None:
        """Takes `more` in."""
        self.plays += more.plays
        self.bytes_served += more.bytes_served
        self.last_play = max(self.last_play, more.last_play)
        for day, count in more.days.items():
            self.days[day] = self.days.get(day, 0) + count


@dataclass(slots=True)
class FileSum:
    """What is added to a file; `ref`, `name` and `size` are those of the play added last."""

    ref: MessageRef | None = None
    name: str = ""
    size: int = 0
    plays: int = 0
    bytes_served: int = 0
    last_play: float = 0.0

    def add(self, more: FileSum) -> None:
        """Takes `more` in."""
        self.plays += more.plays
        self.bytes_served += more.bytes_served
        self.last_play = max(self.last_play, more.last_play)
        if more.ref is not None:
            self.ref, self.name, self.size = more.ref, more.name, more.size


@dataclass(slots=True)
class HourSum:
    """What is added to an hour (its first second, UTC).

    `shown` are the errors by key. Of `answers` the first byte left after `waited` milliseconds in
    all.
    """

    streams: int = 0
    bytes_served: int = 0
    files: int = 0
    batches: int = 0
    errors: int = 0
    answers: int = 0
    waited: int = 0
    shown: dict[str, int] = field(default_factory=dict)

    def add(self, more: HourSum) -> None:
        """Takes `more` in."""
        self.streams += more.streams
        self.bytes_served += more.bytes_served
        self.files += more.files
        self.batches += more.batches
        self.errors += more.errors
        self.answers += more.answers
        self.waited += more.waited
        for key, count in more.shown.items():
            self.shown[key] = self.shown.get(key, 0) + count


@dataclass(slots=True)
class Tally:
    """A while, added up: by user id, link id, document id and hour; and the links made.

    Each new link is a file more for its owner and its hour. Which of those made are new only the
    database knows: it counts them (`with_files`).
    `revoked` is when links were, by id: for whoever delivers the tally (LinkStore.revoke);
    `Ledger.apply` passes it over.
    """

    users: dict[int, UserSum] = field(default_factory=dict)
    links: dict[int, LinkSum] = field(default_factory=dict)
    files: dict[int, FileSum] = field(default_factory=dict)
    hours: dict[int, HourSum] = field(default_factory=dict)
    made: list[LinkRecord] = field(default_factory=list)
    revoked: dict[int, float] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many sums and links it holds: what its size goes by."""
        sums = len(self.users) + len(self.links) + len(self.files) + len(self.hours)
        return sums + len(self.made) + len(self.revoked)

    def note(self, event: Event) -> None:
        """Takes an event in."""
        match event:
            case PersonSeen(person, at):
                self._user(person.user_id).add(UserSum(person, at, at))
            case LinkMade(link):
                self.made.append(link)
            case LinkRevoked(link_id, at):
                self.revoked.setdefault(link_id, at)
            case BatchMade(user_id, at):
                self._user(user_id).batches += 1
                self._hour(at).batches += 1
            case PlayBegun():
                self._play(event)
            case BytesServed():
                self._serve(event)
            case ErrorShown(key, at):
                key = key if key in KEYS else OTHER
                self._hour(at).add(HourSum(errors=1, shown={key: 1}))
            case AnswerBegan(seconds, at):
                waited = max(round(seconds * 1000), 0)
                self._hour(at).add(HourSum(answers=1, waited=waited))

    def grows_by(self, event: Event) -> bool:
        """Whether `event` would need a sum of its own; hours aside, which are few."""
        match event:
            case PersonSeen(person):
                return person.user_id not in self.users
            case BatchMade(user_id):
                return user_id not in self.users
            case PlayBegun() | BytesServed():
                return event.link_id not in self.links or event.document_id not in self.files
            case LinkRevoked(link_id):
                return link_id not in self.revoked
            case LinkMade():
                return True
            case ErrorShown() | AnswerBegan():
                return False

    def with_files(self, new: Iterable[LinkRecord]) -> Tally:
        """The same with the files of these links counted."""
        users, hours = dict(self.users), dict(self.hours)
        for link in new:
            user, hour = users.get(link.owner, UserSum()), int(link.created) // HOUR * HOUR
            users[link.owner] = replace(user, files=user.files + 1)
            total = hours.get(hour, HourSum())
            hours[hour] = replace(total, files=total.files + 1)
        return replace(self, users=users, hours=hours)

    def _play(self, play: PlayBegun) -> None:
        self._link(play.link_id).add(LinkSum(plays=1, last_play=play.at))
        file = FileSum(play.ref, play.name, play.size, plays=1, last_play=play.at)
        self._file(play.document_id).add(file)
        self._hour(play.at).streams += 1

    def _serve(self, served: BytesServed) -> None:
        link = self._link(served.link_id)
        link.bytes_served += served.count
        day = int(served.at) // DAY * DAY
        link.days[day] = link.days.get(day, 0) + served.count
        self._file(served.document_id).bytes_served += served.count
        self._hour(served.at).bytes_served += served.count

    def _user(self, user_id: int) -> UserSum:
        return self.users.setdefault(user_id, UserSum())

    def _link(self, link_id: int) -> LinkSum:
        return self.links.setdefault(link_id, LinkSum())

    def _file(self, document_id: int) -> FileSum:
        return self.files.setdefault(document_id, FileSum())

    def _hour(self, at: float) -> HourSum:
        return self.hours.setdefault(int(at) // HOUR * HOUR, HourSum())


def tally(events: Iterable[Event]) -> Tally:
    """What `events` add up to."""
    total = Tally()
    for event in events:
        total.note(event)
    return total

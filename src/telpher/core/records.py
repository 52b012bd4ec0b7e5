"""What telpher remembers of people, links and work, as frozen values; any database keeps them.

Times are Unix seconds, UTC, and 0 stands for never. Ids of links are positive numbers of 63 bits,
which is what databases count with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from telpher.core.model import FileInfo, Kind, MessageRef, Person


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who has talked to the bot.

    `person` is how they were last seen. `join_date` is when the bot (or the one it replaces) met
    them, `first_seen` when this database did; both are 0 of one who was only counted or banned.
    `blocked_bot` marks whom a message could not reach: they blocked the bot or deleted their
    account. The totals count what came of their links.
    """

    person: Person
    join_date: float
    first_seen: float
    last_seen: float
    role: str = "user"
    banned: bool = False
    blocked_bot: bool = False
    total_streams: int = 0
    total_files: int = 0
    total_batch_requests: int = 0
    bytes_served: int = 0


@dataclass(frozen=True, slots=True)
class UserCounts:
    """People by what can be said of them; `day`, `week` and `month` are those seen in the last 1, 7
    and 30 days. `reachable` are neither banned nor have they blocked the bot."""

    total: int
    day: int
    week: int
    month: int
    banned: int
    blocked: int
    reachable: int


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """A link that was handed out. With its signer it can be written again, character by character.

    `owner` had it made. `playlist` is the id of the batch it came with, empty for a single one.
    `revoked` is when it was; `owner_banned` follows the owner. Either ends it.
    """

    link_id: int
    owner: int
    ref: MessageRef
    created: float
    expires: int
    epoch: int
    document_id: int
    name: str
    size: int
    kind: Kind = Kind.DOCUMENT
    duration: int = 0
    playlist: str = ""
    revoked: float = 0.0
    owner_banned: bool = False
    plays: int = 0
    bytes_served: int = 0
    last_play: float = 0.0


@dataclass(frozen=True, slots=True)
class Denial:
    """Whether link `link_id` is dead, and since when that holds; `expires` as the link's own."""

    link_id: int
    changed: float
    denied: bool
    expires: int


@dataclass(frozen=True, slots=True)
class PlaylistEntry:
    """One item of a batch: what its link is made from, and what a player shows."""

    link_id: int
    ref: MessageRef
    expires: int
    epoch: int
    info: FileInfo


@dataclass(frozen=True, slots=True)
class Playlist:
    """A batch as a playlist. `playlist_id` is a random text that cannot be guessed."""

    playlist_id: str
    owner: int
    title: str
    created: float
    entries: Sequence[PlaylistEntry]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file for which links were made, and how often and how much it was played over all of them.

    `ref` is a message that holds it. `created` is when its first link was made, 0 where that is not
    known.
    """

    document_id: int
    ref: MessageRef
    name: str
    size: int
    plays: int = 0
    bytes_served: int = 0
    created: float = 0.0
    last_play: float = 0.0


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Different files that were played, ever and in the last 1, 7 and 30 days."""

    total: int
    day: int
    week: int
    month: int


@dataclass(frozen=True, slots=True)
class Activity:
    """Different people seen and different files played in a span of time."""

    users: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything since the beginning. Of `answers` the first byte left after `waited` milliseconds
    in all."""

    streams: int = 0
    files: int = 0
    unique_files: int = 0
    bytes_served: int = 0
    batches: int = 0
    errors: int = 0
    answers: int = 0
    waited: int = 0


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """Work that survives a restart: a broadcast, a batch.

    `plan` is what is to be done, fixed when it was made; `progress` how far it is. Both are JSON,
    whose form belongs to the job's kind. `cancel` asks whoever works on it to stop.
    """

    job_id: str
    kind: str
    owner: int
    created: float
    state: JobState
    plan: str
    progress: str = "{}"
    cancel: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to something while nobody else has it. Each holder's `fence` is larger than the one
    before: what is written under an older one is refused."""

    name: str
    holder: str
    fence: int


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Where a conversation of several messages stands; `data` is JSON. Over at `expires`."""

    user_id: int
    step: str
    data: str
    expires: float


@dataclass(frozen=True, slots=True)
class Value:
    """A setting that was changed at run time."""

    data: bytes
    changed: float

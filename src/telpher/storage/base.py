"""What the house keeps, as Protocols; every database behind them behaves the same.

One suite of tests, `tests/storage/contract`, says what that means and runs on each of them. All
methods raise `telpher.errors.StorageError` when the disk or the database refuses or does not answer
in time; then nothing is changed or, where only the answer was lost, all of it. Where a method
changes many rows and the database has no transactions (`apply`, `merge`, `set_banned`, `keep`), it
may be a part. Each method may be called again, and a repeat that succeeds leaves nothing out and
does nothing twice. Times are Unix seconds. What instances order by time among each other goes by
the database's clock (`Database.now`), for their own need not agree. Lists are paged by the key of
the last row seen, never by a count of rows, so that a page costs the same wherever it is; among
equal times the number decides.

Numbers have 64 bits with a sign, like Telegram's. A larger one out of a URL or a message is simply
unknown to every method that looks something up or changes what is there. Texts are Unicode with NUL
and everything; what is not (a lone surrogate) is kept as U+FFFD.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from telpher.core.records import (
    Activity,
    Denial,
    FileCounts,
    FileRecord,
    Job,
    JobState,
    LinkRecord,
    Playlist,
    Totals,
    User,
    UserCounts,
)
from telpher.core.spans import Span
from telpher.core.tally import HourSum, Tally
from telpher.storage.search import SearchKey
from telpher.storage.state import (
    CopyStore,
    DialogueStore,
    LeaseStore,
    SessionStore,
    TokenStore,
    ValueStore,
)

__all__ = [
    "CopyStore",
    "Database",
    "DatabaseStatus",
    "DialogueStore",
    "FileOrder",
    "FileStore",
    "FoundUsers",
    "JobStore",
    "LeaseStore",
    "Ledger",
    "LinkStore",
    "PageKey",
    "PlaylistStore",
    "SessionStore",
    "TokenStore",
    "UserStore",
    "ValueStore",
]


@dataclass(frozen=True, slots=True)
class PageKey:
    """The place of a row in a list that is newest first: its time, and its id among equals."""

    at: float
    number: int


@dataclass(frozen=True, slots=True)
class FoundUsers:
    """Some of the people who were looked for, and after which key the list goes on, None at its
    end."""

    users: Sequence[User]
    next: SearchKey | None


class FileOrder(StrEnum):
    """What a list of files begins with; of equals the one with the larger id comes first."""

    NEWEST = "newest"
    MOST_PLAYED = "most_played"

    def key(self, file: FileRecord) -> PageKey:
        """The place of `file` in that list; `at` is when it was made, or its plays."""
        return PageKey(
            file.created if self is FileOrder.NEWEST else float(file.plays), file.document_id
        )


class UserStore(Protocol):
    """People. They come into being through `Ledger.apply` and `merge`."""

    async def get(self, user_id: int) -> User | None:
        """Who has that id."""
        ...

    async def named(self, username: str) -> User | None:
        """Who was last seen with that name (without @, in any case): of several the newest.

        Nobody has the empty one.
        """
        ...

    async def page(self, limit: int, before: PageKey | None = None) -> list[User]:
        """Up to `limit` people by `join_date`, newest first, after the row with key `before`."""
        ...

    async def search(self, text: str, limit: int, after: SearchKey | None = None) -> FoundUsers:
        """Up to `limit` people for `text`, after the one with key `after`: whoever has that id;
        whose @name begins so, who is called so, whose last name begins so; each in alphabetical
        order, nobody twice (see storage/search). Letter case does not matter. Nobody is found by
        an empty text.
        """
        ...

    async def counts(self, now: float) -> UserCounts:
        """How many there are; counted by the database. Seen exactly a day ago counts."""
        ...

    async def set_banned(self, user_id: int, banned: bool, at: float | None = None) -> bool:
        """Bans or pardons; all the user's links die or live again with it, at once (Denial), as of
        `at`: the database's time, where nothing else is given.

        False for an unknown user. The ban is noted all the same: it makes a user who was never
        seen (`join_date` 0).
        """
        ...

    async def set_blocked(self, user_ids: Collection[int], blocked: bool) -> None:
        """Marks whom messages cannot reach, or can again; passes over who is unknown.

        A sighting takes the mark away.
        """
        ...

    async def audience(self, after: int, limit: int) -> list[int]:
        """Up to `limit` ids above `after`, ascending, of people a broadcast may go to: neither
        banned nor blocked."""
        ...

    async def merge(self, users: Sequence[User]) -> int:
        """Takes over people from elsewhere; how many were new.

        Of one who is known the earlier `join_date` and `first_seen`, the later `last_seen` with its
        names, and the larger totals hold; a ban or a block on either side stays, and so does the
        role of who is known. (0 is no time.) With a ban the links die. Idempotent. Whoever is
        merged without a `join_date` will be new to `apply`.
        """
        ...


class LinkStore(Protocol):
    """Links. They come into being through `Ledger.apply`."""

    async def get(self, link_id: int) -> LinkRecord | None:
        """The link with that id."""
        ...

    async def of_owner(
        self, owner: int, limit: int, before: PageKey | None = None
    ) -> list[LinkRecord]:
        """Up to `limit` links of `owner` that are not revoked, newest first, by `created`."""
        ...

    async def of_file(
        self, document_id: int, limit: int, before: PageKey | None = None
    ) -> list[LinkRecord]:
        """The same of a file, whoever made them."""
        ...

    async def page(self, limit: int, before: PageKey | None = None) -> list[LinkRecord]:
        """The same of everybody."""
        ...

    async def revoke(self, link_id: int, at: float | None = None, owner: int | None = None) -> bool:
        """Revokes one for good, as of `at`: the database's time, where nothing else is given.
        False when there is none (of `owner`, where that is given).

        What is revoked already stays so since then, and that is True, too.
        """
        ...

    async def revoke_playlist(
        self, playlist_id: str, at: float | None = None, owner: int | None = None
    ) -> int:
        """Revokes all links of a batch (of `owner`, where that is given) as `revoke` does; how many
        were not revoked already. There is no batch with the empty id."""
        ...

    async def denials(self, since: float, limit: int, after: PageKey | None = None) -> list[Denial]:
        """Up to `limit` links whose life or death changed at `since` or later, oldest change first,
        after the one with key `after`.

        A change may become visible a little later than others with a later time: who follows the
        changes reaches back by some seconds.
        A link that is revoked stays dead whatever becomes of its owner: that is no change. One that
        is made for a banned owner is dead from when it is written.
        """
        ...


class FileStore(Protocol):
    """Files. They come into being through `Ledger.apply`, with a link or a play."""

    async def get(self, document_id: int) -> FileRecord | None:
        """The one with that id."""
        ...

    async def page(
        self, order: FileOrder, limit: int, before: PageKey | None = None, text: str = ""
    ) -> list[FileRecord]:
        """Up to `limit` files whose name contains `text` in any letter case, after the one with
        key `before` (`FileOrder.key`)."""
        ...

    async def counts(self, now: float) -> FileCounts:
        """How many were played; counted by the database. Played exactly a day ago counts."""
        ...


class PlaylistStore(Protocol):
    """Batches."""

    async def put(self, playlist: Playlist) -> None:
        """Keeps it; one of the same id is replaced."""
        ...

    async def get(self, playlist_id: str) -> Playlist | None:
        """The one with that id."""
        ...


class JobStore(Protocol):
    """Jobs and how far they are. Who works on one holds the lease "job <id>"."""

    async def add(self, job: Job) -> None:
        """A new one; one of that id that is there already is left as it is."""
        ...

    async def get(self, job_id: str) -> Job | None:
        """The one with that id."""
        ...

    async def unfinished(self, kind: str) -> list[Job]:
        """Those of a kind that wait or run, oldest first; of equal age by id, here as below."""
        ...

    async def recent(self, kind: str, limit: int) -> list[Job]:
        """The newest of a kind, whatever their state."""
        ...

    async def note(self, job_id: str, fence: int, state: JobState, progress: str) -> bool:
        """How far it is. False, and nothing is changed, under a fence older than the last, or when
        the job is over."""
        ...

    async def cancel(self, job_id: str) -> bool:
        """Asks for its end (`Job.cancel`); False when there is none that waits or runs."""
        ...


class Ledger(Protocol):
    """Counters: changed by whole tallies, read as sums."""

    async def apply(self, writer: str, number: int, tally: Tally) -> list[int]:
        """Takes a tally into users, links, files and hours; the ids of users who are new.

        Exactly once for each (`writer`, `number`), however often it is called, also after a crash
        in its middle: a writer's numbers rise, and it repeats its last one until that succeeded. A
        repeat of the last answers as the first time; older numbers do nothing and answer nothing.
        A sighting of nobody known makes a user; counts for one who is unknown wait for nobody: they
        make the user, too, nameless until seen (`join_date` 0). New is who is seen for the first
        time. Of several sightings the earliest makes `join_date` and `first_seen`, the latest
        `last_seen` and the names. A link that is known stays as it is; counts for a link that is
        neither known nor in the tally are dropped, but for the file and the hour they hold.
        A link makes its file, named as that link has it until it is played.
        """
        ...

    async def totals(self) -> Totals:
        """Everything since the beginning; `unique_files` are those that were played."""
        ...

    async def used(self, owner: int, day: int) -> int:
        """Bytes that went out under the links of `owner` on a day (its first second, UTC)."""
        ...

    async def popular(self, limit: int) -> list[FileRecord]:
        """Up to `limit` files with the most plays (FileOrder.MOST_PLAYED); none without a play."""
        ...

    async def hours(self, since: float, until: float) -> dict[int, HourSum]:
        """What happened in the hours that begin at `since` or later and before `until`, by their
        first second, ascending; hours in which nothing happened are left out."""
        ...

    async def activity(self, span: Span, since: float, until: float) -> dict[int, Activity]:
        """How many different people were seen and files played in each hour, day, week or month
        that begins at `since` or later and before `until`, by their first second, ascending; spans
        in which there was nobody are left out.

        Each tally counts people and files where it saw them last: of several hours that it speaks
        of (the database was away) and of tallies out of order the earlier ones may miss some.
        Merged users count when they are seen.
        """
        ...

    async def sweep(self, before: float) -> None:
        """Forgets hours, days and other spans that began before that time (RETENTION_DAYS); not
        the totals."""
        ...


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """`status` is "connected" or "unreachable"; `type` is "sqlite" or "mongodb"."""

    status: str
    type: str


class Database(Protocol):
    """Everything that is kept, in one database; an asynchronous context manager.

    Entering never fails for a database that is away: it is tried again as it is used.
    """

    @property
    def users(self) -> UserStore: ...
    @property
    def links(self) -> LinkStore: ...
    @property
    def files(self) -> FileStore: ...
    @property
    def playlists(self) -> PlaylistStore: ...
    @property
    def jobs(self) -> JobStore: ...
    @property
    def leases(self) -> LeaseStore: ...
    @property
    def sessions(self) -> SessionStore: ...
    @property
    def dialogues(self) -> DialogueStore: ...
    @property
    def values(self) -> ValueStore: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def copies(self) -> CopyStore: ...
    @property
    def tokens(self) -> TokenStore: ...

    def status(self) -> DatabaseStatus:
        """How the last calls went; asks nobody. "unreachable" also when it cannot be written."""
        ...

    async def now(self) -> float:
        """What time it is for the database: the same for all instances."""
        ...

    async def ping(self) -> None:
        """Asks the database whether it is there. Raises StorageError when it is not."""
        ...

"""What the house keeps, as Protocols; every database behind them behaves the same.

One suite of tests, `tests/storage/contract`, says what that means and runs on each of them. All
methods raise `telpher.errors.StorageError` when the disk or the database refuses or does not answer
in time; then nothing is changed or, where only the answer was lost, all of it. Where a method
changes many rows and the database has no transactions (`apply`, `merge`, `set_banned`, `keep`), it
may be a part. Each method may be called again, and a repeat that succeeds leaves nothing out and
does nothing twice. Times are Unix seconds. Lists are paged by the key of the last row seen, never
by a count of rows, so that a page costs the same wherever it is; among equal times the number
decides.

Numbers have 64 bits with a sign, like Telegram's. A larger one out of a URL or a message is simply
unknown to every method that looks something up or changes what is there. Texts are Unicode with NUL
and everything; what is not (a lone surrogate) is kept as U+FFFD.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from telpher.core.model import MessageRef
from telpher.core.records import (
    Denial,
    Dialogue,
    Job,
    JobState,
    Lease,
    LinkRecord,
    Playlist,
    PopularFile,
    Totals,
    User,
    UserCounts,
    Value,
)
from telpher.core.tally import HourSum, Tally
from telpher.core.tokens import ApiToken


@dataclass(frozen=True, slots=True)
class PageKey:
    """The place of a row in a list that is newest first: its time, and its id among equals."""

    at: float
    number: int


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

    async def counts(self, now: float) -> UserCounts:
        """How many there are; counted by the database. Seen exactly a day ago counts."""
        ...

    async def set_banned(self, user_id: int, banned: bool, at: float) -> bool:
        """Bans or pardons; all the user's links die or live again with it, at once (Denial).

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

    async def revoke(self, link_id: int, at: float, owner: int | None = None) -> bool:
        """Revokes one for good; False when there is none (of `owner`, where that is given).

        What is revoked already stays so since then, and that is True, too.
        """
        ...

    async def revoke_playlist(self, playlist_id: str, at: float, owner: int | None = None) -> int:
        """Revokes all links of a batch (of `owner`, where that is given); how many were not
        revoked already. There is no batch with the empty id."""
        ...

    async def denials(self, since: float, limit: int, after: PageKey | None = None) -> list[Denial]:
        """Up to `limit` links whose life or death changed at `since` or later, oldest change first,
        after the one with key `after`.

        A change carries the time that whoever made it handed in, and may become visible a little
        later than others with a later time: who follows the changes reaches back by some seconds.
        A link that is revoked stays dead whatever becomes of its owner: that is no change. One that
        is made for a banned owner is dead from when it is written.
        """
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


class LeaseStore(Protocol):
    """Leases, by the database's own idea of time."""

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        """The lease, for so long, unless another holder has it; renews one's own, same fence.

        One that ran out or was given back is anybody's, under a larger fence; 1 is the fence of who
        is the first ever to have it.
        """
        ...

    async def renew(self, lease: Lease, seconds: float) -> bool:
        """Prolongs it: it ends so long from now. False once another holder has had it, or it ran
        out."""
        ...

    async def release(self, lease: Lease) -> None:
        """Gives it back; nothing when it is not held any more."""
        ...


class SessionStore(Protocol):
    """Encrypted sessions, by name ("bot4242/0")."""

    async def load(self, name: str) -> bytes | None:
        """What was saved last."""
        ...

    async def save(self, name: str, fence: int, data: bytes) -> bool:
        """Keeps it; False under a fence older than that of what is there."""
        ...


class DialogueStore(Protocol):
    """Conversations with people, one each."""

    async def get(self, user_id: int, now: float) -> Dialogue | None:
        """Where it stands; None when there is none or its time is over."""
        ...

    async def put(self, dialogue: Dialogue) -> None:
        """In place of whatever was there."""
        ...

    async def drop(self, user_id: int) -> None:
        """It is over."""
        ...


class ValueStore(Protocol):
    """Settings changed at run time, by name ("epoch", "banner start")."""

    async def get(self, name: str) -> Value | None:
        """The value, None where the default holds."""
        ...

    async def put(self, name: str, data: bytes, at: float) -> None:
        """Sets it."""
        ...

    async def drop(self, name: str) -> None:
        """Back to the default."""
        ...


class TokenStore(Protocol):
    """Tokens of the API."""

    async def add(self, token: ApiToken) -> None:
        """A new one; one of that id that is there already is left as it is."""
        ...

    async def get(self, token_id: str) -> ApiToken | None:
        """The one with that id, whether it still opens anything or not."""
        ...

    async def recent(self, limit: int) -> list[ApiToken]:
        """Up to `limit`, newest first, of equal age the one with the larger id."""
        ...

    async def revoke(self, token_id: str, at: float) -> bool:
        """Ends one for good; False when there is none. It stays ended since the first time."""
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
        """
        ...

    async def totals(self) -> Totals:
        """Everything since the beginning; `unique_files` are those that were played."""
        ...

    async def used(self, owner: int, day: int) -> int:
        """Bytes that went out under the links of `owner` on a day (its first second, UTC)."""
        ...

    async def popular(self, limit: int) -> list[PopularFile]:
        """Up to `limit` files with the most plays, of equals the smallest id first; none without
        a play."""
        ...

    async def hours(self, since: float, until: float) -> dict[int, HourSum]:
        """What happened in the hours that begin at `since` or later and before `until`, by their
        first second, ascending; hours in which nothing happened are left out."""
        ...

    async def sweep(self, before: float) -> None:
        """Forgets hours and days that began before that time (RETENTION_DAYS); not the totals."""
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

    async def ping(self) -> None:
        """Asks the database whether it is there. Raises StorageError when it is not."""
        ...


class CopyStore(Protocol):
    """Where the copies of messages are, and which are still to be made.

    A message is unknown, wanted, kept (its copy has a place) or given up. `want` is the only way
    out of the first; `keep` and `give_up` end the waiting, and a message given up stays so.
    """

    async def place(self, ref: MessageRef) -> MessageRef | None:
        """The copy of `ref`; None while there is none."""
        ...

    async def want(self, refs: Sequence[MessageRef]) -> None:
        """Queues copies of `refs`; those that are queued, kept or given up are left as they are."""
        ...

    async def wanted(self, limit: int) -> list[MessageRef]:
        """Up to `limit` wanted messages of one chat, oldest first: the chat that waits longest."""
        ...

    async def postpone(self, ref: MessageRef) -> None:
        """Has everything that is wanted now go before `ref`; nothing if it is not wanted."""
        ...

    async def keep(self, places: Mapping[MessageRef, MessageRef]) -> None:
        """Notes where copies are: of each message its copy."""
        ...

    async def give_up(self, ref: MessageRef, reason: str) -> None:
        """There will be no copy of `ref`; `reason` is for whoever looks into the database."""
        ...

"""A million users: what the dashboard, the counters and a broadcast ask of the database.

    filling     everything through the same methods as in the product, in pieces
    questions   each several times; the slowest counts, for somebody waits for that, too
    memory      what the process grows by while it answers: a list that is read whole would show
    cold        SQLite alone: once more with nothing of the file in memory, as after a restart

`python -m bench --database` for SQLite in a folder that is deleted afterwards, or
`--database mongodb://HOST/NAME` for a server, whose database NAME should be an empty one.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final, TypeVar

from telpher.clock import SystemClock
from telpher.core.model import Kind, MessageRef, Person
from telpher.core.records import Job, JobState, LinkRecord, User
from telpher.core.spans import Span
from telpher.core.tally import (
    DAY,
    HOUR,
    AnswerBegan,
    BytesServed,
    Event,
    LinkMade,
    PlayBegun,
    tally,
)
from telpher.storage.base import Database, FileOrder, PageKey
from telpher.storage.mongo import MongoDatabase
from telpher.storage.search import Field, SearchKey
from telpher.storage.sqlite import SqliteDatabase

_T = TypeVar("_T")

USERS: Final = 1_000_000
_ASKED: Final = 15
"""How often a question is asked."""
_PATIENCE: Final = 600.0
"""Seconds: what takes too long is measured, too, not given up."""
_PIECE: Final = 1000
_LIMIT: Final = 1.0
"""Seconds that somebody may wait for what changes much."""
_PAGE_LIMIT: Final = 0.2
"""Seconds for a question of the dashboard: those that are named by a list or figures."""
_PAGES: Final = ("statistics", "users", "files", "links")
_NOW: Final = 1_800_000_000.0
_BUSY: Final = 77
"""A user with many links; and how many."""
_MANY: Final = 10_000
_MIB: Final = 1 << 20
_FIRST: Final = ("Ann", "Anna", "Bob", "Maria", "José", "Li", "Olga", "Zoe")
_LAST: Final = ("Lee", "Smith", "Müller", "García", "Zhang", "Novak")


@dataclass(frozen=True, slots=True)
class Answer:
    """How long a question took (seconds), and what the process grew by meanwhile (bytes)."""

    question: str
    usual: float
    slowest: float
    growth: int


Ask = Callable[[], Awaitable[object]]


async def measure(where: str, users: int) -> None:
    """Fills the database `where` ("sqlite" or a URL) and prints what its answers take."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "telpher.sqlite3"
        async with _opened(where, path) as database:
            begun = perf_counter()
            await _fill(database, users)
            spent = perf_counter() - begun
            kind = database.status().type
            _say(f"{kind}: {users:,} users and {users // 2:,} links in {spent:.0f} s")
            _say(f"{'':40} {'usual':>9} {'slowest':>9} {'memory':>9}")
            late = [name async for name in _late(database, users)]
        if where == "sqlite":
            late += [f"{name} (cold)" async for name in _late_cold(path, users)]
    limits = f"{_PAGE_LIMIT * 1e3:.0f} ms for a page, a second for the rest"
    _say(f"NOT REACHED ({limits}): {', '.join(late)}" if late else f"all within {limits}")


async def _late(database: Database, users: int) -> AsyncIterator[str]:
    """Asks and tells; names the questions that somebody waits for too long."""
    for question, ask in _questions(database, users).items():
        answer = await _answer(question, ask)
        _say(_row(answer))
        limit = _PAGE_LIMIT if question.startswith(_PAGES) else _LIMIT
        if answer.slowest > limit and question != _WALK:
            yield question


async def _late_cold(path: Path, users: int) -> AsyncIterator[str]:
    """The same of the pages' questions, each asked once with a file that has to be read."""
    async with _opened("sqlite", path) as database:
        questions = [each for each in _questions(database, users) if each.startswith(_PAGES)]
    for question in questions:
        async with _opened("sqlite", path) as database:
            await database.ping()
            _forget_pages(path)
            begun = perf_counter()
            await _questions(database, users)[question]()
            spent = perf_counter() - begun
        _say(f"{question:40} {f'{spent * 1e3:.1f} ms':>9} cold")
        if spent > _PAGE_LIMIT:
            yield question


def _forget_pages(path: Path) -> None:
    """Has the system forget what it read of the file; what is not written yet it would keep."""
    for each in path.parent.glob(f"{path.name}*"):
        with each.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@asynccontextmanager
async def _opened(where: str, path: Path) -> AsyncIterator[Database]:
    """The server `where`, or the file `path`."""
    clock = SystemClock()
    if where == "sqlite":
        async with SqliteDatabase(path, clock, _PATIENCE) as sqlite:
            yield sqlite
    else:
        async with MongoDatabase(where, clock, _PATIENCE) as mongo:
            yield mongo


async def _fill(database: Database, users: int) -> None:
    for people in _pieces(_users(users)):
        await database.users.merge(people)
    # A link's events stay together.
    for number, events in enumerate(_pieces(_events(users), 4 * _PIECE), 1):
        await database.ledger.apply("bench", number, tally(events))
    for number in range(500):
        state = JobState.RUNNING if number % 100 == 0 else JobState.DONE
        await database.jobs.add(Job(f"j{number}", "broadcast", 1, _NOW - number, state, "{}"))


def _users(count: int) -> Iterator[User]:
    chance = random.Random(1)  # noqa: S311 (the same people in each run)
    for number in range(1, count + 1):
        joined = _NOW - chance.random() * 400 * DAY
        seen = _NOW - chance.random() ** 3 * (_NOW - joined)
        first, last = chance.choice(_FIRST), f"{chance.choice(_LAST)}{number % 1000}"
        person = Person(number, f"{first} {number % 7919}", last, f"user_{number}", "en")
        banned, blocked = chance.random() < 0.01, chance.random() < 0.1
        yield User(person, joined, joined, seen, banned=banned, blocked_bot=blocked)


def _events(users: int) -> Iterator[Event]:
    chance = random.Random(2)  # noqa: S311 (the same links in each run)
    for number in range(1, users // 2 + 1):
        owner = _BUSY if number <= _MANY else chance.randrange(1, users)
        created = _NOW - chance.random() * 400 * DAY
        document = number % (users // 10) if number % 2 else int(chance.paretovariate(0.3))
        document %= users // 10
        ref, name = MessageRef(owner, number), f"The Film of {document:x} (2024) 1080p.mkv"
        yield LinkMade(
            LinkRecord(number, owner, ref, created, 0, 1, document, name, 1 << 30, Kind.VIDEO)
        )
        yield PlayBegun(number, document, ref, name, 1 << 30, created + 60)
        yield AnswerBegan(chance.random(), created + 60)
        yield BytesServed(number, document, 1 << 30, created + 60)


def _pieces(rows: Iterator[_T], size: int = _PIECE) -> Iterator[list[_T]]:
    while piece := list(islice(rows, size)):
        yield piece


_WALK: Final = "everybody a broadcast goes to"


def _questions(database: Database, users: int) -> dict[str, Ask]:
    people, links, ledger, files = (
        database.users,
        database.links,
        database.ledger,
        database.files,
    )
    middle, once = PageKey(_NOW - 200 * DAY, 0), PageKey(2, 1 << 60)
    deep = SearchKey(Field.NAME, "anna 5", 0)
    numbers = iter(range(1 << 30, 1 << 31))

    async def walk() -> None:
        after = 0
        while found := await people.audience(after, _PIECE):
            after = found[-1]

    async def ban() -> None:
        await people.set_banned(_BUSY, True, _NOW)
        await people.set_banned(_BUSY, False, _NOW)

    async def take() -> None:
        piece = list(islice(_events(users), 4 * _PIECE))
        await ledger.apply("bench", next(numbers), tally(piece))

    return {
        "statistics: how many people": lambda: people.counts(_NOW),
        "statistics: totals": ledger.totals,
        "statistics: popular files": lambda: ledger.popular(10),
        "statistics: hours of 30 days": lambda: ledger.hours(_NOW - 30 * DAY, _NOW + HOUR),
        "statistics: hours of 400 days": lambda: ledger.hours(_NOW - 400 * DAY, _NOW + HOUR),
        "statistics: files played": lambda: files.counts(_NOW),
        "statistics: activity by day": lambda: ledger.activity(Span.DAY, _NOW - 400 * DAY, _NOW),
        "users: first page": lambda: people.page(10),
        "users: a page in the middle": lambda: people.page(10, middle),
        "users: last page": lambda: people.page(10, PageKey(_NOW - 399.999 * DAY, 0)),
        "users: one by id": lambda: people.get(users // 2),
        "users: one by name": lambda: people.named(f"USER_{users // 3}"),
        "users: search, everybody's @name": lambda: people.search("@user", 50),
        "users: search, one of eight": lambda: people.search("maria", 50),
        "users: search, nobody": lambda: people.search("zzz", 50),
        "users: search, deep in it": lambda: people.search("a", 50, deep),
        "files: newest": lambda: files.page(FileOrder.NEWEST, 50),
        "files: most played, deep in it": lambda: files.page(FileOrder.MOST_PLAYED, 50, once),
        "files: search, all": lambda: files.page(FileOrder.MOST_PLAYED, 50, None, "film"),
        "files: search, some": lambda: files.page(FileOrder.MOST_PLAYED, 50, None, "of 77"),
        "files: search, none": lambda: files.page(FileOrder.NEWEST, 50, None, "nothing so"),
        "links: newest of all": lambda: links.page(50),
        "links: in the middle of all": lambda: links.page(50, middle),
        "links: of the most played file": lambda: links.of_file(1, 50),
        "broadcast: start (counts, first 1,000)": lambda: _start(database),
        "broadcast: unfinished": lambda: database.jobs.unfinished("broadcast"),
        _WALK: walk,
        "links: a page of an owner's 10,000": lambda: links.of_owner(_BUSY, 10, middle),
        "links: what changed": lambda: links.denials(_NOW - 5, 100),
        "ban and pardon an owner of 10,000": ban,
        "quota: used today": lambda: ledger.used(_BUSY, int(_NOW) // DAY * DAY),
        "counters: a tally of 1,000 plays": take,
    }


async def _start(database: Database) -> None:
    await database.users.counts(_NOW)
    await database.users.audience(0, _PIECE)


async def _answer(question: str, ask: Ask) -> Answer:
    times = []
    before = _memory("VmRSS")
    _forget_peak()
    for _ in range(1 if question == _WALK else _ASKED):
        begun = perf_counter()
        await ask()
        times.append(perf_counter() - begun)
    return Answer(question, median(times), max(times), max(_memory("VmHWM") - before, 0))


def _memory(what: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024
    return 0


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew: proc_pid_clear_refs(5)


def _row(answer: Answer) -> str:
    times = (f"{each * 1e3:.1f} ms" for each in (answer.usual, answer.slowest))
    columns: list[Any] = [*times, f"{answer.growth / _MIB:.1f} MiB"]
    return f"{answer.question:40} " + " ".join(f"{each:>9}" for each in columns)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()

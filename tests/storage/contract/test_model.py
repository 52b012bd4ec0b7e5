"""Whatever happens in whatever order, with whatever repeats: as the plain model has it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telpher.core.model import MessageRef
from telpher.core.records import User
from telpher.core.spans import Span
from telpher.core.tally import (
    DAY,
    HOUR,
    AnswerBegan,
    BatchMade,
    BytesServed,
    ErrorShown,
    Event,
    LinkMade,
    PersonSeen,
    PlayBegun,
    tally,
)
from telpher.storage.base import Database, FileOrder
from tests.storage.contract.makers import (
    NOW,
    all_files,
    all_links,
    all_users,
    denied,
    every_link,
    found,
    link,
    links_of_file,
    person,
)
from tests.storage.contract.model import Model

USERS = range(1, 5)
LINKS = range(1, 6)
FILES = range(1, 4)
PLAYLISTS = ("", "p1", "p2")

user_ids = st.sampled_from(USERS)
link_ids = st.sampled_from(LINKS)
documents = st.sampled_from(FILES)
names = st.sampled_from(["", "Ann", "O'Neill", "\U0001f600", "a_b*[c](d)"])
times = st.integers(0, 40 * DAY).map(lambda ago: NOW - ago) | st.just(NOW)


@dataclass(frozen=True)
class Applied:
    """A tally that a writer brings, and how often."""

    writer: str
    events: list[Event]
    times: int
    late: bool
    """Whether it comes once more after the next."""


@dataclass(frozen=True)
class Banned:
    user_id: int
    banned: bool


@dataclass(frozen=True)
class Blocked:
    user_ids: list[int]
    blocked: bool


@dataclass(frozen=True)
class Revoked:
    link_id: int
    at: float
    owner: int | None


@dataclass(frozen=True)
class BatchRevoked:
    playlist: str
    at: float


@dataclass(frozen=True)
class Merged:
    users: list[User]


Step = Applied | Banned | Blocked | Revoked | BatchRevoked | Merged


def _link(link_id: int, created: float, playlist: str) -> LinkMade:
    # A link has one owner for ever.
    document = FILES[link_id % 3]
    made = link(link_id, 1 + link_id % 3, created, playlist=playlist, document_id=document)
    return LinkMade(made)


def _play(link_id: int, document: int, name: str, at: float) -> PlayBegun:
    return PlayBegun(link_id, document, MessageRef(link_id, document), name, 10 * document, at)


events = st.one_of(
    st.builds(PersonSeen, st.builds(person, user_ids, names), times),
    st.builds(_link, link_ids, times, st.sampled_from(PLAYLISTS)),
    st.builds(BatchMade, user_ids, times),
    st.builds(_play, link_ids, documents, names, times),
    st.builds(BytesServed, link_ids, documents, st.integers(0, 1 << 40), times),
    st.builds(ErrorShown, st.sampled_from(["gone", "busy"]), times),
    st.builds(AnswerBegan, st.integers(0, 5000).map(lambda each: each / 1000), times),
)
users = st.builds(
    User,
    st.builds(person, user_ids, names),
    times | st.just(0.0),
    times | st.just(0.0),
    times | st.just(0.0),
    st.sampled_from(["user", "vip"]),
    st.booleans(),
    st.booleans(),
    *[st.integers(0, 50)] * 4,
)
steps = st.one_of(
    st.builds(
        Applied,
        st.sampled_from(["a", "b"]),
        st.lists(events, max_size=12),
        st.integers(1, 2),
        st.booleans(),
    ),
    st.builds(Banned, user_ids, st.booleans()),
    st.builds(Blocked, st.lists(user_ids, max_size=3), st.booleans()),
    st.builds(Revoked, link_ids, times, st.none() | user_ids),
    st.builds(BatchRevoked, st.sampled_from(PLAYLISTS), times),
    st.builds(Merged, st.lists(users, max_size=3)),
)


class Both:
    """Does each step to the database and to the model, and compares what they answer."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.model = Model()
        self._late: dict[str, tuple[int, list[Event]]] = {}
        self._numbers = {"a": 0, "b": 0}

    async def do(self, step: Step) -> None:
        users, links, model = self.database.users, self.database.links, self.model
        match step:
            case Applied():
                await self._apply(step)
            case Banned(user_id, banned):
                answer = await users.set_banned(user_id, banned, NOW)
                assert answer == model.ban(user_id, banned)
            case Blocked(user_ids, blocked):
                await users.set_blocked(user_ids, blocked)
                model.block(user_ids, blocked)
            case Revoked(link_id, at, owner):
                assert await links.revoke(link_id, at, owner) == model.revoke(link_id, at, owner)
            case BatchRevoked(playlist, at):
                answer = await links.revoke_playlist(playlist, at)
                assert answer == model.revoke_playlist(playlist, at)
            case Merged(merged):
                assert await users.merge(merged) == model.merge(merged)

    async def compare(self) -> None:
        database, model = self.database, self.model
        assert await all_users(database) == model.page()
        for each in USERS:
            assert await database.users.get(each) == model.users.get(each)
            assert await all_links(database, each) == model.of_owner(each)
            for day in {day for _, day in model.days}:
                assert await database.ledger.used(each, day) == model.days[each, day]
        for each in LINKS:
            expected = model.link(each) if each in model.links else None
            assert await database.links.get(each) == expected
        assert await denied(database) == model.denied()
        assert await database.users.counts(NOW) == model.counts(NOW)
        assert await database.users.audience(0, 99) == model.audience()
        assert await database.ledger.popular(99) == model.popular()
        assert await database.ledger.totals() == model.totals()
        assert await database.ledger.hours(0, NOW + HOUR) == model.hours
        for span in Span:
            assert await database.ledger.activity(span, 0, NOW + HOUR) == model.activity(span)
        await self._compare_lists()

    async def _compare_lists(self) -> None:
        database, model = self.database, self.model
        assert await every_link(database) == model.all_links()
        for each in FILES:
            of_file = [link for link in model.all_links() if link.document_id == each]
            assert await links_of_file(database, each) == of_file
        for order, text in product(FileOrder, ("", "FILM", "ann", "'", "[c")):
            assert await all_files(database, order, text) == model.file_list(order, text)
        assert await database.files.counts(NOW) == model.file_counts(NOW)
        for text in ("ann", "LEE", "o'neill lee", "_", "a", "\U0001f600"):
            assert await found(database, text) == model.found(text)

    async def _apply(self, step: Applied) -> None:
        self._numbers[step.writer] += 1
        number = self._numbers[step.writer]
        for _ in range(step.times):
            await self._bring(step.writer, number, step.events)
        if late := self._late.pop(step.writer, None):
            await self._bring(step.writer, *late)
        if step.late:
            self._late[step.writer] = (number, step.events)

    async def _bring(self, writer: str, number: int, events: list[Event]) -> None:
        answer = await self.database.ledger.apply(writer, number, tally(events))
        assert set(answer) == self.model.apply(writer, number, events)
        assert len(set(answer)) == len(answer)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, max_size=12))
async def test_it_is_as_the_model_has_it(backend, what: list[Step]):
    async with backend().open() as database:
        both = Both(database)
        for step in what:
            await both.do(step)
        await both.compare()

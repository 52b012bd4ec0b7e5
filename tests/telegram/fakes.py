"""Media connections by hand: they answer when the test says so."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from telpher.core.demand import Demand, Urgency
from telpher.core.model import Location
from telpher.errors import TelegramError, TelegramUnavailableError


def location(document_id: int = 1, dc: int = 4, account: int = 7) -> Location:
    return Location(account, dc, document_id, 1, b"reference")


def demand_of(viewer: str, urgency: Urgency) -> Demand:
    """A demand with one wish."""
    demand = Demand()
    demand.want(viewer, urgency)
    return demand


async def settle() -> None:
    """Lets everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


@dataclass(eq=False)
class FakeConnection:
    """A MediaConnection. `asked` are the requests that wait to be answered or failed."""

    dc: int = 4
    alive: bool = True
    asked: list[tuple[int, int, asyncio.Future[memoryview]]] = field(default_factory=list)
    locations: list[Location] = field(default_factory=list)
    arrived: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    cancelled: int = 0
    pings: int = 0
    closed: int = 0
    deaf: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def get_chunk(
        self,
        location: Location,
        offset: int,
        limit: int,
        patience: float,
        *,
        urgent: bool = False,
    ) -> memoryview:
        answer: asyncio.Future[memoryview] = asyncio.get_running_loop().create_future()
        request = (offset, limit, answer)
        self.locations.append(location)
        self.asked.append(request)
        self.arrived.put_nowait(offset)
        try:
            return await answer
        except asyncio.CancelledError:
            self.cancelled += 1
            self.asked.remove(request)
            raise

    def answer(self, number: int = 0) -> None:
        _, limit, answer = self.asked.pop(number)
        answer.set_result(memoryview(bytes(limit)))

    async def answer_all(self) -> list[tuple[int, int]]:
        """Answers what is asked until nothing more is; (offset, limit) of each."""
        ranges = []
        await settle()
        while self.asked:
            ranges.append(self.asked[0][:2])
            self.answer()
            await settle()
        return ranges

    def fail(self, error: TelegramError, number: int = 0) -> None:
        self.asked.pop(number)[2].set_exception(error)

    async def ping(self) -> None:
        self.pings += 1
        if self.deaf:
            raise TelegramUnavailableError("no pong")

    async def close(self) -> None:
        self.closed += 1
        self.alive = False
        self.gone.set()
        while self.asked:
            self.fail(TelegramUnavailableError("closed"))


class FakeConnector:
    """A MediaConnector. `refusals` are raised by the next calls of `open`, one each.

    With `login` set, connections are handed out early, until it is known how that ended.
    """

    def __init__(self, *refusals: TelegramError) -> None:
        self.login: asyncio.Event | None = None
        self.refusals = list(refusals)
        self.opened: list[FakeConnection] = []
        self.news: asyncio.Queue[FakeConnection] = asyncio.Queue()
        self.attempts = 0
        self.forgotten: list[int] = []
        self.slots: list[int] = []

    async def open(
        self, dc: int, slot: int = 0, early: Callable[[FakeConnection], None] | None = None
    ) -> FakeConnection:
        self.attempts += 1
        self.slots.append(slot)
        await asyncio.sleep(0)
        if self.refusals and not self.login:
            raise self.refusals.pop(0)
        connection = FakeConnection(dc)
        self.opened.append(connection)
        self.news.put_nowait(connection)
        if self.login is not None and early is not None:
            early(connection)
            await self.login.wait()
            if self.refusals:
                raise self.refusals.pop(0)
        return connection

    def forget(self, dc: int, slot: int = 0) -> None:
        self.forgotten.append(dc)

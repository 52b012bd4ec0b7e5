"""Cool-downs on a clock that stands still, and messages that wait for them."""

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    RequestRejectedError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram.flood import MOST_WAITING_PER_PEER, CoolDowns, Outbox
from telpher.telegram.timing import Timing


def test_a_chat_waits_until_its_time_is_over() -> None:
    clock = FakeClock()
    cool = CoolDowns(clock)
    cool.check(1)
    cool.note(1, FloodWaitError(10, premium=True))
    clock.advance(3.5)

    assert cool.remaining(1) == 6.5
    assert cool.remaining(2) == 0
    with pytest.raises(FloodWaitError) as flood:
        cool.check(1)
    assert (flood.value.seconds, flood.value.premium) == (7, True)
    cool.check(2)
    clock.advance(6.5)
    cool.check(1)


def test_a_shorter_wait_does_not_end_a_longer_one() -> None:
    clock = FakeClock()
    cool = CoolDowns(clock)
    cool.note(1, FloodWaitError(10))
    cool.note(1, FloodWaitError(1, premium=True))

    assert cool.remaining(1) == 10
    with pytest.raises(FloodWaitError) as flood:
        cool.check(1)
    assert not flood.value.premium


def test_what_is_over_is_forgotten() -> None:
    clock = FakeClock()
    cool = CoolDowns(clock)
    for peer in range(5000):
        cool.note(peer, FloodWaitError(1))
        clock.advance(2)

    assert len(cool._until) < 2000


class Script:
    """Attempts that end as written, on a clock that sleeping moves on."""

    def __init__(self, *outcomes: TelegramError | str) -> None:
        self.clock = FakeClock()
        self.slept: list[float] = []
        self.outcomes = list(outcomes)
        timing = Timing(backoff_first=1, backoff_most=60, send_patience=60)
        self.outbox = Outbox(self.clock, timing, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)

    async def attempt(self) -> str:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, TelegramError):
            raise outcome
        return outcome


@pytest.mark.parametrize(
    ("failures", "slept"),
    [
        ([], []),
        ([FloodWaitError(7)], [7]),
        ([FloodWaitError(0)], [1]),
        ([FloodWaitError(7), FloodWaitError(20)], [7, 20]),
        ([TelegramUnavailableError(), ChunkTimeoutError()], [1, 2]),
        ([RequestRejectedError("RANDOM_ID_DUPLICATE", 500)] * 2, [1, 1]),
    ],
)
async def test_what_passes_is_waited_out(failures: list[TelegramError], slept: list[float]) -> None:
    script = Script(*failures, "sent")

    assert await script.outbox.deliver(1, script.attempt) == "sent"
    assert script.slept == slept


@pytest.mark.parametrize(
    ("failures", "slept"),
    [
        ([FloodWaitError(61)], []),
        ([FloodWaitError(40), FloodWaitError(21)], [40]),
        ([RequestRejectedError("USER_IS_BLOCKED", 400)], []),
        ([TelegramUnavailableError() for _ in range(9)], [1, 2, 4, 8, 16]),
    ],
)
async def test_what_does_not_pass_in_time_is_raised(
    failures: list[TelegramError], slept: list[float]
) -> None:
    script = Script(*failures, "sent")

    with pytest.raises(type(failures[0])):
        await script.outbox.deliver(1, script.attempt)
    assert script.slept == slept


async def test_one_chats_flood_stops_no_other() -> None:
    script = Script(FloodWaitError(600), "other")
    with pytest.raises(FloodWaitError):
        await script.outbox.deliver(1, script.attempt)

    assert await script.outbox.deliver(2, script.attempt) == "other"
    # The chat itself is not even asked.
    with pytest.raises(FloodWaitError):
        await script.outbox.deliver(1, script.attempt)
    assert script.outcomes == []


async def test_messages_to_a_chat_keep_their_order() -> None:
    script = Script()
    sent: list[int] = []
    gate = asyncio.Event()

    async def attempt(number: int) -> None:
        if number == 0:
            await gate.wait()
        sent.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(script.outbox.deliver(1, lambda n=number: attempt(n)))
        other = group.create_task(script.outbox.deliver(2, lambda: attempt(9)))
        await other
        assert sent == [9]
        gate.set()

    assert sent == [9, 0, 1, 2, 3, 4]
    assert script.outbox._turns == {}


async def test_a_queue_that_is_too_long_is_refused() -> None:
    script = Script()
    gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(MOST_WAITING_PER_PEER):
            group.create_task(script.outbox.deliver(1, gate.wait))
        await asyncio.sleep(0)
        with pytest.raises(FloodWaitError):
            await script.outbox.deliver(1, gate.wait)
        gate.set()
    assert script.outbox._turns == {}

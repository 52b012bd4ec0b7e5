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


async def test_answers_go_out_in_order_at_telegrams_pace() -> None:
    script = Script()
    sent: list[int] = []

    async def attempt(number: int) -> None:
        sent.append(number)

    for number in range(1, 76):
        await script.outbox.deliver(number, lambda n=number: attempt(n))

    assert sent == list(range(1, 76))
    assert sum(script.slept) == pytest.approx(60 / 30, abs=0.01)


async def test_a_group_has_twenty_messages_a_minute_and_keeps_nobody_else_waiting() -> None:
    script = Script(*["sent"] * 50)
    for _ in range(12):
        await script.outbox.deliver(-7, script.attempt)
    assert script.slept == []
    await script.outbox.deliver(-7, script.attempt)
    assert script.slept == [pytest.approx(3)]
    await script.outbox.deliver(-8, script.attempt)
    await script.outbox.deliver(-7, script.attempt, messages=0)
    assert len(script.slept) == 1


async def test_a_pace_longer_than_the_patience_is_told_like_a_flood() -> None:
    script = Script("first", "second", "third")
    await script.outbox.deliver(-7, script.attempt, messages=100)
    for send in (script.outbox.deliver, script.outbox.submit):
        with pytest.raises(FloodWaitError) as flood:
            await send(-7, script.attempt)
        assert flood.value.seconds == 267  # 100 are owed, 11 may be, at 3 s each
    assert script.outcomes == ["second", "third"]


async def test_answers_go_ahead_of_what_may_wait() -> None:
    script = Script()
    order: list[str] = []
    gate: list[asyncio.Event] = []

    async def sleep(seconds: float) -> None:
        gate.append(asyncio.Event())
        await gate[-1].wait()

    async def attempt(name: str) -> None:
        order.append(name)

    outbox = Outbox(script.clock, Timing(), sleep)
    for number in range(1, 11):
        await outbox.submit(number, lambda: attempt("post"))
    async with asyncio.TaskGroup() as group:
        group.create_task(outbox.submit(11, lambda: attempt("late post")))
        await asyncio.sleep(0)
        for number in range(12, 17):
            await outbox.deliver(number, lambda: attempt("answer"))
        assert order == ["post"] * 10 + ["answer"] * 5
        script.clock.advance(10)
        gate[0].set()
    assert order[-1] == "late post"


@pytest.mark.parametrize(
    "failure",
    [FloodWaitError(2), ChunkTimeoutError(), RequestRejectedError("USER_IS_BLOCKED")],
)
async def test_what_is_submitted_is_tried_once(failure: TelegramError) -> None:
    script = Script(failure, "sent")
    with pytest.raises(type(failure)):
        await script.outbox.submit(1, script.attempt)
    assert script.slept == []


async def test_only_a_first_call_that_still_runs_is_waited_for() -> None:
    running = RequestRejectedError("RANDOM_ID_DUPLICATE", 500)
    script = Script(running, running, "sent")
    assert await script.outbox.submit(1, script.attempt) == "sent"
    assert script.slept == [1, 1]

    script = Script(*[running] * 100)
    with pytest.raises(RequestRejectedError):
        await script.outbox.submit(1, script.attempt)
    assert 60 <= len(script.slept) <= 62


async def test_a_submitters_flood_is_known_to_the_chat() -> None:
    script = Script(FloodWaitError(100), "sent")
    with pytest.raises(FloodWaitError):
        await script.outbox.submit(1, script.attempt)
    with pytest.raises(FloodWaitError):
        await script.outbox.submit(1, script.attempt)
    assert script.outcomes == ["sent"]


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

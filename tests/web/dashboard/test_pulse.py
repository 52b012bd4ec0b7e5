"""The last minutes."""

from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.web.dashboard.pulse import EVERY, KEPT, Counters, Pulse


class Rooms:
    """What the counters are read from."""

    def __init__(self) -> None:
        self.counters = Counters()

    def __call__(self) -> Counters:
        return self.counters


def test_a_beat_is_what_there_was_since_the_one_before() -> None:
    rooms, clock = Rooms(), FakeClock()
    rooms.counters = Counters(sent=1000, fetched=500, cpu=1.0)
    pulse = Pulse(rooms, clock)
    rooms.counters = Counters(streams=2, sent=3000, fetched=1500, memory=7, cpu=3.0)
    clock.advance(4)
    pulse.beat()
    [beat] = pulse.since(0)
    assert (beat.streams, beat.sent, beat.fetched) == (2, 500.0, 250.0)
    assert (beat.memory, beat.cpu) == (7, 0.5)
    assert pulse.newest == beat
    assert pulse.since(beat.at) == []


def test_counters_that_begin_anew_count_for_nothing_and_no_time_for_no_beat() -> None:
    rooms, clock = Rooms(), FakeClock()
    rooms.counters = Counters(sent=1000)
    pulse = Pulse(rooms, clock)
    pulse.beat()
    assert pulse.newest is None
    rooms.counters = Counters(sent=10)
    clock.advance(1)
    pulse.beat()
    assert pulse.since(0)[0].sent == 0


def test_five_minutes_are_kept() -> None:
    clock = FakeClock()
    pulse = Pulse(Rooms(), clock)
    for _ in range(KEPT + 10):
        clock.advance(EVERY)
        pulse.beat()
    assert len(pulse.since(0)) == KEPT
    assert pulse.since(0)[0].at == clock.now() - (KEPT - 1) * EVERY


async def test_it_beats_until_it_is_cancelled() -> None:
    clock = FakeClock()
    pulse = Pulse(Rooms(), clock)

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        if len(pulse.since(0)) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await pulse.run(sleep)
    assert len(pulse.since(0)) == 3

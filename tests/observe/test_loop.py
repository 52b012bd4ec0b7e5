"""The event loop's lateness."""

from __future__ import annotations

import asyncio

import pytest

from telpher.observe.loop import EVERY, LoopWatch
from telpher.observe.metrics.metrics import Metrics


async def test_how_late_it_was_is_observed() -> None:
    metrics = Metrics()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    turns = []

    async def sleep(seconds: float) -> None:
        """Returns before it is time, and ends it all the second time."""
        turns.append(seconds)
        if len(turns) == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await LoopWatch(metrics, sleep).run()
    assert turns == [EVERY] * 2
    value = metrics.registry.get_sample_value
    assert value("telpher_loop_lag_seconds_count") == 1
    assert value("telpher_loop_lag_seconds_sum") == 0, "waking early is not being late"
    assert loop.time() >= begun


async def test_a_loop_that_is_held_up_is_late() -> None:
    metrics = Metrics()
    loop = asyncio.get_running_loop()
    turns = []

    async def sleep(seconds: float) -> None:
        """Holds the loop up until it is too late by 20 ms at least."""
        if turns:
            raise asyncio.CancelledError
        turns.append(seconds)
        until = loop.time() + seconds + 0.02
        while loop.time() < until:
            pass

    with pytest.raises(asyncio.CancelledError):
        await LoopWatch(metrics, sleep).run()
    assert (metrics.registry.get_sample_value("telpher_loop_lag_seconds_sum") or 0) >= 0.02

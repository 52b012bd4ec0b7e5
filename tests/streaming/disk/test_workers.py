from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from telpher.streaming.disk.workers import Workers


def wait(gate: threading.Event) -> None:
    assert gate.wait(60)


async def test_one_thread_keeps_the_order():
    workers = Workers("test", threads=1, capacity=10)
    done: list[int] = []
    await asyncio.gather(*(workers.submit(1, partial(done.append, at)) for at in range(10)))
    assert done == list(range(10))
    workers.close(cancel=False)


async def test_room_is_what_waits_and_runs():
    workers = Workers("test", threads=1, capacity=10)
    gate = threading.Event()
    first = workers.submit(6, partial(wait, gate))
    assert workers.has_room(4)
    assert not workers.has_room(5)
    second = workers.submit(4, partial(wait, gate))
    assert workers.has_room(0)
    assert not workers.has_room(1)
    gate.set()
    await asyncio.gather(first, second)
    assert workers.has_room(10)
    workers.close(cancel=False)


async def test_a_job_that_fails_tells_and_frees_its_room():
    workers = Workers("test", threads=1, capacity=1)

    def fail() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await workers.submit(1, fail)
    assert workers.has_room(1)
    workers.close(cancel=False)


async def test_a_running_job_counts_after_its_waiter_has_gone():
    workers = Workers("test", threads=1, capacity=1)
    gate, began = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def job() -> None:
        loop.call_soon_threadsafe(began.set)
        wait(gate)

    future = workers.submit(1, job)
    await began.wait()
    future.cancel()
    await asyncio.sleep(0)
    assert not workers.has_room(1)
    gate.set()
    await workers.submit(0, partial(wait, gate))
    assert workers.has_room(1)
    workers.close(cancel=False)


async def test_closing_drops_what_has_not_begun():
    workers = Workers("test", threads=1, capacity=10)
    gate = threading.Event()
    running = workers.submit(1, partial(wait, gate))
    waiting = workers.submit(1, partial(wait, gate))
    workers.close(cancel=True)
    gate.set()
    await running
    with pytest.raises(asyncio.CancelledError):
        await waiting

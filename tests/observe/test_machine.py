"""The machine's load, looked at by a thread that may hang."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from telpher.observe.machine import EVERY, Disk, Load, Machine, look_at

PATIENCE = 20.0
SEEN = Load(5.0, 50.0, 1 << 30, Disk(1000, 250))


def test_what_is_seen_of_this_machine(tmp_path: Path) -> None:
    load = look_at(tmp_path)()
    assert load.disk is not None
    assert 0 <= load.disk.free <= load.disk.size
    assert 0 <= load.disk.percent <= 100
    assert 0 < load.memory_percent < 100
    assert load.memory_available > 1 << 20
    assert load.cpu_percent >= 0


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    load = look_at(tmp_path / "gone")()
    assert load.disk is None
    assert load.trouble == "No such file or directory"
    assert load.memory_percent > 0


def test_how_full_a_disk_is() -> None:
    assert Disk(1000, 250).percent == 75.0
    assert Disk(1000, 0).percent == 100.0
    assert Disk(0, 0).percent == 100.0


async def test_before_the_first_look_nothing_is_known() -> None:
    machine = Machine(lambda: SEEN)
    assert (machine.load().disk, machine.load().trouble) == (None, "")
    await machine.look()
    assert machine.load() == SEEN


async def test_the_job_looks_again_and_again() -> None:
    looks = []
    pauses = []

    def look() -> Load:
        looks.append(threading.current_thread())
        return Load(cpu_percent=len(looks))

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise asyncio.CancelledError

    machine = Machine(look, sleep=sleep)
    with pytest.raises(asyncio.CancelledError):
        await machine.run()
    assert machine.load().cpu_percent == 3
    assert pauses == [EVERY] * 3
    assert threading.main_thread() not in looks


async def test_a_disk_that_hangs_holds_nobody_up_and_one_thread() -> None:
    hangs, begun = threading.Event(), []

    def look() -> Load:
        begun.append(threading.current_thread())
        if len(begun) > 1:
            hangs.wait(PATIENCE)
        return SEEN

    machine = Machine(look)
    await machine.look()
    machine = Machine(look, patience=0.01)
    for _ in range(3):
        await machine.look()
    assert (machine.load().disk, machine.load().trouble) == (None, "the disk does not answer")
    assert len(begun) == 2
    assert begun[1].daemon, "it would keep the process from ending"
    hangs.set()
    begun[1].join(PATIENCE)
    await asyncio.sleep(0)
    assert machine.load() == SEEN


def test_a_thread_that_outlives_the_loop_ends_in_silence() -> None:
    hangs, threads = threading.Event(), []

    def look() -> Load:
        threads.append(threading.current_thread())
        hangs.wait(PATIENCE)
        return SEEN

    asyncio.run(Machine(look, patience=0.01).look())
    hangs.set()
    threads[0].join(PATIENCE)
    assert not threads[0].is_alive()

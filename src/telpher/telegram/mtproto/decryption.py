"""Packets decrypted in the order of their arrival, large ones away from the event loop.

A mebibyte takes about a millisecond. On the loop, that is a millisecond during which nobody else
is served, and one core does all the work. So large packets are handed to threads, several at once;
what comes behind them waits its turn, because answers, salts and acknowledgements are told in
order.

A thread costs a hand-over there and back. It pays where there is a second core and the cipher
releases the GIL; else all is decrypted at once, where it arrives.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from telpher.telegram import crypto

# Smaller packets take less time to decrypt than to hand over and back (bench/media.py).
OFF_LOOP_FROM: Final = 128 << 10

# More at once would only take the loop's own core from it.
_MOST_THREADS: Final = 4


class Decryptor:
    """The threads of one account, started when needed. `threads` 0: none, all on the loop."""

    def __init__(self, threads: int | None = None) -> None:
        self._threads = _useful_threads() if threads is None else threads
        self._executor: ThreadPoolExecutor | None = None

    @property
    def off_loop_from(self) -> float:
        """Bytes from which a packet is handed over."""
        return OFF_LOOP_FROM if self._threads else float("inf")

    def run(self, work: Callable[[], None]) -> None:
        """Runs `work` in a thread."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._threads, "decrypt")
        self._executor.submit(work)

    def close(self) -> None:
        """Ends the threads; waits for what is being decrypted, some milliseconds at most."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None


def _useful_threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if crypto.IMPLEMENTATION == "cryptg":  # holds the GIL
        return 0
    return min(cores or 1, _MOST_THREADS) if (cores or 1) > 1 else 0


@dataclass(eq=False, slots=True)
class _Job:
    packet: memoryview
    done: bool = False
    error: ValueError | None = None


class InOrder:
    """One connection's packets: `deliver` gets each, decrypted, or `fail` what was wrong with it.

    Both are called on the loop, and by `push` itself where nothing is before the packet.
    """

    def __init__(
        self,
        key: bytes,
        decryptor: Decryptor,
        deliver: Callable[[memoryview], None],
        fail: Callable[[ValueError], None],
    ) -> None:
        self.backlog = 0
        """Bytes that wait to be decrypted or delivered."""
        self._key = key
        self._decryptor = decryptor
        self._deliver = deliver
        self._fail = fail
        self._loop = asyncio.get_running_loop()
        self._jobs: deque[_Job] = deque()

    def push(self, packet: memoryview) -> None:
        """Takes the next packet."""
        job = _Job(packet)
        self._jobs.append(job)
        self.backlog += len(packet)
        if len(packet) >= self._decryptor.off_loop_from:
            self._decryptor.run(lambda: self._in_thread(job))
        else:
            self._decrypt(job)
            self._drain()

    def stop(self) -> None:
        """Forgets what waits; nothing is delivered any more."""
        self._jobs.clear()
        self.backlog = 0

    def _in_thread(self, job: _Job) -> None:
        self._decrypt(job)
        # The loop is closed where nobody waited for the threads: nobody wants the packet either.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._drain)

    def _decrypt(self, job: _Job) -> None:
        try:
            crypto.decrypt(self._key, job.packet)
        except ValueError as error:
            job.error = error
        job.done = True

    def _drain(self) -> None:
        while self._jobs and self._jobs[0].done:
            job = self._jobs.popleft()
            self.backlog -= len(job.packet)
            if job.error is None:
                self._deliver(job.packet)
            else:
                self._fail(job.error)

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
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Final

from telpher.telegram import crypto

# Smaller packets take less time to decrypt than to hand over and back (bench/media.py).
OFF_LOOP_FROM: Final = 256 << 10

# More at once would only take the loop's own core from it.
_MOST_THREADS: Final = 4


class Decryptor:
    """The threads of one account, started when needed. `threads` 0: none, all on the loop.

    Plain threads and a queue: an executor's futures, of which nothing is wanted here, cost as much
    again as the hand-over.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._wanted = _useful_threads() if threads is None else threads
        self._threads: list[Thread] = []
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    @property
    def off_loop_from(self) -> float:
        """Bytes from which a packet is handed over."""
        return OFF_LOOP_FROM if self._wanted else float("inf")

    def run(self, work: Callable[[], None]) -> None:
        """Runs `work`, which must not raise, in a thread."""
        self._work.put(work)
        if len(self._threads) < self._wanted:
            thread = Thread(target=self._serve, name="decrypt", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Ends the threads; waits for what is being decrypted, some milliseconds at most."""
        for _ in self._threads:
            self._work.put(None)
        while self._threads:
            self._threads.pop().join()

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            work()


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

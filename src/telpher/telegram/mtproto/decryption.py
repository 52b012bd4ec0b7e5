"""Packets decrypted in the order of their arrival, large ones in pairs, away from the event loop.

A mebibyte takes about a millisecond, mostly of waiting for one instruction's result before the
next: two packets side by side take little longer than one (crypto/_ige_sha256.h). So where large
packets follow each other closely, one waits a moment for the next. What comes behind it on its
connection waits, too, because answers, salts and acknowledgements are told in order: therefore it
is hurried on as soon as anything small comes there.

On the loop, a millisecond is one during which nobody else is served, and one core does all the
work. So large packets are handed to threads, several at once. A thread costs a hand-over there and
back; it pays where there is a second core and the cipher releases the GIL. Else all is done on the
loop.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Final

from telpher.telegram import crypto

# Smaller packets are not worth a hand-over (bench/media.py) nor a wait: what somebody begins with
# or seeks to comes in chunks of 256 KiB at most.
LARGE: Final = 512 << 10

# Seconds for which a large packet may wait for another, if it came within as many after the one
# before: a quarter of a usual round trip. Chunks of 1 MiB come so close together from 50 MB/s on.
PAIRED_WITHIN: Final = 0.020

# More at once would only take the loop's own core from it.
_MOST_THREADS: Final = 4


@dataclass(eq=False, slots=True)
class Job:
    """A packet to be decrypted with `key`; `ended` is called on `loop` when it is `done`."""

    key: bytes
    packet: memoryview
    loop: asyncio.AbstractEventLoop
    ended: Callable[[], None]
    done: bool = False
    error: ValueError | None = None

    def decrypt(self) -> None:
        """In any thread."""
        try:
            crypto.decrypt(self.key, self.packet)
        except ValueError as error:
            self.error = error
        self.done = True

    def decrypt_with(self, other: Job) -> None:
        """Both, side by side."""
        try:
            genuine = crypto.decrypt_pair((self.key, self.packet), (other.key, other.packet))
        except ValueError:  # of an impossible length, but which of them?
            self.decrypt()
            other.decrypt()
            return
        for job, accepted in zip((self, other), genuine, strict=True):
            job.error = None if accepted else crypto.TamperedError()
            job.done = True


class Decryptor:
    """What decrypts the large packets of one account's connections.

    `threads` are started when needed; 0: all on the loop. Plain threads and a queue: an executor's
    futures, of which nothing is wanted here, cost as much again as the hand-over.
    """

    def __init__(self, threads: int | None = None, *, pairs: bool = crypto.PAIRS) -> None:
        self._wanted = _useful_threads() if threads is None else threads
        self._pairs = pairs
        self._threads: list[Thread] = []
        self._work: SimpleQueue[tuple[Job, ...]] = SimpleQueue()
        self._held: Job | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._latest = -math.inf

    @property
    def large(self) -> float:
        """Bytes from which a packet is to be given to `take`."""
        return LARGE if self._wanted or self._pairs else math.inf

    def take(self, job: Job) -> None:
        """Has it decrypted, perhaps together with the next one. On the loop."""
        now = job.loop.time()
        close = now - self._latest < PAIRED_WITHIN
        self._latest = now
        if self._held is not None:
            self._begin(self._let_go(self._held), job)
        elif self._pairs and close:
            self._held = job
            self._timer = job.loop.call_later(PAIRED_WITHIN, self.hurry)
        else:
            self._begin(job)

    def hurry(self) -> None:
        """Has what waits for another decrypted now; no error when nothing does. On the loop."""
        if self._held is not None:
            self._begin(self._let_go(self._held))

    def close(self) -> None:
        """Ends the threads; waits for what is being decrypted, some milliseconds at most."""
        if self._held is not None:
            self._let_go(self._held)
        for _ in self._threads:
            self._work.put(())
        while self._threads:
            self._threads.pop().join()

    def _let_go(self, held: Job) -> Job:
        self._held = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return held

    def _begin(self, *jobs: Job) -> None:
        if not self._wanted:
            _decrypt(jobs)
            for job in jobs:
                job.ended()
            return
        self._work.put(jobs)
        if len(self._threads) < self._wanted:
            thread = Thread(target=self._serve, name="decrypt", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        while jobs := self._work.get():
            _decrypt(jobs)
            # The loop is closed where nobody waited for the threads: nobody wants the packet then.
            with suppress(RuntimeError):
                for job in jobs:
                    job.loop.call_soon_threadsafe(job.ended)


def _decrypt(jobs: tuple[Job, ...]) -> None:
    first, *others = jobs
    if others:
        first.decrypt_with(others[0])
    else:
        first.decrypt()


def _useful_threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if crypto.IMPLEMENTATION == "cryptg":  # holds the GIL
        return 0
    return min(cores or 1, _MOST_THREADS) if (cores or 1) > 1 else 0


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
        self._jobs: deque[Job] = deque()

    def push(self, packet: memoryview) -> None:
        """Takes the next packet."""
        job = Job(self._key, packet, self._loop, self._drain)
        self._jobs.append(job)
        self.backlog += len(packet)
        if len(packet) >= self._decryptor.large:
            self._decryptor.take(job)
            return
        if len(self._jobs) > 1:
            self._decryptor.hurry()
        job.decrypt()
        self._drain()

    def stop(self) -> None:
        """Forgets what waits; nothing is delivered any more."""
        self._jobs.clear()
        self.backlog = 0

    def _drain(self) -> None:
        while self._jobs and self._jobs[0].done:
            job = self._jobs.popleft()
            self.backlog -= len(job.packet)
            if job.error is None:
                self._deliver(job.packet)
            else:
                self._fail(job.error)

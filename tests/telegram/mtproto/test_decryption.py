import asyncio
import threading

import pytest

from telpher.telegram import crypto
from telpher.telegram.mtproto import decryption
from telpher.telegram.mtproto.decryption import PAIRED_WITHIN, Decryptor, InOrder, Job

KEY = bytes(range(256))
SMALL, LARGE = 32, decryption.LARGE


def packet(number: int, size: int) -> memoryview:
    """An encrypted packet of the server's, recognisable by its first byte."""
    return memoryview(bytearray(crypto.encrypt(KEY, bytes([number] * size), from_client=False)))


class Held:
    """Decrypts nothing before it is told to."""

    large = LARGE

    def __init__(self) -> None:
        self.waiting: list[Job] = []
        self.hurried = 0

    def take(self, job: Job) -> None:
        self.waiting.append(job)

    def hurry(self) -> None:
        self.hurried += 1

    def finish(self, number: int) -> None:
        self.waiting[number].decrypt()
        self.waiting[number].ended()


class Taken:
    """What was delivered, and what failed."""

    def __init__(self, decryptor) -> None:
        self.numbers: list[int] = []
        self.errors: list[ValueError] = []
        self.threads: set[int] = set()
        self.news = asyncio.Event()
        self.subject = InOrder(KEY, decryptor, self._deliver, self.errors.append)

    async def all(self, count: int) -> list[int]:
        async with asyncio.timeout(60):
            while len(self.numbers) < count:
                self.news.clear()
                await self.news.wait()
        return self.numbers

    def _deliver(self, opened: memoryview) -> None:
        self.threads.add(threading.get_ident())
        self.numbers.append(opened[crypto.HEADER])
        self.news.set()


async def test_small_packets_are_delivered_at_once():
    held = Held()
    taken = Taken(held)
    taken.subject.push(packet(1, SMALL))
    taken.subject.push(packet(2, SMALL))
    assert taken.numbers == [1, 2]
    assert taken.subject.backlog == 0
    assert not held.hurried


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_packets_are_delivered_in_the_order_of_their_arrival(order):
    held = Held()
    taken = Taken(held)
    for number, size in enumerate([SMALL, LARGE, SMALL, LARGE, SMALL]):
        taken.subject.push(packet(number, size))
    assert taken.numbers == [0]
    assert taken.subject.backlog > 2 * LARGE
    for number in order:
        held.finish(number)
    assert taken.numbers == [0, 1, 2, 3, 4]
    assert taken.subject.backlog == 0


async def test_a_packet_that_is_not_genuine():
    taken = Taken(Held())
    wrong = packet(1, SMALL)
    wrong[-1] ^= 1
    taken.subject.push(wrong)
    taken.subject.push(packet(2, SMALL)[:-1])
    assert [type(error) for error in taken.errors] == [crypto.TamperedError, ValueError]
    assert taken.numbers == []


async def test_stopped_it_delivers_nothing():
    held = Held()
    taken = Taken(held)
    taken.subject.push(packet(1, LARGE))
    taken.subject.stop()
    assert taken.subject.backlog == 0
    held.finish(0)
    assert taken.numbers == []


@pytest.mark.parametrize("threads", [1, 3])
async def test_threads_decrypt_and_the_loop_delivers(threads):
    decryptor = Decryptor(threads)
    taken = Taken(decryptor)
    for number in range(20):
        taken.subject.push(packet(number, LARGE if number % 3 else SMALL))
    assert await taken.all(20) == list(range(20))
    assert taken.threads == {threading.get_ident()}
    decryptor.close()


async def test_without_threads_or_pairs_all_is_done_at_once():
    taken = Taken(Decryptor(0, pairs=False))
    for number in range(3):
        taken.subject.push(packet(number, LARGE))
    assert taken.numbers == [0, 1, 2]


async def test_closing_ends_the_threads_and_may_be_repeated():
    decryptor = Decryptor(2)
    before = threading.active_count()
    taken = Taken(decryptor)
    taken.subject.push(packet(1, LARGE))
    decryptor.close()
    decryptor.close()
    assert threading.active_count() == before
    await asyncio.sleep(0)
    assert taken.numbers == [1]


def test_a_loop_that_is_gone_is_no_trouble():
    decryptor = Decryptor(1)

    async def push() -> Taken:
        taken = Taken(decryptor)
        for number in range(2):
            taken.subject.push(packet(number, LARGE))
        return taken

    taken = asyncio.run(push())
    decryptor.close()
    assert taken.numbers in ([], [0])


class Clock:
    """A loop's time and timers, by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, object]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay, callback):
        handle = asyncio.TimerHandle(self.now + delay, callback, (), asyncio.get_running_loop())
        self.timers.append(handle)
        return handle

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = [each for each in self.timers if each.when() <= self.now]
        self.timers = [each for each in self.timers if each not in due]
        for each in due:
            if not each.cancelled():
                each._run()


class TestPairs:
    """Large packets that follow each other closely are decrypted two at a time."""

    @pytest.fixture
    def ended(self) -> list[int]:
        return []

    @pytest.fixture
    async def take(self, ended):
        decryptor = Decryptor(0, pairs=True)
        clock = Clock()

        def job(number: int, sealed: memoryview | None = None) -> Job:
            sealed = packet(number, LARGE) if sealed is None else sealed
            return Job(KEY, sealed, clock, lambda: ended.append(number))

        def take(number: int, sealed: memoryview | None = None) -> Job:
            taken = job(number, sealed)
            decryptor.take(taken)
            return taken

        take.clock, take.hurry, take.close = clock, decryptor.hurry, decryptor.close
        return take

    async def test_the_first_is_decrypted_at_once(self, take, ended):
        take(0)
        assert ended == [0]

    async def test_one_that_comes_soon_after_waits_for_the_next(self, take, ended):
        take(0)
        take.clock.advance(PAIRED_WITHIN / 2)
        second = take(1)
        assert ended == [0]
        take.clock.advance(PAIRED_WITHIN / 2)
        third = take(2)
        assert ended == [0, 1, 2]
        assert [job.packet[crypto.HEADER] for job in (second, third)] == [1, 2]

    async def test_it_waits_a_moment_only(self, take, ended):
        take(0)
        take(1)
        take.clock.advance(PAIRED_WITHIN)
        assert ended == [0, 1]
        take.clock.advance(PAIRED_WITHIN)
        take(2)
        assert ended == [0, 1, 2]

    async def test_packets_far_apart_never_wait(self, take, ended):
        for number in range(4):
            take(number)
            assert ended[-1] == number
            take.clock.advance(2 * PAIRED_WITHIN)

    async def test_hurried_on_it_waits_no_longer(self, take, ended):
        take.hurry()
        take(0)
        take(1)
        take.hurry()
        assert ended == [0, 1]
        take.clock.advance(PAIRED_WITHIN)
        assert ended == [0, 1]

    @pytest.mark.parametrize("wrong", [1, 2])
    async def test_one_that_is_not_genuine_spoils_not_the_other(self, take, wrong):
        take(0)
        jobs = {}
        for number in (1, 2):
            sealed = packet(number, LARGE)
            sealed[-1] ^= number == wrong
            jobs[number] = take(number, sealed)
        bad, good = jobs.pop(wrong), jobs.popitem()[1]
        assert isinstance(bad.error, crypto.TamperedError)
        assert good.error is None
        assert good.packet[-1] == 3 - wrong
        assert not any(bad.packet)

    @pytest.mark.parametrize("wrong", [1, 2])
    async def test_nor_does_one_of_an_impossible_length(self, take, wrong):
        take(0)
        jobs = {}
        for number in (1, 2):
            sealed = packet(number, LARGE)
            jobs[number] = take(number, sealed[: -1 if number == wrong else None])
        bad, good = jobs.pop(wrong), jobs.popitem()[1]
        assert isinstance(bad.error, ValueError)
        assert good.error is None
        assert good.packet[-1] == 3 - wrong

    async def test_closing_forgets_who_waits(self, take, ended):
        take(0)
        take(1)
        take.close()
        take.clock.advance(PAIRED_WITHIN)
        assert ended == [0]

    async def test_something_small_behind_it_hurries_it_on(self):
        held = Held()
        taken = Taken(held)
        taken.subject.push(packet(0, LARGE))
        assert not held.hurried
        taken.subject.push(packet(1, SMALL))
        assert held.hurried == 1


async def test_pairs_of_two_connections_in_threads():
    decryptor = Decryptor(2, pairs=True)
    one, other = Taken(decryptor), Taken(decryptor)
    for number in range(9):
        one.subject.push(packet(number, LARGE))
        other.subject.push(packet(100 + number, LARGE))
    assert await one.all(9) == list(range(9))
    assert await other.all(9) == list(range(100, 109))
    decryptor.close()

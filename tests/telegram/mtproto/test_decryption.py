import asyncio
import threading

import pytest

from telpher.telegram import crypto
from telpher.telegram.mtproto.decryption import OFF_LOOP_FROM, Decryptor, InOrder

KEY = bytes(range(256))
SMALL, LARGE = 32, OFF_LOOP_FROM


def packet(number: int, size: int) -> memoryview:
    """An encrypted packet of the server's, recognisable by its first byte."""
    return memoryview(bytearray(crypto.encrypt(KEY, bytes([number] * size), from_client=False)))


class Held:
    """Threads that do nothing until they are told to."""

    off_loop_from = LARGE

    def __init__(self) -> None:
        self.waiting = []

    def run(self, work) -> None:
        self.waiting.append(work)


class Taken:
    """What was delivered, and what failed."""

    def __init__(self, decryptor) -> None:
        self.numbers: list[int] = []
        self.errors: list[ValueError] = []
        self.threads: set[int] = set()
        self.news = asyncio.Event()
        self.subject = InOrder(KEY, decryptor, self._deliver, self.errors.append)

    def _deliver(self, opened: memoryview) -> None:
        self.threads.add(threading.get_ident())
        self.numbers.append(opened[crypto.HEADER])
        self.news.set()


async def test_small_packets_are_delivered_at_once():
    taken = Taken(Held())
    taken.subject.push(packet(1, SMALL))
    taken.subject.push(packet(2, SMALL))
    assert taken.numbers == [1, 2]
    assert taken.subject.backlog == 0


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_packets_are_delivered_in_the_order_of_their_arrival(order):
    held = Held()
    taken = Taken(held)
    for number, size in enumerate([SMALL, LARGE, SMALL, LARGE, SMALL]):
        taken.subject.push(packet(number, size))
    assert taken.numbers == [0]
    assert taken.subject.backlog > 2 * LARGE
    for number in order:
        held.waiting[number]()
    assert taken.numbers == [0]  # on the loop only
    await asyncio.sleep(0)
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
    held.waiting[0]()
    await asyncio.sleep(0)
    assert taken.numbers == []


@pytest.mark.parametrize("threads", [1, 3])
async def test_threads_decrypt_and_the_loop_delivers(threads):
    decryptor = Decryptor(threads)
    taken = Taken(decryptor)
    for number in range(20):
        taken.subject.push(packet(number, LARGE if number % 3 else SMALL))
    async with asyncio.timeout(60):
        while len(taken.numbers) < 20:
            taken.news.clear()
            await taken.news.wait()
    assert taken.numbers == list(range(20))
    assert taken.threads == {threading.get_ident()}
    decryptor.close()


async def test_without_threads_all_is_done_at_once():
    taken = Taken(Decryptor(0))
    taken.subject.push(packet(1, LARGE))
    assert taken.numbers == [1]


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
    held = Held()

    async def push() -> Taken:
        taken = Taken(held)
        taken.subject.push(packet(1, LARGE))
        return taken

    taken = asyncio.run(push())
    held.waiting[0]()
    assert taken.numbers == []

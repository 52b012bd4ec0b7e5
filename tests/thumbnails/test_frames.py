"""Frames out of real files by the real process, and processes that do what they may not."""

from __future__ import annotations

import asyncio
import struct
import sys
from fractions import Fraction

import psutil
import pytest

from telpher.errors import BusyError, ChunkTimeoutError, TelegramUnavailableError
from telpher.thumbnails import frames, wire
from telpher.thumbnails.frames import FrameTaker, Limits
from tests.thumbnails.films import Film, brightness, film, seen

LONGEST = 640
MIB = 1 << 20


class Upstream:
    """A file's bytes, and what was asked of them."""

    def __init__(self, data: bytes, size: int | None = None) -> None:
        self.data = data
        self.size = len(data) if size is None else size
        self.asked: list[tuple[int, int]] = []

    async def read(self, start: int, stop: int) -> bytes:
        self.asked.append((start, stop))
        await asyncio.sleep(0)
        return self.data[start:stop].ljust(stop - start, b"\0")

    @property
    def granules(self) -> int:
        """What Telegram would be asked for, in bytes: blocks of 64 KiB."""
        blocks = {
            block
            for start, stop in self.asked
            for block in range(start // wire.BLOCK, -(-stop // wire.BLOCK))
        }
        return len(blocks) * wire.BLOCK

    async def frame(self, taker: FrameTaker | None = None) -> bytes | None:
        return await (taker or FrameTaker()).take(self.size, self.read, LONGEST)


@pytest.fixture(autouse=True)
def children():
    """Every process that was begun has ended, and is no zombie either."""
    before = set(psutil.Process().children(recursive=True))
    yield
    left = set(psutil.Process().children(recursive=True)) - before
    assert not left


def test_ffmpeg_is_there() -> None:
    assert frames.can_take()


KINDS = [
    Film(),
    Film("webm", "libvpx-vp9"),
    Film("matroska", "libx265"),
    Film("mp4", "libsvtav1"),
    Film("mpegts"),
    Film("avi", "mpeg4"),
    Film("mpeg", "mpeg2video"),
    Film("flv", "flv1"),
    Film("asf", "wmv2"),
    Film("mp4", movflags="frag_keyframe+empty_moov+default_base_moof"),
    Film("image2pipe", "png", pixel_format="gray", pictures=1),
    Film("image2pipe", "mjpeg", pixel_format="yuvj420p", pictures=1),
    Film("image2pipe", "bmp", pixel_format="gray", pictures=1),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.container}-{kind.codec}")
async def test_every_kind_of_film_and_picture_gives_one(kind: Film) -> None:
    jpeg = await Upstream(film(kind)).frame()
    assert jpeg is not None
    picture = seen(jpeg)
    assert (picture.width, picture.height) == (320, 240)
    # Dark to the left, bright to the right, and on the whole as it was.
    assert 90 < brightness(picture) < 160


async def test_a_large_film_becomes_small_and_keeps_its_shape() -> None:
    jpeg = await Upstream(film(Film(width=1280, height=960, pictures=3))).frame()
    assert jpeg is not None
    assert (seen(jpeg).width, seen(jpeg).height) == (640, 480)
    wide = await Upstream(film(Film(width=320, height=320, pixel=Fraction(2)))).frame()
    assert wide is not None
    assert (seen(wide).width, seen(wide).height) == (640, 320)


def turned(data: bytes, matrix: tuple[int, int, int, int]) -> bytes:
    """An MP4 that is to be shown so (ISO 14496-12, 8.3.2): the matrix of its track's header."""
    at = data.index(b"tkhd") + 44
    a, b, c, d = (each << 16 for each in matrix)
    return data[:at] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + data[at + 36 :]


@pytest.mark.parametrize(
    ("matrix", "sides", "dark"),
    [
        ((0, 1, -1, 0), (240, 320), (0, 0)),  # a quarter clockwise: the left is on top
        ((-1, 0, 0, -1), (320, 240), (310, 0)),  # upside down: the left is on the right
        ((0, -1, 1, 0), (240, 320), (0, 310)),  # a quarter against the clock: the left is below
    ],
)
async def test_what_a_telephone_took_upright_is_shown_upright(
    matrix: tuple[int, int, int, int], sides: tuple[int, int], dark: tuple[int, int]
) -> None:
    jpeg = await Upstream(turned(film(Film()), matrix)).frame()
    assert jpeg is not None
    picture = seen(jpeg).reformat(format="gray")
    assert (picture.width, picture.height) == sides
    pixels, step = bytes(picture.planes[0]), picture.planes[0].line_size
    x, y = dark
    there = pixels[y * step + x]
    opposite = pixels[(sides[1] - 1 - y) * step + sides[0] - 1 - x]
    assert there < 80
    assert opposite > 160


async def test_a_dark_beginning_is_passed_over() -> None:
    jpeg = await Upstream(film(Film(dark=60, pictures=300))).frame()
    assert jpeg is not None
    assert brightness(seen(jpeg)) > 60
    all_dark = await Upstream(film(Film(dark=300, pictures=300))).frame()
    assert all_dark is not None
    assert brightness(seen(all_dark)) < 30


def padded(at: bytes, spec: Film, by: int) -> bytes:
    """The film with `by` bytes of nothing in the box before `at`: a long one costs no time so."""
    data = film(spec)
    place = data.index(at) - 4
    return data[:place] + (by + 8).to_bytes(4, "big") + b"free" + bytes(by) + data[place:]


async def test_an_index_at_the_end_of_a_large_file_costs_little() -> None:
    upstream = Upstream(padded(b"moov", Film(), 100 * MIB))
    assert await upstream.frame()
    assert upstream.granules < MIB


async def test_a_film_in_a_thousand_fragments_costs_little() -> None:
    fragmented = film(Film(movflags="frag_keyframe+empty_moov+default_base_moof"))
    head, fragment = fragmented.index(b"moof") - 4, fragmented.rindex(b"moof") - 4
    one = fragmented[head:fragment]
    gap = (wire.BLOCK * 4).to_bytes(4, "big") + b"free" + bytes(wire.BLOCK * 4 - 8)
    upstream = Upstream(fragmented[:head] + (one + gap) * 300)
    assert upstream.size > 70 * MIB
    assert await upstream.frame()
    assert upstream.granules < 4 * MIB


# Hostile files.


async def nothing_of(data: bytes, size: int | None = None) -> None:
    upstream = Upstream(data, size)
    assert await upstream.frame() is None
    assert upstream.granules <= 32 * MIB


@pytest.mark.parametrize("keep", [0.01, 0.3, 0.9, 0.999])
async def test_a_film_cut_off_does_no_harm(keep: float) -> None:
    whole = film(Film())
    await Upstream(whole[: int(len(whole) * keep)]).frame()


async def test_a_film_that_ends_before_it_says_does_no_harm() -> None:
    whole = film(Film("matroska", pictures=300))
    await Upstream(whole[: len(whole) // 2], size=len(whole)).frame()


@pytest.mark.parametrize("data", [b"\0" * MIB, b"\xff" * MIB, bytes(range(256)) * 4096, b"x"])
async def test_garbage_is_no_film(data: bytes) -> None:
    await nothing_of(data)


@pytest.mark.parametrize(
    "text",
    [
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\nc=IN IP4 127.0.0.1\n",
        b'<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1/</BaseURL></MPD>',
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    ],
)
async def test_what_leads_to_other_files_or_hosts_is_no_film(text: bytes) -> None:
    await nothing_of(text)


def claims_to_be(width: int, height: int) -> bytes:
    """A PNG whose head says so; its pixels are a few bytes (a decompression bomb)."""
    png = bytearray(film(Film("image2pipe", "png", pixel_format="gray", pictures=1)))
    png[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return bytes(png)


@pytest.mark.parametrize("side", [2_000_000_000, 65_000, 20_000, 8000])
async def test_gigantic_dimensions_are_not_decoded(side: int) -> None:
    """What memory it may have all the same: tests/thumbnails/test_helper.py."""
    await nothing_of(claims_to_be(side, side))


async def test_an_endless_file_of_nothing_is_given_up() -> None:
    """Boxes without content, all the way: the search is rationed, then the server says no more."""
    upstream = Upstream(b"\0\0\0\x08free" * (8 * MIB), size=1 << 40)
    assert await upstream.frame() is None
    assert upstream.granules <= 32 * MIB + wire.BLOCK


async def test_a_film_whose_index_points_everywhere_is_given_up() -> None:
    """Each fragment says that the next is far away, for ever."""
    fragmented = film(Film(movflags="frag_keyframe+empty_moov+default_base_moof"))
    head = fragmented.index(b"moof") - 4
    jump = (1 << 24).to_bytes(4, "big") + b"free"

    class Looping(Upstream):
        async def read(self, start: int, stop: int) -> bytes:
            self.asked.append((start, stop))
            if start < head:
                return self.data[start:stop].ljust(stop - start, b"\0")
            return (jump * 8192)[: stop - start]

    upstream = Looping(fragmented[:head], size=1 << 40)
    assert await upstream.frame() is None
    assert upstream.granules <= 32 * MIB


# Processes that do what they may not.


def process(body: str, limits: Limits | None = None) -> FrameTaker:
    """A FrameTaker whose process runs `body`."""
    prelude = (
        "import os, struct, sys, time\n"
        "out, inp = sys.stdout.buffer, sys.stdin.buffer\n"
        "size, longest = struct.unpack('<QI', inp.read(12))\n"
        "def want(offset, count):\n"
        "    out.write(b'R' + struct.pack('<QI', offset, count)); out.flush()\n"
        "    return inp.read(struct.unpack('<I', inp.read(4))[0])\n"
        "def picture(data, count=None):\n"
        "    out.write(b'J' + struct.pack('<I', len(data) if count is None else count) + data)\n"
        "    out.flush()\n"
    )
    return FrameTaker(limits, (sys.executable, "-c", prelude + body))


FILE = Upstream(bytes(range(256)) * 4096)
JPEG = b"\xff\xd8\xff and so on"


async def test_what_the_process_asks_for_it_gets() -> None:
    body = f"assert want(10, 5) == bytes(range(10, 15)); picture({JPEG!r})"
    assert await FILE.frame(process(body)) == JPEG


async def test_behind_the_end_there_is_nothing() -> None:
    body = f"assert want(size - 3, 10) == b'\\xfd\\xfe\\xff'; picture({JPEG!r})"
    assert await FILE.frame(process(body)) == JPEG


@pytest.mark.parametrize(
    "body",
    [
        "sys.exit(0)",
        "os.abort()",
        "os.kill(os.getpid(), 9)",
        "out.write(b'R'); out.flush()",
        "out.write(b'?' * 100); out.flush(); time.sleep(1000)",
        "out.write(b'N'); out.flush(); time.sleep(1000)",
        "want(1 << 63, 1)",
        "want(0, 1 << 31)",
        "want(5, 0)",
        "picture(b'<html>')",
        f"picture({JPEG!r}, 1 << 31)",
        f"picture({JPEG!r}, 100)",
        "os.close(0); os.close(1); time.sleep(1000)",
    ],
)
async def test_a_process_that_misbehaves_is_ended(body: str) -> None:
    assert await FILE.frame(process(body, Limits(seconds=30))) is None


@pytest.mark.parametrize(
    "body",
    [
        "time.sleep(1000)",
        "while True: pass",
        # It ignores what it is told, until the pipe is full.
        "while True: out.write(b'R' + struct.pack('<QI', 0, 65536)); out.flush()",
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)",
    ],
)
async def test_a_process_that_never_ends_is_ended(body: str) -> None:
    assert await FILE.frame(process(body, Limits(seconds=1.0))) is None


async def test_a_process_reads_so_much_and_no_more() -> None:
    body = f"""
while data := want(0, 1000):
    assert len(data) == 1000
picture({JPEG!r})
"""
    upstream = Upstream(FILE.data)
    assert await upstream.frame(process(body, Limits(bytes=10_000))) == JPEG
    assert len(upstream.asked) == 10
    upstream.asked.clear()
    assert await upstream.frame(process(body, Limits(reads=7))) == JPEG
    assert len(upstream.asked) == 7


async def test_what_goes_wrong_with_reading_is_told() -> None:
    async def read(start: int, stop: int) -> bytes:
        raise ChunkTimeoutError("no chunk")

    with pytest.raises(ChunkTimeoutError):
        await process("want(0, 5)").take(100, read, LONGEST)


async def test_bytes_that_do_not_come_are_telegrams_fault_not_the_files() -> None:
    async def read(start: int, stop: int) -> bytes:
        return await asyncio.get_running_loop().create_future()

    with pytest.raises(TelegramUnavailableError):
        await process("want(0, 5)", Limits(seconds=1.0)).take(100, read, LONGEST)


async def test_whoever_leaves_ends_the_process() -> None:
    asked = asyncio.Event()

    async def read(start: int, stop: int) -> bytes:
        asked.set()
        return await asyncio.get_running_loop().create_future()

    taking = asyncio.create_task(process("want(0, 5)").take(100, read, LONGEST))
    await asked.wait()
    assert psutil.Process().children()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking


async def test_so_many_at_once_so_many_wait_and_the_next_is_told() -> None:
    running, most, gate = 0, 0, asyncio.Event()

    async def read(start: int, stop: int) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1
        return b"12345"

    taker = process(f"want(0, 5); picture({JPEG!r})", Limits(at_once=2, waiting=3))
    taking = [asyncio.create_task(taker.take(100, read, LONGEST)) for _ in range(5)]
    for _ in range(5):
        await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await taker.take(100, read, LONGEST)
    gate.set()
    assert await asyncio.gather(*taking) == [JPEG] * 5
    assert most <= 2
    assert await taker.take(100, read, LONGEST) == JPEG


async def test_nobody_waits_long_for_files_that_take_long() -> None:
    gate = asyncio.Event()

    async def read(start: int, stop: int) -> bytes:
        await gate.wait()
        return b"12345"

    taker = process(f"want(0, 5); picture({JPEG!r})", Limits(at_once=1, patience=0.1))
    first = asyncio.create_task(taker.take(100, read, LONGEST))
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await taker.take(100, read, LONGEST)
    gate.set()
    assert await first == JPEG
    assert await taker.take(100, read, LONGEST) == JPEG


async def test_whoever_leaves_the_queue_leaves_a_place() -> None:
    gate = asyncio.Event()

    async def read(start: int, stop: int) -> bytes:
        await gate.wait()
        return b"12345"

    taker = process(f"want(0, 5); picture({JPEG!r})", Limits(at_once=1, waiting=1))
    first = asyncio.create_task(taker.take(100, read, LONGEST))
    await asyncio.sleep(0)
    impatient = asyncio.create_task(taker.take(100, read, LONGEST))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    last = asyncio.create_task(taker.take(100, read, LONGEST))
    await asyncio.sleep(0)
    gate.set()
    assert await first == await last == JPEG


async def test_the_process_is_told_no_secret() -> None:
    """Of the environment it has where the package lies, and nothing else."""
    body = f"picture({JPEG!r} + ' '.join(sorted(os.environ)).encode())"
    told = await FILE.frame(process(body))
    assert told is not None
    names = set(told.removeprefix(JPEG).decode().split())
    assert names <= {"PYTHONPATH", "LC_CTYPE"}

import gc
import os
from pathlib import Path

import pytest

from telpher.telegram.mtproto.frames import Frames, load_extension

PAGE = 4096
STATM = Path("/proc/self/statm")


def not_built():
    raise ImportError("no module named _frames")


def resident():
    """Bytes that this process holds."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def pool():
    """A pool of the extension; what is tested here is how it behaves, not that it was built."""
    extension = pytest.importorskip("telpher.telegram.mtproto._frames")
    return extension.Pool


@pytest.mark.parametrize("load", [load_extension, not_built])
@pytest.mark.parametrize("size", [1, 100, PAGE, PAGE + 1, 1 << 20, (1 << 21) + 1])
def test_memory_is_as_large_as_asked_for_and_writable(load, size):
    memory = Frames(load=load).take(size)
    memory[:] = b"\xaa" * size
    assert len(memory) == size
    assert memory.nbytes == size
    assert bytes(memory[-1:]) == b"\xaa"


def test_without_the_extension_nothing_is_pooled():
    assert not Frames(load=not_built).pooled


def test_memory_is_free_with_the_last_view_and_not_before(pool):
    held = pool(1 << 20)
    first = memoryview(held.take(65536))
    part = first[100:200]
    assert held.held == 0
    first.release()
    gc.collect()
    assert held.held == 0
    part[:3] = b"abc"
    other = memoryview(held.take(65536))
    other[:] = bytes(65536)
    assert bytes(part[:3]) == b"abc"
    del first
    part.release()
    del part
    assert held.held == 65536


def test_free_memory_is_taken_again(pool):
    held = pool(1 << 20)
    view = memoryview(held.take(65536))
    view[-4:] = b"mark"
    del view
    assert bytes(memoryview(held.take(65536))[-4:]) == b"mark"
    assert held.held == 65536


@pytest.mark.parametrize("size", [(1 << 17) + 1124, (1 << 20) + 1124])
def test_memory_is_not_reused_for_much_smaller_packets(pool, size):
    """A cache full of small packets would hold many times what they need."""
    held = pool(1 << 22)
    held.take(size)
    before = held.held
    small = held.take(size - size // 8)
    assert held.held == before
    del small
    assert held.held > before


@pytest.mark.parametrize("doubling", range(17, 21))
def test_at_most_a_sixteenth_is_wasted(pool, doubling):
    for size in (1 << doubling, (1 << doubling) + 1, 3 << (doubling - 1), (2 << doubling) - 1):
        held = pool(1 << 24)
        held.take(size)
        assert size <= held.held <= size + (1 << doubling) // 16


def test_what_is_kept_is_bounded_and_the_oldest_goes_first(pool):
    small, large = 65536, 131072
    held = pool(3 * large)
    frames = [held.take(size) for size in (small, large, small, large, large)]
    while frames:
        frames.pop(0)
        assert held.held <= 3 * large
    # Both that were given back first are gone, so that only one of 64 KiB is left.
    assert held.held == small + large + large
    left = held.take(small)
    assert held.held == large + large
    del left


def test_one_frame_that_is_more_than_may_be_kept(pool):
    held = pool(65536)
    held.take(65536)
    held.take(70_000)
    assert held.held == 0


@pytest.mark.parametrize("size", [1, 65535, (1 << 21) + 1])
def test_only_packets_as_large_as_chunks_are_pooled(pool, size):
    held = pool(1 << 30)
    memoryview(held.take(size))[:] = bytes(size)
    assert held.held == 0


@pytest.mark.skipif(not STATM.exists(), reason="Linux tells there what a process holds")
@pytest.mark.parametrize("load", [load_extension, not_built])
def test_memory_of_many_sizes_goes_back_to_the_kernel(load):
    """A heap would keep it, for the frames that are still there in between."""
    frames = Frames(1 << 20, load)
    sizes = [(65 << 10) + 7919 * number % (1 << 20) for number in range(200)]
    before = resident()
    views = [frames.take(size) for size in sizes]
    for view in views:
        view[:] = bytes(len(view))
    assert resident() - before >= sum(sizes)
    left = [view for number, view in enumerate(views) if number % 10 == 0]
    del views, view
    assert resident() - before <= 1.1 * sum(map(len, left)) + (8 << 20)


def test_frames_outlive_their_pool(pool):
    frame = memoryview(pool(1 << 20).take(100))
    gc.collect()
    frame[:] = bytes(100)


@pytest.mark.parametrize("wrong", [0, -1])
def test_sizes_that_are_none(pool, wrong):
    with pytest.raises(ValueError, match="positive"):
        pool(1).take(wrong)


def test_arguments_that_are_none(pool):
    held = pool(1)
    for arguments in ((), (1, 2), ("1",)):
        with pytest.raises(TypeError):
            held.take(*arguments)
    with pytest.raises(OverflowError):
        held.take(1 << 70)
    with pytest.raises(ValueError, match="negative"):
        pool(-1)
    with pytest.raises(TypeError):
        type(held.take(1))()

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from telpher.core.chunks import GRANULE, PAGE
from telpher.streaming.disk.files import OsFiles
from telpher.streaming.disk.page import HEADER, HEADER_USED, Span
from telpher.streaming.disk.store import FolderInUseError, Loaded, PageStore
from tests.streaming.disk.fakes import (
    FILM,
    PHOTO,
    PowerCutError,
    TroubledFiles,
    of,
    page_files,
)

K64 = GRANULE
FIRST = Span.of(FILM, 0, K64)
PART = Span.of(FILM, 2 * K64, 3 * K64)
WHOLE = Span.of(FILM, 0, PAGE)
END = Span.of(FILM, 9 * PAGE, PAGE)


@pytest.fixture
def files() -> TroubledFiles:
    return TroubledFiles()


@pytest.fixture
def store(tmp_path: Path, files: TroubledFiles) -> Iterator[PageStore]:
    store = PageStore(tmp_path / "cache", files)
    store.open()
    yield store
    store.close()


def save(store: PageStore, *spans: Span) -> None:
    for span in spans:
        store.save(span, of(span), ())


def the_file(folder: Path) -> Path:
    (path,) = page_files(folder / "cache")
    return path


@pytest.mark.parametrize("span", [FIRST, PART, WHOLE, END, Span.of(PHOTO, 0, K64)])
def test_what_is_saved_is_loaded(store: PageStore, span: Span):
    assert store.load(span) == Loaded(None)
    assert store.save(span, of(span), ()).present == span.mask
    assert store.load(span) == Loaded(of(span), span.mask)


def test_a_view_is_saved_as_well(store: PageStore):
    store.save(PART, memoryview(b"x" + of(PART))[1:], ())
    assert store.load(PART).data == of(PART)


def test_a_page_fills_up_in_several_writes(store: PageStore):
    save(store, PART, FIRST)
    assert store.load(WHOLE) == Loaded(None, 0b11101)
    assert store.load(PART).data == of(PART)
    assert store.save(WHOLE, of(WHOLE), ()).present == WHOLE.mask
    assert store.load(WHOLE).data == of(WHOLE)


def test_what_is_there_is_not_written_again(store: PageStore):
    save(store, PART)
    store.save(WHOLE, bytes(PAGE), ())
    assert store.load(PART).data == of(PART)
    assert store.load(FIRST).data == bytes(K64)


def test_it_survives_a_restart(store: PageStore, tmp_path: Path):
    save(store, PART, END)
    store.close()
    again = PageStore(tmp_path / "cache", OsFiles())
    assert {found.key for found in again.open().found} == {PART.key, END.key}
    assert again.load(PART).data == of(PART)
    assert again.load(END).data == of(END)
    again.close()


def test_found_by_the_time_of_their_last_use(store: PageStore, tmp_path: Path):
    spans = [Span.of(FILM, number * PAGE, K64) for number in range(4)]
    save(store, *spans)
    for at, span in enumerate(spans):
        (path,) = (tmp_path / "cache").glob(f"??/{span.key.name}")
        os.utime(path, (at, at))
    assert [found.key.number for found in store.open().found] == [0, 1, 2, 3]
    store.load(spans[1])
    assert [found.key.number for found in store.open().found] == [0, 2, 3, 1]


def test_found_with_the_space_they_take(store: PageStore):
    save(store, PART)
    (found,) = store.open().found
    assert HEADER + PART.length <= found.space < PAGE


def test_the_evicted_are_removed_before_the_write(store: PageStore, tmp_path: Path):
    save(store, FIRST)
    store.save(END, of(END), [FIRST.key])
    assert the_file(tmp_path).name == END.key.name
    store.remove([END.key, FIRST.key])
    assert page_files(tmp_path) == []


def test_a_folder_is_one_processes(store: PageStore, tmp_path: Path):
    other = PageStore(tmp_path / "cache", OsFiles())
    with pytest.raises(FolderInUseError, match="another process"):
        other.open()
    store.close()
    other.open()
    other.close()


def test_listing_again_keeps_the_lock(store: PageStore, tmp_path: Path):
    store.open()
    with pytest.raises(FolderInUseError):
        PageStore(tmp_path / "cache", OsFiles()).open()


def test_other_files_are_left_alone(store: PageStore, tmp_path: Path):
    save(store, FIRST)
    folder = the_file(tmp_path).parent
    (folder / "holiday.jpg").write_bytes(b"x")
    (folder / "1-5-0").write_bytes(b"in a folder where it does not belong")
    (tmp_path / "cache" / "1-5-0").write_bytes(b"x")
    assert [found.key for found in store.open().found] == [FIRST.key]
    assert len(list(folder.iterdir())) == 3


def test_a_folder_that_somebody_removed_is_made_again(store: PageStore, tmp_path: Path):
    save(store, FIRST)
    the_file(tmp_path).unlink()
    (tmp_path / "cache" / "lock").unlink()
    for folder in (tmp_path / "cache").iterdir():
        folder.rmdir()
    (tmp_path / "cache").rmdir()
    assert store.load(FIRST) == Loaded(None)
    save(store, FIRST)
    assert store.load(FIRST).data == of(FIRST)


@pytest.mark.parametrize(
    ("at", "bit"),
    [
        (0, 1),  # the magic
        (8, 1),  # the checksum of the first granule
        (12, 1),  # its present bit
        (15, 128),
        (HEADER, 1),
        (HEADER + K64 - 1, 64),
    ],
)
def test_a_changed_bit_is_never_passed_on(store: PageStore, tmp_path: Path, at: int, bit: int):
    save(store, FIRST)
    data = bytearray(the_file(tmp_path).read_bytes())
    data[at] ^= bit
    the_file(tmp_path).write_bytes(data)
    loaded = store.load(FIRST)
    assert loaded.data is None
    assert loaded.useless


@pytest.mark.parametrize("length", [1, HEADER_USED - 1, HEADER_USED, HEADER, HEADER + K64 - 1])
def test_a_file_cut_short_is_damaged(store: PageStore, tmp_path: Path, length: int):
    save(store, FIRST)
    os.truncate(the_file(tmp_path), length)
    assert store.load(FIRST) == Loaded(None, damaged=True)


@pytest.mark.parametrize("written", [0, 1, PART.length - 1, PART.length])
def test_a_first_write_that_was_cut_off_leaves_nothing_and_no_damage(
    store: PageStore, files: TroubledFiles, written: int
):
    files.until_cut = written
    with pytest.raises(PowerCutError):
        save(store, PART)
    assert store.load(PART) == Loaded(None)
    files.until_cut = None
    save(store, PART)
    assert store.load(PART).data == of(PART)


def test_a_file_in_anothers_place_is_damaged(store: PageStore, tmp_path: Path):
    save(store, FIRST)
    path = the_file(tmp_path)
    path.rename(path.with_name(Span.of(FILM, PAGE, K64).key.name))
    assert store.load(Span.of(FILM, PAGE, K64)).damaged


def test_damage_of_one_granule_is_found_when_it_is_read(store: PageStore, tmp_path: Path):
    save(store, WHOLE)
    with the_file(tmp_path).open("r+b") as file:
        file.seek(PART.start)
        file.write(b"damage")
    assert store.load(FIRST).data == of(FIRST)
    assert store.load(WHOLE).damaged
    assert store.load(PART).damaged


def test_a_file_without_a_header_begins_anew(store: PageStore, tmp_path: Path):
    save(store, WHOLE)
    with the_file(tmp_path).open("r+b") as file:
        file.write(b"damage")
    assert store.save(FIRST, of(FIRST), ()).present == FIRST.mask
    assert the_file(tmp_path).stat().st_size == HEADER + K64
    assert store.load(FIRST).data == of(FIRST)


def test_writes_in_small_pieces_are_whole_in_the_end(store: PageStore, files: TroubledFiles):
    files.most = 10_007
    save(store, PART)
    assert store.load(PART).data == of(PART)


@pytest.mark.parametrize("room", [0, 1, K64, PART.length, PART.length + 10])
def test_a_full_disk_is_an_error_and_leaves_nothing_wrong(
    store: PageStore, files: TroubledFiles, room: int
):
    save(store, FIRST)
    files.room = room
    with pytest.raises(OSError, match="No space") as caught:
        save(store, PART)
    assert caught.value.errno == errno.ENOSPC
    assert store.load(PART).data is None
    assert store.load(FIRST).data == of(FIRST)


def test_nothing_is_written_when_the_evicted_cannot_be_removed(
    store: PageStore, files: TroubledFiles
):
    files.failing["remove"] = OSError(errno.EIO, "broken")
    with pytest.raises(OSError, match="broken"):
        store.save(FIRST, of(FIRST), [END.key])
    assert store.load(FIRST) == Loaded(None)


def test_a_disk_that_became_read_only_can_be_read(store: PageStore, files: TroubledFiles):
    save(store, FIRST)
    files.failing["touch"] = OSError(errno.EROFS, "read-only")
    assert store.load(FIRST).data == of(FIRST)


@pytest.mark.parametrize("operation", ["save", "load"])
def test_an_error_leaves_no_file_open(store: PageStore, files: TroubledFiles, operation: str):
    save(store, FIRST)
    before = os.listdir("/proc/self/fd")
    files.failing["read"] = OSError(errno.EIO, "broken")
    with pytest.raises(OSError, match="broken"):
        store.save(PART, of(PART), ()) if operation == "save" else store.load(PART)
    assert os.listdir("/proc/self/fd") == before


SPANS = st.builds(
    lambda number, first, more: Span.of(
        FILM, number * PAGE + first * K64, min(more, (4 if number == 9 else 16) - first) * K64
    ),
    st.sampled_from([0, 4, 9]),
    st.integers(0, 3),
    st.integers(1, 5),
)


class CrashMachine(RuleBasedStateMachine):
    """Writes, power cuts, restarts and damage in any order.

    Whatever happened, a load is right or nothing; and what was saved to a page that nobody damaged
    since is there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.saved: dict[str, int] = {}  # by the page's name, as in Span.mask
        self.suspect: set[str] = set()
        self.start()

    def start(self) -> None:
        self.files = TroubledFiles()
        self.store = PageStore(Path(self.folder.name), self.files)
        self.store.open()

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @rule(span=SPANS)
    def save(self, span: Span) -> None:
        saved = self.store.save(span, of(span), ())
        self.saved[span.key.name] = self.saved.get(span.key.name, 0) | span.mask
        assert saved.present & span.mask == span.mask

    @rule(span=SPANS)
    def load(self, span: Span) -> None:
        loaded = self.store.load(span)
        assert loaded.data in (None, of(span))
        name = span.key.name
        if name not in self.suspect and self.saved.get(name, 0) & span.mask == span.mask:
            assert loaded.data == of(span)
        if loaded.useless:
            self.store.remove([span.key])
            self.suspect.discard(name)
            self.saved.pop(name, None)

    @rule(span=SPANS, after=st.integers(0, 5 * K64 + HEADER_USED), lost=st.booleans())
    def power_cut(self, span: Span, after: int, lost: bool) -> None:
        """With `lost` the disk has the size and the header, and zeros for the data."""
        self.files.until_cut = after
        with suppress(PowerCutError):
            self.store.save(span, of(span), ())
        self.store.close()
        for path in self.paths():
            if lost and path.name == span.key.name:
                self.change(path, slice(span.start, None), lambda old: bytes(len(old)))
        self.start()

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.start()

    @precondition(lambda self: self.paths())
    @rule(
        data=st.data(),
        at=st.integers(0, HEADER_USED) | st.integers(HEADER, HEADER + 8 * K64),
        length=st.integers(1, 200),
        flip=st.integers(1, 255),
    )
    def garble(self, data: st.DataObject, at: int, length: int, flip: int) -> None:
        path = data.draw(st.sampled_from(self.paths()))
        flipped = bytes(byte ^ flip for byte in range(256))
        self.change(path, slice(at, at + length), lambda old: old.translate(flipped))

    @precondition(lambda self: self.paths())
    @rule(data=st.data(), length=st.integers(0, HEADER + 8 * K64))
    def cut(self, data: st.DataObject, length: int) -> None:
        path = data.draw(st.sampled_from(self.paths()))
        self.change(path, slice(length, None), lambda _: b"")

    def change(self, path: Path, part: slice, change: Callable[[bytes], bytes]) -> None:
        content = bytearray(path.read_bytes())
        content[part] = change(bytes(content[part]))
        path.write_bytes(content)
        self.suspect.add(path.name)

    def paths(self) -> list[Path]:
        return sorted(page_files(Path(self.folder.name)))


CrashMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestCrashMachine = CrashMachine.TestCase

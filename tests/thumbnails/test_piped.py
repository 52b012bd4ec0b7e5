"""The file on the helper's side, against a server that is written down."""

from __future__ import annotations

import io
import os

import pytest

from telpher.thumbnails import wire
from telpher.thumbnails.piped import RationedFile, RationSpentError

DATA = bytes(range(256)) * 1024  # 256 KiB


def file_of(answers: list[bytes], size: int = len(DATA)) -> tuple[RationedFile, io.BytesIO]:
    said = b"".join(wire.COUNT.pack(len(each)) + each for each in answers)
    asked = io.BytesIO()
    file = RationedFile(size, asked, io.BytesIO(said))
    file.ration(100, 1 << 30)
    return file, asked


def wanted(asked: io.BytesIO) -> list[tuple[int, int]]:
    said, step = asked.getvalue(), 1 + wire.RANGE.size
    messages = [said[at : at + step] for at in range(0, len(said), step)]
    assert all(each.startswith(wire.WANT) for each in messages)
    return [wire.RANGE.unpack(each[1:]) for each in messages]


def test_reads_go_on_where_the_last_one_ended() -> None:
    file, asked = file_of([b"abc", b"de"])
    assert file.read(3) == b"abc"
    assert file.read(2) == b"de"
    assert wanted(asked) == [(0, 3), (3, 2)]
    assert file.tell() == 5


def test_no_more_than_a_block_is_asked_for() -> None:
    file, asked = file_of([DATA[: wire.BLOCK]])
    assert len(file.read(1 << 30)) == wire.BLOCK
    assert wanted(asked) == [(0, wire.BLOCK)]


def test_the_end_needs_no_question() -> None:
    file, asked = file_of([], size=10)
    file.seek(10)
    assert file.read(5) == b""
    file.seek(1 << 60)
    assert file.read(5) == b""
    assert wanted(asked) == []


def test_places() -> None:
    file, asked = file_of([b"xy"])
    assert file.seek(-2, os.SEEK_END) == len(DATA) - 2
    assert file.seek(1, os.SEEK_CUR) == len(DATA) - 1
    assert file.seek(-5) == 0
    assert file.seek(7) == 7
    file.read(2)
    assert wanted(asked) == [(7, 2)]


def test_a_server_that_gives_no_more_is_an_end() -> None:
    file, _ = file_of([b""])
    assert file.read(5) == b""


def test_a_server_that_has_gone() -> None:
    file = RationedFile(10, io.BytesIO(), io.BytesIO(wire.COUNT.pack(5) + b"abc"))
    file.ration(1, 100)
    with pytest.raises(EOFError):
        file.read(5)


def test_jumps_are_rationed_and_reading_on_is_none() -> None:
    file, _ = file_of([b"a"] * 10)
    file.ration(2, 100)
    file.read(1)
    file.seek(50)
    file.read(1)
    file.read(1)
    file.seek(0)
    file.read(1)
    assert not file.spent
    file.seek(99)
    with pytest.raises(RationSpentError):
        file.read(1)
    assert file.spent


def test_bytes_are_rationed_and_a_new_ration_is_a_new_beginning() -> None:
    file, _ = file_of([b"abcde"] * 3)
    file.ration(2, 10)
    file.read(5)
    file.read(5)
    with pytest.raises(RationSpentError):
        file.read(5)
    file.ration(2, 10)
    assert not file.spent
    assert file.read(5) == b"abcde"

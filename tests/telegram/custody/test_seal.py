"""Sealed sessions can be opened by their owner, under their name, unchanged; by nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.telegram.custody.seal import BrokenSealError, Seal

SECRET = "0123456789abcdef0123456789abcdef"


@given(st.text(), st.text())
def test_what_was_sealed_comes_out(name, text):
    if any("\ud800" <= each <= "\udfff" for each in name + text):
        return
    assert Seal(SECRET).open(name, Seal(SECRET).close(name, text)) == text


def test_nothing_of_it_can_be_read():
    blob = Seal(SECRET).close("bot1/0", "a key " * 100)
    assert b"a key" not in blob
    assert blob != Seal(SECRET).close("bot1/0", "a key " * 100)


def test_another_secret_does_not_open_it():
    blob = Seal(SECRET).close("bot1/0", "text")
    with pytest.raises(BrokenSealError):
        Seal("another").open("bot1/0", blob)


def test_it_belongs_to_its_name():
    blob = Seal(SECRET).close("bot1/0", "text")
    with pytest.raises(BrokenSealError):
        Seal(SECRET).open("bot1/1", blob)


def test_every_changed_byte_is_noticed():
    blob = Seal(SECRET).close("bot1/0", "text")
    for place in range(len(blob)):
        changed = bytearray(blob)
        changed[place] ^= 1
        with pytest.raises(BrokenSealError):
            Seal(SECRET).open("bot1/0", bytes(changed))


@pytest.mark.parametrize("length", [0, 1, 12, 13, 20, 28])
def test_a_piece_of_it_is_none(length):
    blob = Seal(SECRET).close("bot1/0", "text")[:length]
    with pytest.raises(BrokenSealError):
        Seal(SECRET).open("bot1/0", blob)


def test_the_secret_is_not_printed():
    assert SECRET not in repr(Seal(SECRET))

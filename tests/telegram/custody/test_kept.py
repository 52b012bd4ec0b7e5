"""A session as text and back, and which copy is newer."""

import pytest

from telpher.telegram.custody.kept import Kept, age, dump, restored


@pytest.mark.parametrize("kept", [Kept("a session"), Kept("{}", 3, 7, 1, 1_700_000_000.5)])
def test_it_comes_back(kept):
    assert restored(dump(kept)) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "kept": [0, 0, null, 0], "session": ""}',
        '{"version": 1, "kept": [0], "session": ""}',
        '{"version": 1, "kept": ["x", 0, null, 0], "session": ""}',
        '{"version": 1, "kept": [0, 0, null, 0]}',
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises((ValueError, KeyError, TypeError)):
        restored(text)


def test_whoever_held_the_slot_later_has_the_newer_one():
    assert age(Kept("", 2, 1)) > age(Kept("", 1, 99)) > age(Kept("", 1, 98))

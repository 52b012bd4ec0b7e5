import pytest

from telpher.core.filekeys import FileKeys
from telpher.core.links import LinkSigner

SECRET = b"s" * 32


def test_a_file_has_one_key_for_as_long_as_the_secret_stays():
    assert FileKeys(SECRET).of(77) == FileKeys(SECRET).of(77)
    assert FileKeys(SECRET).of(77) == "VKXwbzLYg9r0or1P"


def test_without_the_secret_a_key_tells_nothing():
    keys = {FileKeys(secret).of(77) for secret in (SECRET, b"t" * 32, b"")}
    assert len(keys) == 3
    assert "77" not in keys


@pytest.mark.parametrize("number", [0, -1, (1 << 63) - 1, -(1 << 63)])
def test_every_id_has_a_key_of_its_own(number):
    key = FileKeys(SECRET).of(number)
    assert len(key) == 16
    assert key != FileKeys(SECRET).of(77)


def test_larger_numbers_are_no_ids():
    with pytest.raises(OverflowError):
        FileKeys(SECRET).of(1 << 63)


def test_the_secret_is_not_shown():
    assert "sss" not in repr(FileKeys(SECRET))
    assert LinkSigner(SECRET)  # the same secret signs links, under another label

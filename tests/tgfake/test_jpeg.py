"""Sizes of pictures, read out of the pictures."""

import pytest

from tgfake.jpeg import sides
from tgfake.world.files import TINY_JPEG


def test_the_frame_header_tells() -> None:
    assert sides(TINY_JPEG) == (16, 16)
    wide = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc2\x00\x11\x08\x01\x40\x02\x80\x03"
    assert sides(wide) == (640, 320)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"GIF89a" * 9, TINY_JPEG[:100]])
def test_what_is_no_jpeg_has_none(data: bytes) -> None:
    assert sides(data) is None

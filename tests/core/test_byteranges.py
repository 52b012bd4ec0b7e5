"""The layout of several ranges, read back by a parser that shares nothing with it."""

from __future__ import annotations

from email.parser import BytesParser

from hypothesis import given
from hypothesis import strategies as st

from telpher.core.byteranges import Layout, content_range, lay_out
from telpher.core.ranges import Single

FILE = bytes(range(256)) * 4


def body(layout: Layout) -> bytes:
    """What goes out."""
    parts = (part.head + FILE[part.start : part.stop] for part in layout.parts)
    return b"".join(parts) + layout.tail


def test_every_byte_of_a_small_body() -> None:
    layout = lay_out([Single(0, 3), Single(65, 67)], 1024, "video/mp4", "B")
    assert body(layout) == (
        b"--B\r\nContent-Type: video/mp4\r\nContent-Range: bytes 0-2/1024\r\n\r\n\x00\x01\x02"
        b"\r\n--B\r\nContent-Type: video/mp4\r\nContent-Range: bytes 65-66/1024\r\n\r\nAB"
        b"\r\n--B--\r\n"
    )


def test_what_a_content_range_says() -> None:
    assert content_range(Single(0, 500), 10_000) == "bytes 0-499/10000"


ranges = st.lists(
    st.tuples(st.integers(0, 1023), st.integers(1, 50)).map(
        lambda pair: Single(pair[0], min(pair[0] + pair[1], 1024))
    ),
    min_size=2,
    max_size=8,
)


@given(ranges)
def test_the_length_is_exact_and_a_parser_finds_the_parts(asked: list[Single]) -> None:
    layout = lay_out(asked, len(FILE), "audio/ogg", "a1b2" * 8)
    sent = body(layout)
    assert layout.length == len(sent)
    head = b"Content-Type: multipart/byteranges; boundary=" + b"a1b2" * 8 + b"\r\n\r\n"
    parsed = BytesParser().parsebytes(head + sent)
    found = [each["content-range"] for each in parsed.get_payload()]
    assert found == [content_range(each, len(FILE)) for each in asked]
    assert {each.get_content_type() for each in parsed.get_payload()} == {"audio/ogg"}

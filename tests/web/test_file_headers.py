"""The parts of a file's headers that no request of tests/web/test_stream.py shows."""

from __future__ import annotations

from dataclasses import replace

from telpher.web.file_headers import file_headers, validators
from tests.web.fakes import MOVIE


def test_a_file_without_a_date_has_no_last_modified() -> None:
    headers = file_headers(replace(MOVIE, date=0), attachment=False)
    assert "Last-Modified" not in headers
    assert set(validators(headers)) == {"ETag", "Cache-Control"}


def test_the_tag_is_of_the_bytes_alone() -> None:
    renamed = replace(MOVIE, name="other.mkv", mime_type="video/webm", date=1, duration=9)
    tags = [file_headers(info, attachment=True)["ETag"] for info in (MOVIE, renamed)]
    assert tags[0] == tags[1]
    assert tags[0].startswith('"'), "strong"
    assert file_headers(replace(MOVIE, size=1), attachment=True)["ETag"] != tags[0]

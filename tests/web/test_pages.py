"""Templates."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import jinja2
import pytest

from telpher.web.pages import PAGE_HEADERS, Pages

VALUES = {
    "title": "Gone",
    "message": "<script>alert(1)</script>",
    "status": 410,
    "request_id": "abc",
    "retry_after": None,
}
FOLDER = Path(str(resources.files("telpher.web").joinpath("templates")))
TEMPLATES = sorted(str(each.relative_to(FOLDER)) for each in FOLDER.rglob("*.html"))


def test_values_are_escaped() -> None:
    text = bytes(Pages().answer("error.html", VALUES).body).decode()
    assert "&lt;script&gt;" in text
    assert "<script" not in text


def test_a_value_that_is_missing_is_a_mistake() -> None:
    with pytest.raises(jinja2.UndefinedError):
        Pages().answer("error.html", {"title": "Gone"})


def test_headers_of_an_answer_go_on_top() -> None:
    answer = Pages().answer("error.html", VALUES, 410, {"Retry-After": "1"})
    assert answer.status_code == 410
    assert answer.headers["retry-after"] == "1"
    for name, value in PAGE_HEADERS.items():
        assert answer.headers[name] == value


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_page_loads_from_elsewhere_or_holds_a_script(name: str) -> None:
    text = (FOLDER / name).read_text()
    assert not re.search(r"\son\w+=|https?:|//cdn|@import|url\(", text)
    assert not re.search(r'<script(?! (defer )?src="\{\{ [^"]+ \}\}"></script>)', text)

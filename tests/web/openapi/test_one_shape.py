"""Errors look the same on every route, and every answer names its request."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
import structlog

from telpher.web.errors import MESSAGES
from tests.web.api.house import House
from tests.web.openapi.test_operations import described, document, example
from tests.web.raw import wire

BROWSER = {"Accept": "text/html"}


def addresses(document: Any) -> dict[str, set[str]]:
    """Every path with what may stand in it, and its methods."""
    values = {"link_id": "5", "user_id": "7"}
    found = {}
    for path, about in document["paths"].items():
        address = path.format_map(values) if path.startswith("/api/") else example(path, about)
        found[address] = {method.upper() for method in about}
    return found


def check(answer: httpx.Response, error: str) -> None:
    """Of the one shape, and no more than that."""
    detail = answer.json()["detail"]
    assert set(detail) == {"error", "message", "request_id"}
    assert (detail["error"], detail["message"]) == (error, MESSAGES[error])
    assert detail["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["PATCH", "PROPFIND", "TRACE"])
async def test_other_methods_are_refused_with_those_there_are(home: House, method: str) -> None:
    for address, methods in addresses(await document(home)).items():
        answer = await home.http.request(method, address)
        assert answer.status_code == 405, address
        assert answer.headers["allow"] == ", ".join(sorted(methods)), address
        check(answer, "method_not_allowed")
        page = await home.http.request(method, address, headers=BROWSER)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["allow"] == answer.headers["allow"]
        assert page.headers["x-request-id"] in page.text


async def test_every_answer_names_its_request(home: House) -> None:
    seen = set()
    for method, path, _ in described(await document(home)):
        address = path.format(**dict.fromkeys(PARAMETERS, "1")) if "{" in path else path
        answer = await home.http.request(method, address)
        assert len(answer.headers["x-request-id"]) == 16, (method, path)
        seen.add(answer.headers["x-request-id"])
    assert len(seen) > 30


PARAMETERS = (
    *("chat_id", "message_id", "file_name", "playlist_id", "form", "link_id", "user_id"),
    "name",
)


@pytest.mark.parametrize("path", ["/nothing", "/api", "/api/", "/api/links/", "/static/x.js"])
async def test_what_is_nowhere(home: House, path: str) -> None:
    answer = await home.http.get(path)
    assert answer.status_code == 404
    check(answer, "not_found")


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400, "bad_request"),
        (b"nonsense\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 33_000 + b"\r\n\r\n", 431, "headers_too_large"),
    ],
)
async def test_what_never_became_a_request(
    home: House, sent: bytes, status: int, error: str
) -> None:
    async with wire(home.server.port) as connection:
        connection.writer.write(sent)
        head = await connection.head()
        body = await connection.rest()
    check(httpx.Response(head.status, headers=head.headers, content=body), error)
    assert head.status == status


class Entries(logging.Handler):
    """The request each entry of the log is tagged with."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[object] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.ids.append(structlog.contextvars.get_contextvars().get("request_id"))


async def test_what_is_logged_for_a_request_names_it(home: House) -> None:
    entries = Entries()
    logger = logging.getLogger("telpher.test")
    logger.addHandler(entries)

    async def locate(ref: object) -> Any:
        logger.warning("in the middle of it")
        raise NotImplementedError

    home.world.engine.locate = locate  # type: ignore[method-assign]
    try:
        body = {"chat_id": 1, "message_id": 1, "owner": 7}
        answer = await home.http.post("/api/links", json=body)
    finally:
        logger.removeHandler(entries)
    assert answer.status_code == 500
    assert entries.ids == [answer.headers["x-request-id"]]
    check(answer, "internal")

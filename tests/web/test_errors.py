"""One shape, as JSON or as a page; nothing internal in it."""

from __future__ import annotations

import logging

import httpx
import pytest
import structlog

from telpher import errors as tree
from telpher.core.model import MessageRef
from telpher.errors import SettingsError, TelpherError
from telpher.web.errors import MESSAGES
from telpher.web.server import HttpServer
from tests.web.fakes import KEY, REF, World
from tests.web.raw import wire

STREAM = f"/stream/{REF.chat_id}/{REF.message_id}?k={KEY}"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_an_unknown_address(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nothing/here")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "Accept"
    assert answer.json() == {
        "detail": {
            "error": "not_found",
            "message": MESSAGES["not_found"],
            "request_id": answer.headers["x-request-id"],
        }
    }


@pytest.mark.parametrize("path", ["/", "/health", "/health/live"])
async def test_a_method_that_a_page_does_not_have(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json()["detail"]["error"] == "method_not_allowed"


async def test_a_page_for_browsers(world: World, client: httpx.AsyncClient) -> None:
    world.engine.fail_open = tree.FloodWaitError(33)
    answer = await client.get(STREAM, headers=BROWSER)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["retry-after"] == "33"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
    assert MESSAGES["flood_wait"].partition(".")[0] in answer.text
    assert "33 s" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "<script" not in answer.text


async def test_the_address_is_not_echoed(client: httpx.AsyncClient) -> None:
    for headers in ({}, BROWSER):
        answer = await client.get("/stream/123456789/<b>secret</b>?k=abc", headers=headers)
        assert answer.status_code == 404
        for part in ("123456789", "secret", "abc"):
            assert part not in answer.text.replace(answer.headers["x-request-id"], "")


class ContextOfRecords(logging.Handler):
    """What the log entries of a request would be tagged with."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[logging.LogRecord, dict[str, object]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append((record, dict(structlog.contextvars.get_contextvars())))


@pytest.mark.parametrize("error", [ZeroDivisionError("secret"), SettingsError(["secret"])])
async def test_a_bug_is_reported_under_the_id_of_its_request(
    world: World, client: httpx.AsyncClient, error: Exception
) -> None:
    records = ContextOfRecords()
    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(records)
    try:
        world.engine.fail_locate = error
        answer = await client.get(STREAM)
    finally:
        logger.removeHandler(records)
    assert answer.status_code == 500
    assert answer.json()["detail"]["error"] == "internal"
    assert "secret" not in answer.text
    [context] = [context for record, context in records.seen if record.exc_info]
    assert context["request_id"] == answer.json()["detail"]["request_id"]


async def test_a_bug_has_an_id_in_its_headers_and_leaves_the_server_alive(
    world: World, server: HttpServer
) -> None:
    world.engine.fail_locate = ZeroDivisionError()
    async with wire(server.port) as connection:
        head = await connection.ask(STREAM)
        assert head.status == 500
        assert len(head.headers["x-request-id"]) == 16
        world.engine.fail_locate = None
    async with wire(server.port) as connection:
        assert (await connection.ask(STREAM)).status == 200


def public_errors() -> list[type[TelpherError]]:
    """The errors of the tree that may reach a viewer."""
    inside = {
        *("settings", "reference_expired", "migrate", "chunk_timeout"),
        *("authorisation_lost", "key_duplicated", "off_duty"),
    }
    found = [each for each in vars(tree).values() if isinstance(each, type)]
    return [e for e in found if issubclass(e, TelpherError) and e.key not in inside]


@pytest.mark.parametrize("error", public_errors())
def test_every_error_of_the_tree_has_its_sentence(error: type[TelpherError]) -> None:
    assert error.key in MESSAGES


@pytest.mark.parametrize("message", MESSAGES.values())
def test_every_sentence_is_one(message: str) -> None:
    assert message[0].isupper()
    assert message.endswith(".")
    assert "  " not in message


async def test_an_error_that_means_something_inside_only_is_not_named(
    world: World, client: httpx.AsyncClient
) -> None:
    world.engine.fail_open = tree.MigrateError(4)
    answer = await client.get(STREAM)
    assert (answer.status_code, answer.json()["detail"]["error"]) == (502, "telegram")
    assert MessageRef(1, 2) not in world.engine.files

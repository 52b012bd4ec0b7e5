"""From the log to the troubles: what is noted, with what diagnosis."""

import io
import json
import logging
from typing import Any

import pytest
import structlog

from telpher.observe import logs
from telpher.observe.troubles import Trouble, Troubles


class ServerSelectionTimeoutError(Exception):
    """As the database's driver calls it."""


@pytest.fixture
def troubles(out: io.StringIO) -> Troubles:
    each = Troubles()
    logs.setup("INFO", "json", ["a-secret"], out, each)
    return each


def entries(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def only(troubles: Troubles) -> Trouble:
    (trouble,) = troubles.recent()
    return trouble


def test_an_error_that_is_known_is_explained_in_its_entry(
    out: io.StringIO, troubles: Troubles
) -> None:
    try:
        raise ServerSelectionTimeoutError("no server")
    except ServerSelectionTimeoutError:
        structlog.get_logger("telpher.storage").exception("it failed")
    (entry,) = entries(out)
    assert entry["diagnosis"] == "mongodb-away"
    assert "access list" in entry["remedy"]
    assert not any(name.startswith("_") for name in entry)
    trouble = only(troubles)
    assert trouble.diagnosis is not None
    assert trouble.diagnosis.key == "mongodb-away"
    assert trouble.summary == "it failed: ServerSelectionTimeoutError: no server"
    assert trouble.kind == "ServerSelectionTimeoutError"


@pytest.mark.parametrize("get_logger", [structlog.get_logger, logging.getLogger])
def test_a_text_that_names_the_error_is_enough(
    out: io.StringIO, troubles: Troubles, get_logger: Any
) -> None:
    get_logger("telpher").warning("away: ServerSelectionTimeoutError: none")
    assert entries(out)[0]["diagnosis"] == "mongodb-away"
    assert only(troubles).level == "warning"


def test_the_remedy_of_who_logs_is_kept(out: io.StringIO, troubles: Troubles) -> None:
    structlog.get_logger("telpher").warning("x", problem="NetworkTimeout: x", remedy="Wait.")
    (entry,) = entries(out)
    assert (entry["remedy"], entry["diagnosis"]) == ("Wait.", "mongodb-slow")
    assert only(troubles).summary == "x: NetworkTimeout: x"


def test_what_is_trouble(troubles: Troubles) -> None:
    log = structlog.get_logger("telpher")
    log.info("NetworkTimeout: not bad enough")
    log.warning("a warning without an error")
    assert troubles.recent() == []
    log.warning("with an error", problem=ValueError("x"))
    log.error("an error")
    log.critical("worse")
    assert [each.level for each in troubles.recent()] == ["critical", "error", "warning"]


def test_they_are_noted_whatever_is_written(out: io.StringIO, troubles: Troubles) -> None:
    logs.set_level("CRITICAL")
    structlog.get_logger("telpher").warning("x", problem=ValueError("x"))
    logging.getLogger("uvicorn").error("y")
    assert len(troubles.recent()) == 2
    assert out.getvalue() == ""


def test_nothing_secret_gets_there(troubles: Troubles) -> None:
    structlog.get_logger("telpher").error("a-secret", problem=ValueError("123456:" + "A" * 35))
    trouble = only(troubles)
    assert "a-secret" not in trouble.summary
    assert "AAAA" not in trouble.summary


def test_troubles_of_the_reporting_itself_are_quiet(troubles: Troubles) -> None:
    log = structlog.get_logger("telpher.telegram")
    log.error("told")
    structlog.get_logger("telpher.bot.reports").error("not told")
    with structlog.contextvars.bound_contextvars(job="reports"):
        log.error("nor this")
    assert {each.summary: each.quiet for each in troubles.recent()} == {
        "told": False,
        "not told": True,
        "nor this": True,
    }


def test_a_stack_names_our_own_places_alone(troubles: Troubles) -> None:
    try:
        logs.set_level("no such level")
    except KeyError:
        structlog.get_logger("telpher").exception("x")
    (place,) = only(troubles).stack
    assert place.startswith("telpher.observe.logs.set_level:")

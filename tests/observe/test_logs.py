"""Logs as an operator and a log collector see them."""

import io
import json
import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

from telpher.observe import logs

TOKEN = "123456:" + "A" * 35


def entries(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def fail() -> None:
    raise ValueError(f"cannot use {TOKEN}")


def test_an_entry_has_all_fields(out: io.StringIO) -> None:
    logs.setup("INFO", "json", stream=out)
    structlog.get_logger("telpher.web").info("served", size=7)
    (entry,) = entries(out)
    assert list(entry)[:7] == [
        "timestamp",
        "level",
        "logger",
        "message",
        "module",
        "function",
        "line",
    ]
    assert entry["level"] == "info"
    assert entry["logger"] == "telpher.web"
    assert entry["message"] == "served"
    assert entry["module"] == "test_logs"
    assert entry["function"] == "test_an_entry_has_all_fields"
    assert isinstance(entry["line"], int)
    assert entry["size"] == 7
    assert datetime.fromisoformat(entry["timestamp"]).utcoffset() == timedelta(0)


def test_libraries_entries_take_the_same_way(out: io.StringIO) -> None:
    logs.setup("INFO", "json", stream=out)
    logging.getLogger("uvicorn.error").warning(
        "port %d, token %s", 80, TOKEN, extra={"color_message": TOKEN}
    )
    (entry,) = entries(out)
    assert entry["level"] == "warning"
    assert entry["logger"] == "uvicorn.error"
    assert entry["message"] == "port 80, token [redacted]"
    assert entry["function"] == "test_libraries_entries_take_the_same_way"
    assert "color_message" not in entry
    assert "timestamp" in entry


def test_a_librarys_message_may_be_anything(out: io.StringIO) -> None:
    logs.setup("INFO", "json", stream=out)
    logging.getLogger("library").info({"event": "none of ours", 7: TOKEN})
    (entry,) = entries(out)
    assert entry["message"] == "{'event': 'none of ours', 7: '[redacted]'}"
    assert "event" not in entry


def test_no_field_takes_the_place_of_those_that_every_entry_has(out: io.StringIO) -> None:
    logs.setup("INFO", "json", stream=out)
    forged = {"logger": "forged", "level": "forged", "timestamp": TOKEN, "module": TOKEN}
    structlog.get_logger("telpher").info("said", **forged)
    (entry,) = entries(out)
    assert (entry["logger"], entry["level"], entry["module"]) == ("telpher", "info", "test_logs")
    assert TOKEN not in out.getvalue()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_stacks_that_were_asked_for_are_written(out: io.StringIO, log_format: logs.Format) -> None:
    logs.setup("INFO", log_format, stream=out)
    structlog.get_logger("telpher").info("ours", stack_info=True)
    logging.getLogger("library").info("theirs", stack_info=True)
    assert out.getvalue().count("in test_stacks_that_were_asked_for_are_written") == 2


@pytest.mark.parametrize("get_logger", [structlog.get_logger, logging.getLogger])
def test_exceptions_are_written_without_their_secrets(out: io.StringIO, get_logger: Any) -> None:
    logs.setup("INFO", "json", stream=out)
    try:
        fail()
    except ValueError:
        get_logger("telpher").exception("it failed")
    (entry,) = entries(out)
    assert "Traceback" in entry["exception"]
    assert "ValueError: cannot use [redacted]" in entry["exception"]


def test_levels_below_are_left_out(out: io.StringIO) -> None:
    logs.setup("WARNING", "json", stream=out)
    structlog.get_logger("telpher").info("quiet")
    logging.getLogger("telethon").info("quiet")
    structlog.get_logger("telpher").warning("loud")
    assert [entry["message"] for entry in entries(out)] == ["loud"]


def test_what_is_bound_to_the_context_is_in_every_entry(out: io.StringIO) -> None:
    logs.setup("INFO", "json", stream=out)
    structlog.contextvars.bind_contextvars(request_id="r-1")
    structlog.get_logger("telpher").info("one")
    logging.getLogger("uvicorn").info("two")
    assert [entry["request_id"] for entry in entries(out)] == ["r-1", "r-1"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_is_ever_written(out: io.StringIO, log_format: logs.Format) -> None:
    logs.setup("INFO", log_format, ["p/ss word", "a-secret-longer", "a-secret"], stream=out)
    log = structlog.get_logger("telpher")
    log.info(f"GET /stream/1/2/x.mp4?a=1&k=AbC-dEf_123&b=2 {TOKEN}")
    log.info("nested", deep={"list": [TOKEN, ("a-secret-longer",)], TOKEN: {"p/ss word"}})
    log.info("encoded p%2Fss%20word", error=ValueError("a-secret"), raw=b"a-secret")
    log.info("mongodb://someone:hush@db.example.org/telpher", sig="/x?k=hush")
    text = out.getvalue()
    for secret in (TOKEN, "AbC-dEf", "a-secret", "longer", "p/ss", "p%2Fss", "hush"):
        assert secret not in text
    assert "b=2" in text
    assert "someone" in text
    assert "db.example.org" in text


def test_short_values_are_not_searched_for(out: io.StringIO) -> None:
    logs.setup("INFO", "json", ["", "a"], stream=out)
    structlog.get_logger("telpher").info("banana")
    assert entries(out)[0]["message"] == "banana"


def test_odd_values_can_be_written(out: io.StringIO) -> None:
    logs.setup("INFO", "json", stream=out)
    structlog.get_logger("telpher").info(
        "odd", big=2**70, surrogate="\ud800", thing=object, number={1: None}, yes=True, half=0.5
    )
    (entry,) = entries(out)
    assert entry["big"] == str(2**70)
    assert entry["surrogate"] == "?"
    assert entry["number"] == {"1": None}
    assert (entry["yes"], entry["half"]) == (True, 0.5)


def test_names_cannot_write_lines_or_colours_of_their_own(out: io.StringIO) -> None:
    logs.setup("INFO", "console", stream=out)
    structlog.get_logger("telpher").info("name", name="a\nINJECTED\x1b[31m")
    logging.getLogger("telpher").info("a\r\nINJECTED")
    assert len(out.getvalue().splitlines()) == 2
    assert "\x1b" not in out.getvalue()


def test_console_is_for_people(out: io.StringIO) -> None:
    logs.setup("INFO", "console", stream=out)
    try:
        fail()
    except ValueError:
        structlog.get_logger("telpher").exception("it failed", size=7)
    text = out.getvalue()
    assert "it failed" in text
    assert "size=7" in text
    assert "ValueError: cannot use [redacted]" in text


def test_without_a_format_it_is_json_when_not_on_a_terminal(out: io.StringIO) -> None:
    logs.setup("INFO", None, stream=out)
    structlog.get_logger("telpher").info("hello")
    assert entries(out)[0]["message"] == "hello"


def test_a_second_setup_replaces_the_first(out: io.StringIO) -> None:
    first = io.StringIO()
    logs.setup("INFO", "json", stream=first)
    logs.setup("INFO", "json", stream=out)
    structlog.get_logger("telpher").info("once")
    assert len(entries(out)) == 1
    assert first.getvalue() == ""


def test_a_library_that_writes_down_users_data_is_kept_quiet(out: io.StringIO) -> None:
    logs.setup("DEBUG", "json", stream=out)
    logging.getLogger("pymongo.command").debug("find users", extra={"name": "Ann"})
    logging.getLogger("pymongo.connection").warning("away")
    assert [entry["message"] for entry in entries(out)] == ["away"]


def test_the_level_is_changed_in_the_running_process(out: io.StringIO) -> None:
    logs.setup("INFO", "json", stream=out)
    ours, theirs = structlog.get_logger("telpher"), logging.getLogger("pymongo")
    for level in ("DEBUG", "ERROR", "INFO"):
        logs.set_level(level)
        for logger in (ours, theirs):
            logger.debug(f"debug at {level}")
            logger.info(f"info at {level}")
    said = [entry["message"] for entry in entries(out)]
    assert said == ["debug at DEBUG", *["info at DEBUG"] * 2, *["info at INFO"] * 2]

"""The service answers, or fails in every way; nobody waits for it or believes it."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from telpher.clock import FakeClock
from telpher.observe.diagnosis.adviser import LONGEST, Adviser, Service
from tests.observe.diagnosis.service import body, never, says, standing_in
from tests.ports import free_ports

KEY = "sk-a-key-of-the-tests"
TOLD = "the service of DIAGNOSIS_API_URL gives no answer"
QUESTION = [{"role": "user", "content": "what?"}]


def adviser(url: str, clock=None, **limits) -> Adviser:
    return Adviser(Service(url, KEY, "a-model"), clock or FakeClock(), **limits)


async def test_an_ordinary_answer():
    async with standing_in(says("It is  full.\nMake room.")) as service:
        assert await adviser(service.url).ask(QUESTION) == "It is full. Make room."
    (asked,), (head,) = service.asked, service.heads
    assert asked["model"] == "a-model"
    assert asked["messages"] == QUESTION
    assert 0 < asked["max_tokens"] <= 1000
    assert head.startswith("POST /v1/chat/completions HTTP/1.1")
    assert f"authorization: bearer {KEY}" in head.lower()


async def test_the_setting_may_be_the_whole_address():
    async with standing_in(says("yes")) as service:
        assert await adviser(service.url + "/chat/completions/").ask(QUESTION) == "yes"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(body(b"no", "500 Internal Server Error"), id="500"),
        pytest.param(body(b"{}", "429 Too Many Requests"), id="429"),
        pytest.param(body(b"", "302 Found\r\nLocation: http://127.0.0.1:1/"), id="redirect"),
        pytest.param(body(b"\xff\x00<html>"), id="garbage"),
        pytest.param(body(b"[" * 50_000), id="deep"),
        pytest.param(body(b"{}"), id="nothing in it"),
        pytest.param(body(json.dumps({"choices": [{"message": None}]}).encode()), id="null"),
        pytest.param(says(["not", "a", "text"]), id="a list"),
        pytest.param(says(""), id="empty"),
        pytest.param(says(" \u202e\x1b "), id="nothing to see"),
        pytest.param(body(b"x" * 100, length=1 << 40), id="cut off"),
    ],
)
async def test_what_is_of_no_use_is_no_answer(answer):
    with capture_logs() as logs:
        async with standing_in(answer) as service:
            assert not await adviser(service.url).ask(QUESTION)
    assert len(service.asked) == 1
    assert {each["event"] for each in logs} <= {TOLD}


async def test_a_huge_answer_is_not_read_to_its_end():
    async with standing_in(says("x" * (200 << 10))) as service:
        assert await adviser(service.url).ask(QUESTION) is None


async def test_a_long_guess_is_cut():
    async with standing_in(says("word " * 2000)) as service:
        guess = await adviser(service.url).ask(QUESTION)
    assert len(guess) == LONGEST
    assert guess.endswith("…")


async def test_a_service_that_hangs_is_given_up():
    async with standing_in(never) as service:
        assert await adviser(service.url, patience=1.0).ask(QUESTION) is None


async def test_a_service_that_is_not_there():
    with capture_logs() as logs:
        await adviser(f"http://127.0.0.1:{free_ports()}").ask(QUESTION)
    assert [(each["event"], each["reason"]) for each in logs] == [(TOLD, "ConnectError")]
    assert await adviser(f"http://127.0.0.1:{free_ports()}").ask(QUESTION) is None
    assert await adviser("http://[broken").ask(QUESTION) is None


async def test_an_hour_has_a_budget():
    clock = FakeClock()
    async with standing_in(says("yes")) as service:
        one = adviser(service.url, clock, budget=2)
        assert [await one.ask(QUESTION) for _ in range(3)] == ["yes", "yes", None]
        assert not one.may_ask
        clock.advance(3600)
        assert await one.ask(QUESTION) == "yes"
    assert len(service.asked) == 3


async def test_failures_count_too():
    one = adviser(f"http://127.0.0.1:{free_ports()}", budget=1)
    await asyncio.gather(one.ask(QUESTION), one.ask(QUESTION))
    assert not one.may_ask


async def test_control_characters_and_turned_writing_are_taken_out():
    async with standing_in(says("a\x1b[31m\u202eb\u2028c\x00")) as service:
        guess = await adviser(service.url).ask(QUESTION)
    assert guess == "a [31m bc" or guess.isprintable()

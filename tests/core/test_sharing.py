"""Whose request it is."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.sharing import keeper, owner

WORKERS = 4


def of(target: str) -> int | None:
    return owner(f"GET {target} HTTP/1.1\r\nHost: test\r\n\r\n".encode(), WORKERS)


@pytest.mark.parametrize(
    "target",
    [
        "/download/-1001234/55",
        "/watch/-1001234/55?k=abc",
        "/thumbnail/-1001234/55?k=other",
        "/stream/-1001234/55/a%20name.mkv?k=abc",
        "/stream/-1001234/055",
        "http://example.org:8080/stream/-1001234/55",
    ],
)
def test_every_way_to_one_message_leads_to_one_worker(target: str) -> None:
    assert of(target) == of("/stream/-1001234/55") is not None


def test_what_a_cache_asks_is_about_the_file_it_will_send() -> None:
    head = "GET /edge/auth HTTP/1.1\r\nHost: x\r\nX-Original-Uri: {}\r\nAccept: */*\r\n\r\n"
    for target in ("/stream/-1001234/55?k=abc", "/download/-1001234/55"):
        assert owner(head.format(target).encode(), WORKERS) == of("/stream/-1001234/55?k=1")
    for target in ("/watch/-1001234/55", "/", "/stream/x/5"):
        assert owner(head.format(target).encode(), WORKERS) is None
    assert owner(head.replace("/edge/auth", "/edge/x").format("/stream/1/2").encode(), 4) is None


def test_the_method_does_not_matter() -> None:
    head = owner(b"HEAD /stream/7/8?k=1 HTTP/1.1\r\n", WORKERS)
    assert head == of("/stream/7/8?k=1") is not None


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"GET /",
        b"GET /stream/7/8",  # it may go on with another digit
        b"GET /health HTTP/1.1\r\n",
        b"GET /stream/x/8 HTTP/1.1\r\n",
        b"GET /streams/7/8 HTTP/1.1\r\n",
        b"GET  /stream/7/8 HTTP/1.1\r\n",
        b"get /stream/7/8 HTTP/1.1\r\n",
        b"GET /playlist/7/8 HTTP/1.1\r\n",
        b"GET /stream/7/" + b"1" * 21 + b" HTTP/1.1\r\n",
        b"\x16\x03\x01\x02",
    ],
)
def test_what_is_about_no_message_is_anybodys(request_: bytes) -> None:
    assert owner(request_, WORKERS) is None


@given(st.binary(max_size=200), st.integers(1, 64))
def test_whatever_comes_the_answer_is_a_worker_or_nobody(request_: bytes, workers: int) -> None:
    assert owner(request_, workers) in {None, *range(workers)}


@given(st.integers(), st.integers(min_value=0))
def test_messages_of_any_number(chat: int, message: int) -> None:
    found = of(f"/stream/{chat}/{message}")
    short = len(str(abs(chat))) <= 20 and len(str(message)) <= 20
    assert (found is not None) == short


def test_messages_in_a_row_are_shared_evenly() -> None:
    counts = Counter(of(f"/stream/-1001234567890/{message}") for message in range(4000))
    assert set(counts) == set(range(WORKERS))
    assert min(counts.values()) > 800


@pytest.mark.parametrize(
    ("able", "serves"),
    [
        ({0, 1, 2}, 2),
        ({0, 1}, 1),  # who has accepted it
        ({0}, 0),
        (set(), 1),
    ],
)
def test_while_its_worker_is_not_able_to_another_one_serves_it(able, serves) -> None:
    assert keeper(2, 1, 3, able.__contains__) == serves


def test_who_stands_in_is_the_same_for_all_who_are_not_able_themselves() -> None:
    able = {0, 3}.__contains__
    assert {keeper(2, here, 5, able) for here in (1, 2, 4)} == {3}

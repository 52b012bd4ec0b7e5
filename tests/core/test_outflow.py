from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.outflow import BURST, GROUP_BURST, GROUP_RATE, KEPT, RATE, Outflow

ANN, GROUP, OTHER = 7, -70, -1000000000070


def send(outflow: Outflow, chat: int, now: float, messages: int = 1, **how: bool) -> float:
    """When it goes out."""
    then = now + outflow.delay(chat, now, **how)
    outflow.sent(chat, messages, now)
    return then


def test_a_burst_goes_at_once_and_then_at_the_rate():
    outflow = Outflow()
    times = [send(outflow, chat, 100.0) for chat in range(1, BURST + 61)]
    assert times[:BURST] == [100.0] * BURST
    assert times[-1] == pytest.approx(100.0 + 60 / RATE)
    assert times == sorted(times)


@pytest.mark.parametrize("chat", [GROUP, OTHER], ids=["group", "channel"])
def test_a_group_has_its_own_pace_and_others_do_not_wait_for_it(chat):
    outflow = Outflow()
    times = [send(outflow, chat, 100.0) for _ in range(GROUP_BURST + 20)]
    assert times[:GROUP_BURST] == [100.0] * GROUP_BURST
    assert times[-1] == pytest.approx(100.0 + 20 / GROUP_RATE)
    # What waits for its group has its place in the whole, too; a moment later that is past.
    assert outflow.delay(ANN, 102.0) == outflow.delay(GROUP - OTHER, 102.0) == 0


def test_a_forward_counts_all_its_messages():
    outflow = Outflow()
    assert send(outflow, OTHER, 100.0, 100) == 100.0
    assert outflow.delay(OTHER, 100.0) == pytest.approx((100 - GROUP_BURST + 1) / GROUP_RATE)
    assert outflow.delay(ANN, 100.0) == pytest.approx((100 - BURST + 1) / RATE)


def test_what_may_wait_leaves_a_part_of_the_burst_to_answers():
    outflow = Outflow()
    now = 100.0
    for chat in range(1, 1000):
        now += outflow.delay(chat, now, may_wait=True)
        outflow.sent(chat, 1, now)
        # However busy the broadcast is, that many answers go out at once.
        assert outflow.delay(ANN, now) == 0
    assert now - 100.0 == pytest.approx(1000 / RATE, rel=0.05)
    times = [send(outflow, ANN, now) for _ in range(KEPT)]
    assert times == [now] * KEPT
    assert outflow.delay(5, now, may_wait=True) > outflow.delay(5, now) > 0


def test_quiet_groups_are_forgotten():
    outflow = Outflow()
    for number in range(5000):
        outflow.sent(-number - 1, 1, number * 10.0)
    assert len(outflow._groups) <= 1000


@given(st.lists(st.tuples(st.integers(1, 30), st.floats(0, 90)), min_size=1, max_size=40))
def test_no_minute_of_a_group_holds_more_than_the_rate_a_burst_and_a_request(requests):
    outflow, now, sent = Outflow(), 1000.0, []
    for messages, pause in requests:
        now += pause
        now = send(outflow, GROUP, now, messages)
        sent.append((now, messages))
    for begin, _ in sent:
        within = [count for moment, count in sent if begin <= moment <= begin + 60]
        assert sum(within[:-1]) <= 20 + GROUP_BURST + 1e-3

import pytest

from tests.tgfake.stage import Stage
from tgfake.clock import ManualClock
from tgfake.errors import RpcError
from tgfake.limits import Limits

ANN, GROUP, CHANNEL = 1, -2, -1_000_000_000_003


def flood(limits: Limits, chat: int, messages: int = 1) -> int:
    """The seconds of FLOOD_WAIT_X, 0 when the send passes."""
    try:
        limits.check(77, chat, messages)
    except RpcError as error:
        return int(f"{error}".removeprefix("420 FLOOD_WAIT_"))
    return 0


def test_one_chat_takes_a_burst_then_one_message_a_second() -> None:
    clock = ManualClock()
    limits = Limits(clock, True)
    assert [flood(limits, ANN) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    clock.advance(1)
    assert [flood(limits, ANN) for _ in range(2)] == [0, 1]


@pytest.mark.parametrize("chat", [GROUP, CHANNEL])
def test_a_group_or_channel_takes_twenty_a_minute(chat: int) -> None:
    clock = ManualClock()
    limits = Limits(clock, True)
    assert [flood(limits, chat) for _ in range(21)] == [0] * 20 + [3]
    clock.advance(60)
    assert [flood(limits, chat) for _ in range(21)] == [0] * 20 + [3]


def test_a_bot_sends_thirty_a_second_in_all() -> None:
    clock = ManualClock()
    limits = Limits(clock, True)
    people = range(1, 62)
    assert [flood(limits, peer) for peer in people[:31]] == [0] * 30 + [1]
    clock.advance(1)
    assert [flood(limits, peer) for peer in people[31:]] == [0] * 30


def test_a_refused_send_does_not_count() -> None:
    clock = ManualClock()
    limits = Limits(clock, True)
    for _ in range(50):
        flood(limits, ANN)
    clock.advance(1)
    assert flood(limits, ANN) == 0


def test_many_messages_at_once_pass_and_leave_a_debt() -> None:
    limits = Limits(ManualClock(), True)
    assert flood(limits, CHANNEL, 100) == 0
    assert flood(limits, CHANNEL) == 81 * 3


def test_buckets_that_are_full_again_are_forgotten() -> None:
    clock = ManualClock()
    limits = Limits(clock, True)
    for number in range(1, 10_000):
        clock.advance(1)
        assert flood(limits, number) == 0
    assert len(limits._buckets) <= 4097


def test_nothing_is_limited_when_switched_off() -> None:
    limits = Limits(ManualClock(), False)
    assert all(flood(limits, CHANNEL) == 0 for _ in range(100))


async def test_a_world_limits_only_when_asked() -> None:
    assert Stage().world.limits.enabled is False
    assert Stage(limits=True).world.limits.enabled is True

from __future__ import annotations

import pytest

from telpher.clock import FakeClock
from telpher.errors import (
    AccountDeadError,
    ChunkTimeoutError,
    FloodWaitError,
    RequestRejectedError,
)
from telpher.streaming.patience import BEFORE_STATUS, IN_BODY, Patience


def test_a_flood_longer_than_the_patience_is_raised_at_once():
    error = FloodWaitError(21)
    with pytest.raises(FloodWaitError):
        Patience(FakeClock(), 20).wait_after(error)
    assert error.retry_after == 21


@pytest.mark.parametrize("patience", [BEFORE_STATUS, IN_BODY])
def test_a_flood_as_long_as_the_patience_is_held(patience):
    seconds = int(patience)
    assert Patience(FakeClock(), patience).wait_after(FloodWaitError(seconds)) == seconds
    with pytest.raises(FloodWaitError):
        Patience(FakeClock(), patience).wait_after(FloodWaitError(seconds + 1))


def test_it_is_counted_from_the_first_failure():
    clock = FakeClock()
    patience = Patience(clock, 20)
    clock.advance(1000)  # in a queue
    assert patience.wait_after(FloodWaitError(15)) == 15
    clock.advance(15)
    assert patience.wait_after(FloodWaitError(5)) == 5
    clock.advance(1)
    with pytest.raises(FloodWaitError):
        patience.wait_after(FloodWaitError(5))


def test_back_off_doubles_up_to_a_cap():
    patience = Patience(FakeClock(), 1e9)
    waits = [patience.wait_after(ChunkTimeoutError()) for _ in range(8)]
    for wait, most in zip(waits, [0.5, 1, 2, 4, 8, 8, 8, 8], strict=True):
        assert most / 2 <= wait <= most


@pytest.mark.parametrize("error", [RequestRejectedError("X"), AccountDeadError("revoked")])
def test_what_waiting_cannot_mend_is_raised(error):
    with pytest.raises(type(error)):
        Patience(FakeClock(), 1e9).wait_after(error)

from __future__ import annotations

from telpher.clock import FakeClock
from telpher.storage.rest import PAUSE, Rest


def test_begins_at_work():
    rest = Rest(FakeClock())
    assert not rest.resting
    assert not rest.troubled
    assert not rest.succeeded()


def test_rests_after_a_failure_and_no_longer():
    clock = FakeClock()
    rest = Rest(clock)
    assert rest.failed()
    assert rest.resting
    clock.advance(PAUSE - 1)
    assert rest.resting
    clock.advance(1)
    assert not rest.resting
    assert rest.troubled


def test_only_the_first_failure_and_the_first_success_are_news():
    clock = FakeClock()
    rest = Rest(clock)
    assert [rest.failed(), rest.failed()] == [True, False]
    clock.advance(PAUSE)
    assert not rest.failed()
    assert rest.resting
    assert [rest.succeeded(), rest.succeeded()] == [True, False]
    assert not rest.resting
    assert rest.failed()

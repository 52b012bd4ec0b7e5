from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.spans import Span, entered, start_of

SECONDS = st.integers(-(1 << 35), 1 << 36)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("span", "start"),
    [
        (Span.HOUR, "2024-02-29T23:00"),
        (Span.DAY, "2024-02-29"),
        (Span.WEEK, "2024-02-26"),
        (Span.MONTH, "2024-02-01"),
    ],
)
def test_each_span_has_its_first_second(span, start):
    assert start_of(span, at("2024-02-29T23:59:59") + 0.9) == at(start)
    assert start_of(span, at(start)) == at(start)
    assert start_of(span, at(start) - 1) < at(start)


@given(SECONDS, st.sampled_from(Span))
def test_starts_are_as_the_calendar_has_them(second, span):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    hour = moment.replace(minute=0, second=0)
    day = hour.replace(hour=0)
    expected = {
        Span.HOUR: hour,
        Span.DAY: day,
        Span.WEEK: day - timedelta(days=day.weekday()),
        Span.MONTH: day.replace(day=1),
    }[span]
    assert start_of(span, second) == expected.timestamp()


def test_a_clock_that_is_far_off_breaks_nothing():
    for second in (-(1 << 62), 1 << 62, 1e18):
        for span in Span:
            assert isinstance(start_of(span, second), int)


def test_the_first_visit_counts_for_every_span_and_the_next_for_what_began_since():
    first, later = at("2024-02-29T23:59"), at("2024-03-01T00:10")
    assert [span for span, _ in entered(0, first)] == [*Span]
    hour = start_of(Span.HOUR, first)
    assert entered(hour, first + 30) == []
    assert entered(hour, later) == [
        (Span.HOUR, at("2024-03-01")),
        (Span.DAY, at("2024-03-01")),
        (Span.MONTH, at("2024-03-01")),
    ]


def test_a_visit_before_the_last_one_counts_for_nothing():
    assert entered(at("2024-03-01"), at("2024-02-29T23:59")) == []

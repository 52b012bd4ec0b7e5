"""The fetch window, as conversations: what happens to the connection, what the window says."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from telpher.core.window import LEAST, MOST, START, STEP, Ticket, Window

KIB = 1 << 10
MIB = 1 << 20


def fill(window: Window, nbytes: int) -> list[Ticket]:
    """Sends until there is no room."""
    tickets = []
    while window.room(nbytes):
        tickets.append(window.sent(nbytes))
    return tickets


def full_good_window(window: Window, nbytes: int = 64 * KIB, seconds: float = 0.1) -> None:
    """At full window, for each chunk that comes another goes out: till it grows, or does not."""
    size = window.size
    flying = fill(window, nbytes)
    received = 0
    while window.size == size and received < 3 * size:
        ticket = flying.pop(0)
        window.received(ticket, seconds)
        received += ticket.nbytes
        flying += fill(window, nbytes)
    for ticket in flying:
        window.dropped(ticket)


def test_at_first() -> None:
    window = Window()
    assert (window.size, window.in_flight) == (START, 0) == (512 * KIB, 0)
    assert window.target == MIB


@pytest.mark.parametrize(
    ("kept", "size"), [(3 * MIB, 3 * MIB), (0, LEAST), (-1, LEAST), (9 * MIB, MOST)]
)
def test_a_value_learned_before_is_taken_within_the_limits(kept: int, size: int) -> None:
    assert Window(kept).size == size


def test_room_is_counted_in_bytes() -> None:
    window = Window()
    first = window.sent(64 * KIB)
    window.sent(256 * KIB)
    assert window.in_flight == 320 * KIB
    assert window.room(192 * KIB)
    assert not window.room(193 * KIB)
    window.received(first, 0.1)
    assert window.in_flight == 256 * KIB
    assert window.room(256 * KIB)


def test_a_window_smaller_than_a_chunk_still_admits_one() -> None:
    window = Window(LEAST)
    assert window.room(MIB)
    ticket = window.sent(MIB)
    assert not window.room(1)
    window.received(ticket, 0.5)
    assert window.room(MIB)


def test_at_first_it_doubles_per_full_good_window() -> None:
    window = Window()
    sizes = [window.size]
    for _ in range(3):
        full_good_window(window, seconds=1.0)
        sizes.append(window.size)
    assert sizes == [512 * KIB, MIB, 2 * MIB, 4 * MIB]


def after_a_cut() -> Window:
    """A window of START that has had its first trouble."""
    window = Window(2 * START)
    window.flooded(window.sent(64 * KIB))
    assert window.size == START
    return window


def test_after_trouble_it_grows_by_a_step_per_full_good_window() -> None:
    window = after_a_cut()
    tickets = fill(window, 128 * KIB)
    assert len(tickets) == 4
    window.received(tickets[3], 0.1)  # it alone filled the window: a quarter of it is good
    for good in range(3):
        assert window.size == START, good
        window.received(window.sent(128 * KIB), 0.1)
    assert window.size == START + STEP


def test_demand_that_does_not_fill_the_window_teaches_nothing() -> None:
    window = Window()
    for _ in range(100):
        window.received(window.sent(128 * KIB), 0.1)
    assert window.size == START


def test_it_grows_up_to_the_target_and_no_further() -> None:
    """A connection of 8 MB/s and 80 ms: 1.5 x 0.64 MB is less than one chunk; and one more."""
    window = Window()
    flying: list[tuple[Ticket, float, float]] = []
    now = free_at = 0.0
    for _ in range(400):
        while window.room(256 * KIB):
            free_at = max(free_at, now + 0.08) + 256 * KIB / 8e6
            flying.append((window.sent(256 * KIB), now, free_at))
        ticket, sent, now = flying.pop(0)
        window.received(ticket, now - sent)
    assert window.size == window.target
    # The round trip is seen through a chunk of 256 KiB, so a little above 80 ms.
    assert window.target in (2 * MIB, 3 * MIB)


def test_it_never_grows_beyond_the_most() -> None:
    window = Window()
    for _ in range(100):
        full_good_window(window, MIB, seconds=1.0)  # 4 MiB/s over a second: the target is beyond
    assert window.size == MOST


def test_a_target_that_falls_does_not_cut_the_window() -> None:
    window = Window(4 * MIB)
    assert window.target == MIB
    full_good_window(window, MIB)
    assert window.size == 4 * MIB


def test_a_flood_wait_halves() -> None:
    window = Window(2 * MIB)
    ticket = window.sent(MIB)
    window.flooded(ticket)
    assert (window.size, window.in_flight) == (MIB, 0)


def test_floods_of_one_burst_are_one() -> None:
    window = Window(2 * MIB)
    burst = fill(window, 256 * KIB)
    assert len(burst) == 8
    for ticket in burst:
        window.flooded(ticket)
    assert window.size == MIB
    window.flooded(window.sent(256 * KIB))  # sent after the cut: this one is news
    assert window.size == 512 * KIB


def test_it_never_falls_below_the_least() -> None:
    window = Window()
    for _ in range(20):
        window.flooded(window.sent(64 * KIB))
    assert window.size == LEAST


def test_progress_towards_a_step_is_lost_at_a_cut() -> None:
    window = Window(MIB)
    window.received(window.sent(MIB - 64 * KIB), 0.1)  # full, good, not yet a window
    window.flooded(window.sent(64 * KIB))
    assert window.size == 512 * KIB
    window.received(window.sent(448 * KIB), 0.1)
    assert window.size == 512 * KIB


def test_what_was_sent_before_a_cut_does_not_help_to_grow() -> None:
    window = Window(MIB)
    small, *filling = [window.sent(KIB * size) for size in (64, 512, 448)]
    assert all(ticket.full for ticket in filling)
    window.flooded(small)
    for ticket in filling:
        window.received(ticket, 0.1)
    assert window.size == 512 * KIB


@pytest.mark.parametrize(("seconds", "size"), [(8.0, MIB), (8.001, int(MIB * 0.7))])
def test_eight_seconds_are_late(seconds: float, size: int) -> None:
    window = Window(MIB)
    ticket = window.sent(64 * KIB)
    assert window.patience(ticket) == 8.0
    window.received(ticket, seconds)
    assert window.size == size
    assert window.in_flight == 0


def test_a_slow_link_is_given_four_times_what_it_needs() -> None:
    window = Window(MIB)
    window.received(window.sent(64 * KIB), 4.0)  # 16 KiB/s
    ticket = window.sent(64 * KIB)
    assert window.patience(ticket) == 4 * (4.0 + 4.0)
    window.received(ticket, 31.0)
    assert window.size == MIB


def test_patience_counts_what_is_ahead() -> None:
    window = Window(MIB)
    window.received(window.sent(64 * KIB), 4.0)
    window.sent(64 * KIB)
    assert window.patience(window.sent(64 * KIB)) == 4 * (4.0 + 8.0)


def test_a_chunk_given_up_is_slow_once() -> None:
    window = Window(MIB)
    ticket = window.sent(64 * KIB)
    window.slow(ticket)
    window.received(ticket, 20.0)
    assert (window.size, window.in_flight) == (int(MIB * 0.7), 0)


def test_late_chunks_of_one_burst_are_one() -> None:
    window = Window(MIB)
    for ticket in fill(window, 256 * KIB):
        window.slow(ticket)
    assert window.size == int(MIB * 0.7)


def test_throttled_falls_to_the_least_and_the_rest_of_the_burst_says_nothing_new() -> None:
    window = Window(2 * MIB)
    tickets = fill(window, 512 * KIB)
    window.throttled()
    assert window.size == LEAST
    for ticket in tickets:
        window.dropped(ticket)
    assert (window.size, window.in_flight) == (LEAST, 0)


def test_a_seek_teaches_nothing() -> None:
    window = Window()
    for _ in range(100):
        for ticket in fill(window, 128 * KIB):
            window.dropped(ticket)
    assert (window.size, window.in_flight) == (START, 0)
    assert window.estimate.rate == 0.0


def test_a_ticket_ends_once() -> None:
    window = Window()
    ticket = window.sent(128 * KIB)
    window.received(ticket, 0.1)
    rate = window.estimate.rate
    window.dropped(ticket)
    window.flooded(ticket)
    window.slow(ticket)
    window.received(ticket, 0.1)
    assert (window.size, window.in_flight) == (START, 0)
    assert window.estimate.rate == rate


def test_a_ticket_of_another_connection_is_nothing() -> None:
    window = Window()
    window.flooded(Window().sent(MIB))
    assert (window.size, window.in_flight) == (START, 0)


def test_recovery_after_a_flood() -> None:
    """The whole story: grow, flood, back, grow again."""
    window = Window()
    full_good_window(window)
    assert window.size == MIB
    window.flooded(window.sent(64 * KIB))
    assert window.size == 512 * KIB
    full_good_window(window)
    assert window.size == 512 * KIB + STEP


class WindowMachine(RuleBasedStateMachine):
    """Any order of events keeps the books and the limits."""

    def __init__(self) -> None:
        super().__init__()
        self.window = Window()
        self.flying: list[Ticket] = []

    @rule(nbytes=st.sampled_from([1 << power for power in range(16, 21)]))
    def send(self, nbytes: int) -> None:
        if self.window.room(nbytes):
            before = self.window.in_flight
            self.flying.append(self.window.sent(nbytes))
            assert before == 0 or self.window.in_flight <= self.window.size

    @precondition(lambda self: self.flying)
    @rule(
        data=st.data(),
        event=st.sampled_from(["flooded", "slow", "dropped"]),
    )
    def fail(self, data: st.DataObject, event: str) -> None:
        size = self.window.size
        getattr(self.window, event)(self.pick(data))
        assert self.window.size <= size
        assert self.window.size >= min(size // 2, LEAST)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), seconds=st.floats(0, 100))
    def receive(self, data: st.DataObject, seconds: float) -> None:
        size = self.window.size
        ticket = self.pick(data)
        patience = self.window.patience(ticket)
        self.window.received(ticket, seconds)
        if seconds > patience:
            assert self.window.size <= size
        else:
            assert size <= self.window.size <= 2 * size

    @rule()
    def throttle(self) -> None:
        self.window.throttled()
        assert self.window.size == LEAST

    def pick(self, data: st.DataObject) -> Ticket:
        return self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))

    @invariant()
    def books(self) -> None:
        assert self.window.in_flight == sum(ticket.nbytes for ticket in self.flying)
        assert LEAST <= self.window.size <= MOST
        assert self.flying or self.window.room(MIB)


TestWindow = WindowMachine.TestCase

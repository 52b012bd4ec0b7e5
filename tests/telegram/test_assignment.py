"""Which request goes where: conversations with the pool's state, no I/O anywhere."""

from telpher.core.window import LEAST, MOST, START
from telpher.telegram.assignment import MOST_TIMEOUTS, Assignment, Link
from tests.telegram.fakes import FakeConnection

KIB = 1 << 10
MIB = 1 << 20


def callers(assigned: list) -> list[str]:
    return [request.caller for request, _, _ in assigned]


def test_without_a_link_everybody_waits() -> None:
    state: Assignment[str] = Assignment()
    state.ask(64 * KIB, "a")

    assert state.assign() == []
    state.add(FakeConnection())
    assert callers(state.assign()) == ["a"]
    assert state.assign() == []


def test_the_window_slides_without_a_barrier() -> None:
    state: Assignment[str] = Assignment()
    link = state.add(FakeConnection())
    for name in "abcde":
        state.ask(START // 4, name)
    first = state.assign()
    assert callers(first) == ["a", "b", "c", "d"]
    assert state.assign() == []

    # One answer, in whatever order, lets one more go.
    _, _, ticket = first[2]
    link.window.received(ticket, 0.1)
    assert callers(state.assign()) == ["e"]


def test_a_large_request_is_not_overtaken_for_ever() -> None:
    state: Assignment[str] = Assignment()
    link = state.add(FakeConnection())
    state.ask(START // 2, "small")
    state.ask(MIB, "large")
    state.ask(64 * KIB, "behind")
    (request,) = state.assign()
    assert request[0].caller == "small"

    link.window.received(request[2], 0.1)
    # Larger than the window: an idle connection takes it all the same.
    (request,) = state.assign()
    assert request[0].caller == "large"
    link.window.received(request[2], 0.1)
    assert callers(state.assign()) == ["behind"]


def test_the_link_with_the_least_in_flight_comes_first() -> None:
    state: Assignment[str] = Assignment()
    one, other = state.add(FakeConnection()), state.add(FakeConnection())
    for name, size in (("a", 3), ("b", 1), ("c", 1), ("d", 1), ("e", 1)):
        state.ask(size * START // 4, name)

    places = {request.caller: link for request, link, _ in state.assign()}
    assert places == {"a": one, "b": other, "c": other, "d": other, "e": one} or places == {
        "a": one,
        "b": other,
        "c": other,
        "d": one,
        "e": other,
    }


def test_a_link_that_is_gone_gets_nothing() -> None:
    state: Assignment[str] = Assignment()
    link = state.add(FakeConnection(alive=False))
    state.ask(1, "a")

    assert state.assign() == []
    assert state.dead() == [link]


def test_who_leaves_the_queue_lets_the_others_pass() -> None:
    state: Assignment[str] = Assignment()
    gone = state.ask(1, "gone")
    state.ask(1, "a")
    state.withdraw(gone)
    state.withdraw(gone)
    state.add(FakeConnection())

    assert callers(state.assign()) == ["a"]


def test_all_can_be_sent_away() -> None:
    state: Assignment[str] = Assignment()
    requests = [state.ask(1, name) for name in "ab"]

    assert state.withdraw_all() == requests
    state.add(FakeConnection())
    assert state.assign() == []


def test_the_next_connection_starts_with_the_window_of_the_last() -> None:
    state: Assignment[str] = Assignment()
    link = state.add(FakeConnection())
    assert link.window.size == START
    link.window.throttled()

    assert state.remove(link)
    assert not state.remove(link)
    again = state.add(FakeConnection())
    assert again.window.size == LEAST
    again.window.size = MOST
    state.remove(again)
    assert state.add(FakeConnection()).window.size == MOST


def test_a_link_is_replaced_after_several_timeouts_in_a_row() -> None:
    state: Assignment[str] = Assignment()
    link: Link = state.add(FakeConnection())

    told = [state.timed_out(link) for _ in range(MOST_TIMEOUTS)]
    assert told == [False] * (MOST_TIMEOUTS - 1) + [True]

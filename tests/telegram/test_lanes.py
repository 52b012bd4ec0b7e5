"""Who is next: conversations with the lanes."""

from telpher.telegram.lanes import Lanes


def test_a_chats_updates_start_in_order_and_beside_each_other() -> None:
    lanes: Lanes[str] = Lanes()
    assert lanes.take() == []
    assert lanes.offer(1, "a")
    assert lanes.offer(1, "b")

    assert lanes.take() == [(1, "a"), (1, "b")]
    assert lanes.take() == []


def test_a_chat_may_not_take_all_the_room() -> None:
    lanes: Lanes[str] = Lanes(most_per_chat=2)
    for item in "abc":
        lanes.offer(1, item)
    lanes.offer(2, "x")

    assert lanes.take() == [(1, "a"), (2, "x"), (1, "b")]
    assert lanes.take() == []
    lanes.finished(2)
    assert lanes.take() == []
    lanes.finished(1)
    assert lanes.take() == [(1, "c")]


def test_chats_take_turns_for_the_last_places() -> None:
    lanes: Lanes[str] = Lanes(most_running=2)
    for item in "abc":
        lanes.offer(1, item)
    lanes.offer(2, "x")

    assert lanes.take() == [(1, "a"), (2, "x")]
    lanes.finished(1)
    lanes.offer(3, "y")
    assert lanes.take() == [(1, "b")]
    lanes.finished(2)
    assert lanes.take() == [(3, "y")]
    lanes.finished(1)
    assert lanes.take() == [(1, "c")]


def test_a_chat_skipped_for_its_own_limit_keeps_its_turn() -> None:
    lanes: Lanes[str] = Lanes(most_running=3, most_per_chat=1)
    lanes.offer(1, "a")
    lanes.offer(1, "b")
    lanes.offer(2, "x")
    assert lanes.take() == [(1, "a"), (2, "x")]
    lanes.offer(3, "y")
    lanes.offer(4, "z")
    assert lanes.take() == [(3, "y")]
    lanes.finished(1)
    assert lanes.take() == [(1, "b")]


def test_what_may_wait_is_bounded() -> None:
    lanes: Lanes[str] = Lanes(most_waiting_per_chat=2, most_waiting=3)
    assert [lanes.offer(1, item) for item in "abc"] == [True, True, False]
    assert [lanes.offer(2, item) for item in "xy"] == [True, False]

    lanes.take()
    assert lanes.offer(1, "c")


def test_nothing_is_left_of_a_chat_that_is_done() -> None:
    lanes: Lanes[str] = Lanes()
    lanes.offer(1, "a")
    lanes.take()
    lanes.finished(1)

    assert lanes._lanes == {}
    assert not lanes._turns

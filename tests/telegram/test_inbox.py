"""Who is next: conversations with the inbox."""

from telpher.telegram.inbox import Inbox


def test_a_chats_updates_start_in_order_and_beside_each_other() -> None:
    inbox: Inbox[str] = Inbox()
    assert inbox.take() == []
    assert inbox.offer(1, "a")
    assert inbox.offer(1, "b")

    assert inbox.take() == [(1, "a"), (1, "b")]
    assert inbox.take() == []


def test_a_chat_may_not_take_all_the_room() -> None:
    inbox: Inbox[str] = Inbox(most_per_chat=2)
    for item in "abc":
        inbox.offer(1, item)
    inbox.offer(2, "x")

    assert inbox.take() == [(1, "a"), (2, "x"), (1, "b")]
    assert inbox.take() == []
    inbox.finished(2)
    assert inbox.take() == []
    inbox.finished(1)
    assert inbox.take() == [(1, "c")]


def test_chats_take_turns_for_the_last_places() -> None:
    inbox: Inbox[str] = Inbox(most_running=2)
    for item in "abc":
        inbox.offer(1, item)
    inbox.offer(2, "x")

    assert inbox.take() == [(1, "a"), (2, "x")]
    inbox.finished(1)
    inbox.offer(3, "y")
    assert inbox.take() == [(1, "b")]
    inbox.finished(2)
    assert inbox.take() == [(3, "y")]
    inbox.finished(1)
    assert inbox.take() == [(1, "c")]


def test_a_chat_skipped_for_its_own_limit_keeps_its_turn() -> None:
    inbox: Inbox[str] = Inbox(most_running=3, most_per_chat=1)
    inbox.offer(1, "a")
    inbox.offer(1, "b")
    inbox.offer(2, "x")
    assert inbox.take() == [(1, "a"), (2, "x")]
    inbox.offer(3, "y")
    inbox.offer(4, "z")
    assert inbox.take() == [(3, "y")]
    inbox.finished(1)
    assert inbox.take() == [(1, "b")]


def test_what_may_wait_is_bounded() -> None:
    inbox: Inbox[str] = Inbox(most_waiting_per_chat=2, most_waiting=3)
    assert [inbox.offer(1, item) for item in "abc"] == [True, True, False]
    assert [inbox.offer(2, item) for item in "xy"] == [True, False]

    inbox.take()
    assert inbox.offer(1, "c")


def test_nothing_is_left_of_a_chat_that_is_done() -> None:
    inbox: Inbox[str] = Inbox()
    inbox.offer(1, "a")
    inbox.take()
    inbox.finished(1)

    assert inbox._boxes == {}
    assert not inbox._turns

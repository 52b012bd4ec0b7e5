from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from telpher.core.demand import Demand, Urgency
from telpher.core.fairness import QUANTUM, FairQueue

HEAD, NEAR, AHEAD = Urgency
KIB = 1024


def wish(viewer: object, urgency: Urgency) -> Demand:
    demand = Demand()
    demand.want(viewer, urgency)
    return demand


def queue_of(*items: tuple[str, object, Urgency, int]) -> FairQueue[str]:
    queue: FairQueue[str] = FairQueue()
    for name, viewer, urgency, size in items:
        queue.add(name, size, wish(viewer, urgency))
    return queue


def drain(queue: FairQueue[str]) -> list[str]:
    taken = []
    while (item := queue.take(lambda _: True)) is not None:
        taken.append(item)
    assert len(queue) == 0
    return taken


def test_what_is_waited_for_goes_before_what_comes_soon_before_read_ahead():
    queue = queue_of(
        ("ahead", "a", AHEAD, QUANTUM), ("near", "b", NEAR, QUANTUM), ("head", "c", HEAD, QUANTUM)
    )
    assert drain(queue) == ["head", "near", "ahead"]


def test_viewers_take_turns_and_each_keeps_its_own_order():
    queue = queue_of(*((f"{who}{n}", who, AHEAD, QUANTUM) for who in "ab" for n in range(3)))
    assert drain(queue) == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_a_turn_is_worth_bytes_not_chunks():
    small = [(f"s{n}", "small", AHEAD, QUANTUM // 4) for n in range(8)]
    large = [(f"L{n}", "large", AHEAD, QUANTUM) for n in range(2)]
    order = drain(queue_of(*small, *large))
    assert order == ["s0", "s1", "s2", "s3", "L0", "s4", "s5", "s6", "s7", "L1"]


def test_a_chunk_that_becomes_urgent_changes_its_place():
    queue = queue_of(("a", "a", NEAR, KIB))
    demand = wish("b", AHEAD)
    queue.add("b", KIB, demand)
    demand.want("b", HEAD)
    assert drain(queue) == ["b", "a"]


def test_a_wish_of_another_viewer_moves_it_to_that_viewer():
    queue: FairQueue[str] = FairQueue()
    shared = wish("a", AHEAD)
    queue.add("shared", KIB, shared)
    queue.add("other", KIB, wish("c", AHEAD))
    shared.want("b", NEAR)
    assert queue.take(lambda _: True) == "shared"
    shared.forget("b")  # it is out of the queue: nothing happens to it there
    assert drain(queue) == ["other"]


def test_removed_is_gone_and_may_be_removed_again():
    queue = queue_of(("a", "a", HEAD, KIB))
    entry = queue.add("b", KIB, wish("a", HEAD))
    queue.remove(entry)
    queue.remove(entry)
    assert drain(queue) == ["a"]


def test_what_is_refused_keeps_its_place_and_the_next_viewer_is_asked():
    queue = queue_of(("a0", "a", HEAD, KIB), ("a1", "a", HEAD, KIB), ("b", "b", AHEAD, KIB))
    assert queue.take(lambda item: item != "a0") == "b"  # not a1: it stands behind a0
    assert queue.take(lambda _: False) is None
    assert drain(queue) == ["a0", "a1"]


def test_entries_may_be_removed_while_they_are_looked_through():
    queue = queue_of(("a", "a", AHEAD, KIB), ("b", "b", HEAD, KIB), ("c", "c", HEAD, KIB))
    assert [entry.item for entry in queue.entries()] == ["b", "c", "a"]
    for entry in queue.entries():
        if entry.item != "c":
            queue.remove(entry)
    assert drain(queue) == ["c"]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.sampled_from([64 * KIB << n for n in range(5)])),
        max_size=60,
    )
)
def test_while_two_viewers_wait_neither_is_more_than_two_turns_ahead(items):
    queue: FairQueue[tuple[str, int]] = FairQueue()
    left: Counter[str] = Counter()
    for viewer, size in items:
        queue.add((viewer, size), size, wish(viewer, AHEAD))
        left[viewer] += 1
    served: Counter[str] = Counter()
    waiting = set(left)
    while (item := queue.take(lambda _: True)) is not None:
        viewer, size = item
        served[viewer] += size
        left[viewer] -= 1
        if left[viewer] == 0:
            waiting.discard(viewer)
        for one in waiting:
            assert served[viewer] - served[one] <= 2 * QUANTUM
    assert sum(left.values()) == 0

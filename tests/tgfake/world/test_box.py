from hypothesis import given
from hypothesis import strategies as st

from tgfake.world import Body, Kind, Message, Peer
from tgfake.world.box import Box, Change

OWNER, OTHER = Peer(Kind.USER, 1), Peer(Kind.USER, 2)

STEPS = st.lists(st.tuples(st.sampled_from(["add", "file", "touch", "remove"]), st.integers(0, 9)))


def message() -> Message:
    return Message(OTHER, OWNER, author=2, date=0, body=Body("text"))


def play(box: Box, steps: list[tuple[str, int]]) -> None:
    for step, number in steps:
        ids = tuple(box.messages)[: number + 1]
        if step == "add":
            box.add(message())
        elif step == "file":
            box.file(message())
        elif step == "touch" and ids:
            box.touch(ids[-1])
        elif step == "remove" and ids:
            box.remove(ids)


@given(STEPS)
def test_events_join_without_a_gap(steps: list[tuple[str, int]]) -> None:
    box = Box(OWNER)
    pts = box.pts
    play(box, steps)
    events = box.since(pts)
    assert events is not None
    for event in events:
        assert event.pts == pts + event.count
        assert event.count == len(event.ids)
        pts = event.pts
    assert pts == box.pts


@given(STEPS, st.integers(1, 30))
def test_a_short_log_is_complete_or_says_that_it_is_not(
    steps: list[tuple[str, int]], since: int
) -> None:
    full, short = Box(OWNER), Box(OWNER, log_length=4)
    play(full, steps)
    play(short, steps)
    kept, everything = short.since(since), full.since(since)
    assert kept is None or kept == everything
    assert everything is not None
    if len(everything) > 4:
        assert kept is None


def test_ids_are_never_given_twice() -> None:
    box = Box(OWNER)
    box.add(message())
    box.remove((1,))
    assert box.add(message()).ids == (2,)


def test_filing_tells_nobody() -> None:
    box = Box(OWNER)
    filed = message()
    assert box.file(filed) == filed.ids[OWNER] == 1
    assert (box.pts, box.since(1)) == (1, [])


def test_what_an_event_says() -> None:
    box = Box(OWNER)
    box.add(message())
    box.add(message())
    box.touch(1)
    gone = box.remove((1, 2))
    assert (gone.change, gone.ids, gone.pts, gone.count) == (Change.DELETE, (1, 2), 6, 2)

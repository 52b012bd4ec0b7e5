"""What the soak makes of what it saw, and that its table of faults is complete."""

from dataclasses import replace

from bench.soak import _FAULTS, CACHE_MB, State, Tally, grown, report
from bench.viewer import Play

from tgfake.faults import Fault, Kind

BEFORE = State(rss_mib=100, sockets=9, descriptors=20, threads=3, tasks=15)


def test_every_kind_of_fault_but_those_with_a_code_strikes():
    # `move` and `error` need a code that makes sense: files are moved for real instead.
    assert set(Kind) - set(_FAULTS) == {Kind.MIGRATE, Kind.ERROR}
    for kind, conditions in _FAULTS.items():
        Fault(kind, **conditions)


def test_what_has_grown():
    assert grown(BEFORE, BEFORE) == []
    assert grown(BEFORE, replace(BEFORE, rss_mib=109, sockets=12, tasks=None)) == []
    more = replace(BEFORE, rss_mib=150, sockets=13, tasks=90)
    assert grown(BEFORE, more) == ["memory 100 -> 150 MiB", "sockets 9 -> 13", "tasks 15 -> 90"]


def test_the_report_is_loud_where_it_must_be():
    tally = Tally()
    tally.count(Play(status=206, length=10, received=10))
    assert report(tally, BEFORE, BEFORE).endswith("everything came back\n")
    tally.count(Play(status=206, length=10, received=10, wrong_at=3))
    tally.count(Play(status=503, length=10, received=10, wrong_at=0))
    tally.count(Play(status=206, length=10, received=4, trouble="closed before the end"))
    told = report(tally, BEFORE, replace(BEFORE, sockets=50, tasks=None))
    assert "WRONG BYTES in 1 plays" in told
    assert "GROWN: sockets 9 -> 50" in told
    assert "broken off 1" in told
    assert "tasks unknown" in told
    assert "came back" not in told


def test_an_honest_answer_is_no_play_without_a_byte():
    tally = Tally()
    for status in (206, 410, 503, 0, 502):
        tally.count(Play(status=status, length=10, received=10 if status == 206 else 0))
    told = report(tally, BEFORE, BEFORE)
    assert "answered without bytes 2: {'message deleted': 1, 'asked to come back later': 1}" in told
    assert (
        "without a byte 2 (40.0%): {'left while it was held up by faults': 1, 'answer 502'" in told
    )


def test_memory_under_load_is_told():
    tally = Tally()
    tally.look(CACHE_MB + 100, CACHE_MB)
    tally.look(CACHE_MB + 50, None)
    assert f"under load {CACHE_MB + 100} MiB" in report(tally, BEFORE, BEFORE)
    assert report(tally, BEFORE, BEFORE).endswith("everything came back\n")
    tally.look(CACHE_MB + 200, CACHE_MB)
    assert "MEMORY above" in report(tally, BEFORE, BEFORE)
    reserved = Tally()
    reserved.look(1, CACHE_MB + 1)
    assert "MEMORY above" in report(reserved, BEFORE, BEFORE)

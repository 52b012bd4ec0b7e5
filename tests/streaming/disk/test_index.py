from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from telpher.core.chunks import GRANULE, PAGE
from telpher.streaming.disk.index import (
    EDGE_PAGES,
    EDGE_SHARE,
    LEAST_CHARGE,
    Claim,
    Found,
    Index,
    is_edge,
)
from telpher.streaming.disk.page import HEADER, PageKey, Span

# Long enough to have a middle of a hundred pages.
LONG = (1, 108 * PAGE)
WHOLE = HEADER + PAGE
PLENTY = 1000 * WHOLE


def span(number: int, first: int = 0, end: int = 16, document: tuple[int, int] = LONG) -> Span:
    return Span(PageKey(*document, number), first, end)


def write(index: Index, *spans: Span) -> list[int]:
    """Claims and completes each; returns the numbers of the pages evicted for them."""
    evicted: list[int] = []
    for each in spans:
        claim = index.claim(each)
        assert claim.page is not None
        index.complete(claim, claim.page.present | claim.granules)
        evicted += [key.number for key in claim.evicted]
    return evicted


def middle(numbers: Iterable[int]) -> list[Span]:
    return [span(EDGE_PAGES + number) for number in numbers]


def test_what_is_written_is_found():
    index = Index(PLENTY)
    assert index.find(span(0)) is None
    assert index.lacks(span(0, 2, 4))
    write(index, span(0, 2, 4))
    assert index.find(span(0, 2, 4)) is not None
    assert index.find(span(0, 3, 4)) is not None
    assert index.find(span(0, 2, 5)) is None
    assert index.find(span(1, 2, 4)) is None
    assert not index.lacks(span(0, 2, 4))
    assert index.lacks(span(0, 2, 5))


def test_what_is_being_written_is_not_found_but_not_lacking():
    index = Index(PLENTY)
    claim = index.claim(span(0, 0, 4))
    assert claim.granules == 0b1111
    assert index.find(span(0, 0, 4)) is None
    assert not index.lacks(span(0, 0, 4))
    assert index.claim(span(0, 2, 6)).granules == 0b110000


@pytest.mark.parametrize(
    ("granules", "charge"),
    [(1, LEAST_CHARGE), (2, HEADER + 2 * GRANULE), (16, WHOLE)],
)
def test_bytes_count_from_the_claim_on(granules, charge):
    index = Index(PLENTY)
    claim = index.claim(span(0, 0, granules))
    assert index.bytes == charge
    index.complete(claim, claim.granules)
    assert index.bytes == charge


def test_a_page_that_grows_costs_what_it_has():
    index = Index(PLENTY)
    write(index, span(0, 0, 4), span(0, 8, 12))
    assert index.bytes == HEADER + 8 * GRANULE
    assert len(index) == 1


def test_least_recently_used_goes_first():
    index = Index(3 * WHOLE)
    assert write(index, *middle([0, 1, 2])) == []
    assert index.find(span(EDGE_PAGES)) is not None
    assert write(index, *middle([3])) == [EDGE_PAGES + 1]
    assert write(index, *middle([4])) == [EDGE_PAGES + 2]
    assert write(index, *middle([5])) == [EDGE_PAGES]
    assert index.bytes == 3 * WHOLE


def test_being_written_to_is_a_use():
    index = Index(2 * WHOLE)
    write(index, span(5, 0, 8), span(6, 0, 8), span(5, 8, 16))
    assert write(index, span(7, 0, 16)) == [6]


def test_what_is_being_written_stays():
    index = Index(2 * WHOLE)
    busy = index.claim(span(5))
    write(index, span(6))
    assert write(index, span(7)) == [6]
    index.complete(busy, busy.granules)
    assert write(index, span(8)) == [5]


def test_no_room_when_all_is_being_written():
    index = Index(2 * WHOLE)
    index.claim(span(5))
    index.claim(span(6))
    assert index.claim(span(7)) == Claim(None, 0, ())
    assert index.bytes == 2 * WHOLE


def test_a_page_does_not_make_room_for_itself():
    index = Index(WHOLE)
    write(index, span(5, 0, 8))
    claim = index.claim(span(5, 8, 16))
    assert claim.page is not None
    assert claim.evicted == ()


def test_beginnings_and_ends_go_last():
    index = Index(8 * WHOLE)
    write(index, span(0), span(107), *middle(range(6)))
    for number in range(6, 60):
        assert write(index, *middle([number])) == [EDGE_PAGES + number - 6]
    assert index.find(span(0)) is not None
    assert index.find(span(107)) is not None


def test_beyond_their_share_they_are_pages_like_any_other():
    budget = 8 * WHOLE
    assert budget // EDGE_SHARE == 2 * WHOLE
    index = Index(budget)
    write(index, span(0), span(1), span(2), *middle(range(5)))
    assert write(index, *middle([5])) == [0]
    assert write(index, *middle([6])) == [EDGE_PAGES]


def test_small_files_alone_use_the_whole_budget():
    index = Index(8 * LEAST_CHARGE)
    small = [span(0, 0, 1, document=(number, 1000)) for number in range(1, 10)]
    write(index, *small[:8])
    assert index.bytes == 8 * LEAST_CHARGE
    claim = index.claim(small[8])
    assert [key.document_id for key in claim.evicted] == [1]


@pytest.mark.parametrize(
    ("pages", "edges"),
    [
        (1, {0}),
        (8, set(range(8))),
        (9, {0, 1, 2, 3, 5, 6, 7, 8}),
        (108, {0, 1, 2, 3} | set(range(104, 108))),
    ],
)
def test_which_pages_are_edges(pages, edges):
    size = pages * PAGE - 1
    assert {number for number in range(pages) if is_edge(PageKey(1, size, number))} == edges


def test_pages_found_may_have_anything_until_they_are_read():
    index = Index(PLENTY, [Found(span(5).key, 300_000)])
    assert index.bytes == 300_000
    page = index.find(span(5, 7, 9))
    assert page is not None
    index.learn(page, 0b11)
    assert index.bytes == HEADER + 2 * GRANULE
    assert index.find(span(5, 7, 9)) is None
    assert index.find(span(5, 0, 2)) is page


def test_a_page_found_costs_the_least_at_least():
    assert Index(PLENTY, [Found(span(5).key, 0)]).bytes == LEAST_CHARGE


def test_writing_to_a_page_found_counts_it_as_whole_until_it_is_known():
    index = Index(PLENTY, [Found(span(5).key, 300_000)])
    claim = index.claim(span(5, 0, 1))
    assert index.bytes == WHOLE
    index.complete(claim, 0b101)
    assert index.bytes == HEADER + 2 * GRANULE
    assert index.find(span(5, 2, 3)) is not None
    assert index.find(span(5, 1, 2)) is None


def test_what_a_reader_saw_before_a_write_ended_changes_nothing():
    index = Index(PLENTY, [Found(span(5).key, 300_000)])
    page = index.find(span(5))
    assert page is not None
    claim = index.claim(span(5, 0, 4))
    index.complete(claim, 0b1111)
    index.learn(page, 0b1)
    assert index.find(span(5, 0, 4)) is page


def test_trim_takes_the_oldest_found_until_the_rest_fits():
    index = Index(2 * WHOLE, [Found(each.key, WHOLE) for each in middle(range(5))])
    assert [key.number for key in index.trim()] == [4, 5, 6]
    assert index.bytes == 2 * WHOLE
    assert index.trim() == ()


def test_a_smaller_budget_is_kept_from_the_next_claim_on():
    index = Index(5 * WHOLE)
    write(index, *middle(range(5)))
    index.budget = 2 * WHOLE
    assert write(index, span(20)) == [4, 5, 6, 7]
    assert index.bytes == 2 * WHOLE


def test_what_was_evicted_for_nothing_is_told():
    index = Index(2 * WHOLE)
    write(index, span(5))
    index.budget = 0
    assert index.claim(span(6)) == Claim(None, 0, (span(5).key,))


def test_a_dropped_page_is_gone_once():
    index = Index(PLENTY)
    write(index, span(5), span(6))
    page = index.find(span(5))
    assert page is not None
    assert index.drop(page)
    assert not index.drop(page)
    assert index.find(span(5)) is None
    assert index.bytes == WHOLE


def test_a_claim_on_a_page_that_has_left_changes_nothing():
    index = Index(PLENTY)
    claim = index.claim(span(5))
    index.forget([span(5).key, span(6).key])
    assert index.bytes == 0
    newer = index.claim(span(5, 0, 4))
    index.complete(claim, claim.granules)
    assert index.find(span(5)) is None
    assert newer.page is not None
    assert newer.page.claimed == 0b1111


BUDGET = 6 * WHOLE
SMALL = (2, 1000)
SPANS = st.one_of(
    st.builds(
        lambda number, first, more: span(number, first, min(first + more, 16)),
        st.sampled_from([0, 1, 50, 51, 52, 53, 106, 107]),
        st.integers(0, 15),
        st.integers(1, 16),
    ),
    st.just(span(0, 0, 1, document=SMALL)),
)


def mask(granules: Iterable[int]) -> int:
    return sum(1 << granule for granule in granules)


class IndexMachine(RuleBasedStateMachine):
    """Against a plain list of what is there: (key, granules), least recently used first."""

    def __init__(self) -> None:
        super().__init__()
        self.index = Index(BUDGET)
        self.there: dict[PageKey, set[int]] = {}
        self.open: list[Claim] = []

    def use(self, key: PageKey) -> None:
        self.there[key] = self.there.pop(key, set())

    @rule(wanted=SPANS)
    def find(self, wanted: Span) -> None:
        granules = set(range(wanted.first, wanted.end))
        there = granules <= self.there.get(wanted.key, set())
        assert (self.index.find(wanted) is not None) == there
        if there:
            self.use(wanted.key)

    @rule(wanted=SPANS)
    def claim(self, wanted: Span) -> None:
        if not self.index.lacks(wanted):
            return
        had = self.costs().get(wanted.key, 0)
        if wanted.key in self.there:
            self.use(wanted.key)
        missing = self.missing(wanted)
        charge = self.cost(wanted.key, missing.bit_count())
        evicted = self.evict(sum(self.costs().values()) + charge - had - BUDGET, wanted.key)
        claim = self.index.claim(wanted)
        assert list(claim.evicted) == evicted
        if sum(self.costs().values()) + charge - had > BUDGET:
            assert claim.page is None
            return
        assert claim.page is not None
        assert claim.granules == missing
        self.use(wanted.key)
        self.open.append(claim)

    def evict(self, excess: int, spared: PageKey) -> list[PageKey]:
        """Takes out what has to go, by the rule as it is written."""
        evicted: list[PageKey] = []
        while excess > 0:
            costs = self.costs()
            idle = [key for key in self.there if key != spared and not self.claimed(key)]
            edges = sum(cost for key, cost in costs.items() if is_edge(key))
            protected = edges <= BUDGET / EDGE_SHARE and not all(map(is_edge, idle))
            victim = next((key for key in idle if not (protected and is_edge(key))), None)
            if victim is None:
                break
            excess -= costs[victim]
            del self.there[victim]
            evicted.append(victim)
        return evicted

    def claimed(self, key: PageKey) -> int:
        masks = (each.granules for each in self.open if each.page and each.page.key == key)
        return sum(masks)

    def missing(self, wanted: Span) -> int:
        there = mask(self.there.get(wanted.key, set()))
        return wanted.mask & ~(there | self.claimed(wanted.key))

    def cost(self, key: PageKey, more: int = 0) -> int:
        granules = len(self.there.get(key, ())) + self.claimed(key).bit_count() + more
        return max(HEADER + granules * GRANULE, LEAST_CHARGE)

    def costs(self) -> dict[PageKey, int]:
        return {key: self.cost(key) for key in self.there}

    @precondition(lambda self: self.open)
    @rule(data=st.data(), fails=st.booleans())
    def end(self, data: st.DataObject, fails: bool) -> None:
        claim = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        page = claim.page
        assert page is not None
        if fails:
            assert self.index.drop(page)
            self.lose(page.key)
        else:
            self.there[page.key] |= {at for at in range(16) if claim.granules >> at & 1}
            self.index.complete(claim, mask(self.there[page.key]))

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.there)))
        self.index.forget([key])
        self.lose(key)

    def lose(self, key: PageKey) -> None:
        del self.there[key]
        self.open = [claim for claim in self.open if claim.page and claim.page.key != key]

    @invariant()
    def bytes_are_what_the_pages_cost(self) -> None:
        assert self.index.bytes == sum(self.costs().values()) <= BUDGET
        assert len(self.index) == len(self.there)


IndexMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestIndexMachine = IndexMachine.TestCase

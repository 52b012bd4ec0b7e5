"""Which pages are on disk, what they cost, and which go first. Pure: no file is touched here.

Bytes are counted from the moment they are claimed, before they are written, and a page that has to
make room is out of the index before the new one is written: the folder stays within the budget.

A page costs its header and its granules, but at least 128 KiB. That bounds the number of pages for
a given budget, and with it inodes and memory (about 350 bytes a page): 0.4 MB for each GiB of whole
pages, 3 MB for each GiB where strangers ask for nothing but single bytes.

Least recently used pages go first, but the first and last pages of a document go last: there lies
the container's index, which each player reads at each start (players.md 3). They have a quarter of
the budget for themselves; beyond it they are pages like any other. So a folder of small files,
which are nothing but beginnings and ends, does not shut out the films.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from telpher.core.chunks import GRANULE, PAGE
from telpher.streaming.disk.page import HEADER, PageKey, Span

LEAST_CHARGE = 128 << 10

# At each end. The sample tables of a two-hour film (some 500,000 samples of sound and picture, 8
# bytes each) take about 4 MiB.
EDGE_PAGES = 4

# The part of the budget in which beginnings and ends outlive everything else.
EDGE_SHARE = 4


@dataclass(eq=False, slots=True)
class Page:
    """A page in the index.

    `present` are the granules on disk and `claimed` those being written, as in `Span.mask`. A page
    that was found by its name is `unread`: then `present` is not known yet, and `charge` (bytes)
    is what its file takes.
    """

    key: PageKey
    charge: int = 0
    present: int = 0
    claimed: int = 0
    unread: bool = False
    used: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A page file as the folder lists it: `space` is what it takes, in bytes."""

    key: PageKey
    space: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Leave to write `granules` (as in `Span.mask`) of `page`, once the `evicted` are removed.

    `page` is None when there is no room; the evicted are to be removed all the same.
    """

    page: Page | None
    granules: int
    evicted: tuple[PageKey, ...]


class Index:
    """All pages and their budget, in bytes."""

    def __init__(self, budget: int, found: Iterable[Found] = ()) -> None:
        """`found` least recently used first. They may exceed the budget: see `trim`."""
        self.budget = budget
        self.bytes = 0
        self._edge_bytes = 0
        self._edges: OrderedDict[PageKey, Page] = OrderedDict()  # least recently used first
        self._middle: OrderedDict[PageKey, Page] = OrderedDict()
        self._uses = count()
        for each in found:
            page = Page(each.key, unread=True)
            self._insert(page)
            self._recharge(page, max(each.space, LEAST_CHARGE))

    def __len__(self) -> int:
        return len(self._edges) + len(self._middle)

    def __contains__(self, key: PageKey) -> bool:
        return key in self._queue(key)

    def find(self, span: Span) -> Page | None:
        """The page, if all of the span is there, or may be; counts as a use."""
        page = self._queue(span.key).get(span.key)
        if page is None or not (page.unread or page.present & span.mask == span.mask):
            return None
        self._use(page)
        return page

    def lacks(self, span: Span) -> bool:
        """Whether any of the span is neither there nor on its way, as far as is known."""
        page = self._queue(span.key).get(span.key)
        return page is None or span.mask & ~(page.present | page.claimed) != 0

    def claim(self, span: Span) -> Claim:
        """Takes room for what the span lacks; the page stays until `complete` or `drop`."""
        page = self._queue(span.key).get(span.key) or Page(span.key)
        granules = span.mask & ~(page.present | page.claimed)
        charge = _charge(page, granules)
        if span.key in self:
            self._use(page)
        evicted = self._evict(self.bytes + charge - page.charge - self.budget, spared=page)
        if self.bytes + charge - page.charge > self.budget:
            return Claim(None, 0, evicted)
        if span.key not in self:
            self._insert(page)
        page.claimed |= granules
        self._recharge(page, charge)
        return Claim(page, granules, evicted)

    def complete(self, claim: Claim, present: int) -> None:
        """The claim has been written; now `present` is what the file holds."""
        page = claim.page
        if page is None or not self._current(page):
            return
        page.claimed &= ~claim.granules
        self._know(page, present)

    def learn(self, page: Page, present: int) -> None:
        """The file has been looked into: this is what it holds."""
        if page.unread and self._current(page):
            self._know(page, present)

    def drop(self, page: Page) -> bool:
        """Takes the page out; False when it was out already."""
        if not self._current(page):
            return False
        self._recharge(page, 0)
        del self._queue(page.key)[page.key]
        return True

    def forget(self, keys: Iterable[PageKey]) -> None:
        """Takes out whichever of these pages there are."""
        for key in keys:
            page = self._queue(key).get(key)
            if page is not None:
                self.drop(page)

    def trim(self) -> tuple[PageKey, ...]:
        """Takes pages out until the rest fits into the budget; returns them."""
        return self._evict(self.bytes - self.budget)

    def _evict(self, excess: int, spared: Page | None = None) -> tuple[PageKey, ...]:
        evicted = []
        while excess > 0 and (page := self._victim(spared)) is not None:
            excess -= page.charge
            self.drop(page)
            evicted.append(page.key)
        return tuple(evicted)

    def _victim(self, spared: Page | None) -> Page | None:
        middle = next(_idle(self._middle, spared), None)
        edge = next(_idle(self._edges, spared), None)
        if middle is None or edge is None:
            return middle or edge
        if self._edge_bytes * EDGE_SHARE <= self.budget:
            return middle
        return min(middle, edge, key=lambda page: page.used)

    def _know(self, page: Page, present: int) -> None:
        page.present = present
        page.unread = False
        self._recharge(page, _charge(page, 0))

    def _current(self, page: Page) -> bool:
        return self._queue(page.key).get(page.key) is page

    def _queue(self, key: PageKey) -> OrderedDict[PageKey, Page]:
        return self._edges if is_edge(key) else self._middle

    def _insert(self, page: Page) -> None:
        self._queue(page.key)[page.key] = page
        page.used = next(self._uses)

    def _use(self, page: Page) -> None:
        self._queue(page.key).move_to_end(page.key)
        page.used = next(self._uses)

    def _recharge(self, page: Page, charge: int) -> None:
        difference = charge - page.charge
        page.charge = charge
        self.bytes += difference
        if is_edge(page.key):
            self._edge_bytes += difference


def is_edge(key: PageKey) -> bool:
    """Whether the page is one of the first or last of its document."""
    pages = -(-key.size // PAGE)
    return key.number < EDGE_PAGES or key.number >= pages - EDGE_PAGES


def _idle(queue: OrderedDict[PageKey, Page], spared: Page | None) -> Iterator[Page]:
    """Pages that nobody is writing: the others are few, as the queue of writes is bounded."""
    return (page for page in queue.values() if not page.claimed and page is not spared)


def _charge(page: Page, more: int) -> int:
    """What the page costs with `more` granules; an unread one might turn out to be whole."""
    granules = (page.present | page.claimed | more).bit_count()
    if page.unread:
        granules = page.key.granules
    return max(HEADER + granules * GRANULE, LEAST_CHARGE)

from __future__ import annotations

from telpher.core.demand import Demand, Urgency

HEAD, NEAR, AHEAD = Urgency


def test_nobody_wants_it():
    demand = Demand()
    assert (demand.urgency, demand.viewer) == (AHEAD, None)


def test_the_most_urgent_wish_counts_and_says_whose_it_is():
    demand = Demand()
    demand.want("a", AHEAD)
    demand.want("b", NEAR)
    demand.want("c", NEAR)
    assert (demand.urgency, demand.viewer) == (NEAR, "b")
    demand.want("a", HEAD)
    assert (demand.urgency, demand.viewer) == (HEAD, "a")
    demand.forget("a")
    demand.forget("b")
    assert (demand.urgency, demand.viewer) == (NEAR, "c")


def test_who_watches_is_told_of_changes_alone():
    demand, told = Demand(), []
    demand.watch(lambda: told.append((demand.viewer, demand.urgency)))
    demand.want("a", AHEAD)
    demand.want("a", AHEAD)
    demand.want("a", HEAD)
    demand.forget("b")
    demand.forget("a")
    assert told == [("a", AHEAD), ("a", HEAD), (None, AHEAD)]
    demand.watch(None)
    demand.want("a", HEAD)
    assert len(told) == 3

from __future__ import annotations

import random

import pytest

from telpher.core.records import Denial
from telpher.service.denials import Denials

LAST = 2**63 - 1


def dead(link_id, changed=10.0, expires=0):
    return Denial(link_id, changed, denied=True, expires=expires)


def alive(link_id, changed=10.0):
    return Denial(link_id, changed, denied=False, expires=0)


@pytest.mark.parametrize("link_id", [1, 2**53, LAST])
def test_a_link_is_dead_until_it_is_pardoned(link_id):
    denials = Denials()
    assert link_id not in denials
    denials.take([dead(link_id)])
    assert link_id in denials
    assert link_id ^ 1 not in denials
    denials.take([alive(link_id, 11)])
    assert link_id not in denials


def test_many_links_in_any_order():
    draw = random.Random(4)
    ids = {draw.randrange(1, LAST) for _ in range(5000)}
    denials = Denials()
    for link_id in ids:
        denials.restore(link_id, 0)
    assert len(denials) == len(ids)
    assert all(link_id in denials for link_id in ids)
    assert not any(draw.randrange(1, LAST) in denials for _ in range(1000))


def test_only_news_are_told_of():
    denials = Denials()
    assert denials.take([dead(1), dead(2), alive(3)]) == [dead(1), dead(2)]
    assert denials.take([dead(1), dead(2), alive(3)]) == []
    assert denials.take([alive(1)]) == [alive(1)]


def test_the_last_of_several_changes_holds():
    denials = Denials()
    denials.take([dead(1, 1.0), alive(1, 2.0), dead(2, 3.0), alive(2, 4.0), dead(2, 5.0)])
    assert (1 in denials, 2 in denials) == (False, True)


def test_a_pardon_does_not_bring_back_what_was_revoked_here_and_is_not_known_there_yet():
    denials = Denials()
    denials.deny(1)
    denials.take([alive(1, 19.0)])
    assert 1 in denials
    denials.take([dead(1, 21.0)])
    denials.take([alive(1, 22.0)])
    assert 1 not in denials


def test_what_has_expired_is_forgotten():
    denials = Denials()
    for link_id in range(1, LAST, LAST // 5000):
        denials.restore(link_id, expires=50)
        denials.restore(link_id + 1, expires=0)
        denials.restore(link_id + 2, expires=51)
    before = len(denials)
    for _ in range(2000):
        denials.sweep(now=50)
    assert len(denials) == before * 2 // 3
    assert 2 in denials
    assert 1 not in denials

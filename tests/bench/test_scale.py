"""The model of many viewers: held to a simulation, and to common sense."""

from __future__ import annotations

import dataclasses

import pytest
from bench.scale import (
    DOCS,
    Assumptions,
    bit_rate,
    classes,
    demand,
    hit_rate,
    into_docs,
    limits,
    need,
    simulate,
)

GIB = 1 << 30
SMALL = Assumptions(files=1_000, viewers=1_000)


@pytest.mark.parametrize("cache", [10, 100, 400])
@pytest.mark.parametrize("zipf", [0.6, 1.0])
def test_the_model_says_what_a_real_cache_does(cache: int, zipf: float) -> None:
    # Which bitrate the most popular film has is chance; so they have one.
    about = dataclasses.replace(SMALL, zipf=zipf, bitrates=((5.0, 1.0),))
    assert hit_rate(about, cache * GIB) == pytest.approx(
        simulate(about, cache * GIB, sessions=6_000), abs=0.06
    )


def test_what_is_asked_for_is_what_is_watched() -> None:
    asked = sum(each.requests for each in classes(SMALL))
    assert asked == pytest.approx(demand(SMALL), rel=0.02)
    size = sum(each.size for each in classes(SMALL))
    assert size == pytest.approx(1_000 * 3_600 * bit_rate(SMALL) * 125_000)


def test_a_larger_cache_hits_more_and_one_for_everything_always() -> None:
    rates = [hit_rate(SMALL, cache * GIB) for cache in (1, 10, 100, 1_000, 10_000)]
    assert rates == sorted(rates)
    assert 0 < rates[0] < rates[-1] == 1.0


def test_popular_films_are_easier_to_keep() -> None:
    even, steep = (dataclasses.replace(SMALL, zipf=each) for each in (0.4, 1.2))
    assert hit_rate(even, 100 * GIB) < hit_rate(steep, 100 * GIB)


@pytest.mark.parametrize("edge", [False, True])
def test_what_is_bought_is_enough(edge: bool) -> None:
    about = dataclasses.replace(SMALL, viewers=50_000)
    this = need(about, edge=edge)
    out = this.upstream if edge else this.demand
    assert out <= this.instances * 125 * about.network_busy
    assert this.demand <= this.edge_nodes * 1_250 * about.network_busy or not edge
    assert this.upstream <= this.bots * about.calls_per_bot * 1.048576
    assert this.upstream == pytest.approx(this.demand * (1 - this.hit_rate))


def test_what_is_new_is_always_fetched() -> None:
    about = dataclasses.replace(SMALL, viewers=50_000)
    fresh = need(about, edge=True).upstream
    assert fresh == pytest.approx(0.02 * 1_000 * 3_600 * bit_rate(about) * 0.125 / 86_400)
    assert need(dataclasses.replace(about, fresh=0.0), edge=True).bots == 0


def test_limits_come_with_the_first_to_bind_first() -> None:
    carried = [viewers for _, viewers in limits(SMALL)]
    assert carried == sorted(carried)
    faster = dict(limits(dataclasses.replace(SMALL, instance_gbit=10.0)))
    assert faster["network"] == pytest.approx(10 * dict(limits(SMALL))["network"])


def test_the_page_has_the_tables_of_now() -> None:
    """`python -m bench.scale --docs` writes them."""
    text = DOCS.read_text("utf-8")
    assert into_docs(text) == text

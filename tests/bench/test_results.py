"""The table and the ratios, from rows that are made up here."""

import json

import pytest
from bench.cases import naming
from bench.profile import LOOPBACK, USUAL
from bench.ratios import ratios
from bench.results import BARE, FIGURES, Results, table


def filled() -> Results:
    results = Results()
    home = naming.play_case(USUAL, naming.HOME)
    for system, mb_s in {"telpher": 30.0, "telethon": 3.0, "kurigram": 5.0}.items():
        results.row(home, system).add(mb_s=mb_s)
    for kind, telpher in ((naming.OPEN, 90.0), (naming.SEEK, 100.0)):
        case = naming.ttfb_case(USUAL, kind)
        times = {"telpher": telpher, "telethon": 150.0, "telethon-1MiB": 250.0, "kurigram": 220.0}
        for system, ttfb_ms in times.items():
            results.row(case, system).add(ttfb_ms=ttfb_ms)
    cpu = naming.cpu_case(LOOPBACK)
    for system, cost in {"telpher": 2.0, "telethon": 4.0, "kurigram": 8.0, BARE: 1.0}.items():
        results.row(cpu, system).add(cpu_s_per_gib=cost)
    for part, cost in ((naming.WEB, 0.02), (naming.OBSERVING, 0.08)):
        case = naming.added_case(LOOPBACK, naming.ONE_PLAY)
        results.row(case, part).add(cpu_s_per_gib=cost)
    results.row(naming.shared_case(USUAL), "telpher").add(upstream_ratio=1.01)
    crew = {
        naming.ONE_WORKER: 0.4,
        naming.TWO_WORKERS: 0.5,
        "2 workers: 0": 0.42,
        "2 workers: 1": 0.43,
    }
    for system, cost in crew.items():
        results.row(naming.workers_case(LOOPBACK), system).add(cpu_s_per_gib=cost)
    for size, cost in ((naming.SMALL_RANGE, 1.5), (naming.LARGE_RANGE, 1.8)):
        case = naming.edge_case(LOOPBACK, size)
        results.row(case, naming.BEHIND_CACHE).add(cpu_ms_per_request=cost)
    return results


def test_ratios_are_over_the_best_of_the_others():
    told = {ratio.name: (ratio.value, ratio.reached) for ratio in ratios(filled())}
    assert told == {
        "throughput_80ms": (6.0, True),
        "ttfb_80ms": (pytest.approx(100 / 220), True),
        "ttfb_80ms_rtts": (1.25, True),
        "cpu": (0.5, True),
        "cpu_over_bare": (2.0, None),
        "cpu_web": (0.01, True),
        "cpu_observing": (0.04, False),
        "cpu_workers": (pytest.approx(0.43 / 0.4), True),
        "throughput_workers": (None, None),
        "cpu_edge": (pytest.approx(1.2), True),
        "upstream_20_viewers": (1.01, True),
    }


def test_what_is_not_reached_is_said_loudly():
    results = filled()
    case = naming.added_case(LOOPBACK, naming.ONE_PLAY)
    results.row(case, naming.OBSERVING).samples["cpu_s_per_gib"] = [0.01]
    results.row(naming.play_case(USUAL, naming.HOME), "telethon").samples["mb_s"] = [7.0]
    results.row(naming.shared_case(USUAL), "telpher").samples["upstream_ratio"] = [1.2]
    loud = [ratio.name for ratio in ratios(results) if "NOT REACHED" in ratio.told()]
    assert loud == ["throughput_80ms", "upstream_20_viewers"]


def test_two_workers_are_compared_where_there_are_cores_for_them():
    results = filled()
    for system, mb_s in ((naming.ONE_WORKER, 1000.0), (naming.TWO_WORKERS, 1900.0)):
        results.row(naming.workers_case(LOOPBACK), system).add(mb_s=mb_s)
    told = {ratio.name: (ratio.value, ratio.reached) for ratio in ratios(results)}
    assert told["throughput_workers"] == (1.9, True)


def test_a_missing_row_is_a_missing_ratio_with_a_reason():
    for ratio in ratios(Results()):
        assert (ratio.value, ratio.reached) == (None, None)
        assert ratio.reason
        assert ratio.reason in ratio.told()


def test_a_cost_below_the_clock_is_no_ratio():
    results = filled()
    for system in ("telethon", "kurigram", BARE):
        results.row(naming.cpu_case(LOOPBACK), system).samples["cpu_s_per_gib"] = [0.0]
    told = {ratio.name: ratio.value for ratio in ratios(results)}
    assert (told["cpu"], told["cpu_over_bare"]) == (None, None)


def test_a_row_tells_the_median_and_the_spread():
    row = Results().row("a case", "a system")
    for value in (3.0, 1.0, 200.0):
        row.add(mb_s=value, ttfb_ms=None)
    row.note("odd")
    row.note("odd")
    told = row.as_json()
    assert json.loads(json.dumps(told)) == told
    assert told == {
        "case": "a case",
        "system": "a system",
        **dict.fromkeys(FIGURES),
        "mb_s": 3.0,
        "spread": {"mb_s": [1.0, 200.0]},
        "runs": 3,
        "notes": ["odd"],
    }


def test_the_table_shows_every_row_figure_and_note():
    results = filled()
    row = results.row("seeks", "telpher")
    row.add(wasted_kib=600.0)
    row.add(wasted_kib=700.0)
    row.note("a remark")
    shown = table(results)
    assert "650 [600..700]" in shown
    assert "seeks / telpher: a remark" in shown
    assert len([line for line in shown.splitlines() if "telpher" in line]) == 7

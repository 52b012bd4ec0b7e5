"""The table of metrics: its rules, and its copy for people."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from telpher.observe.metrics.table import TABLE, Kind, Metric

DOCS = (Path(__file__).parents[3] / "docs/metrics.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\| (.*) \|$", re.MULTILINE)


def test_every_metric_has_its_line_in_the_docs_and_every_line_its_metric() -> None:
    told = {
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)), text)
        for name, kind, labels, text in ROW.findall(DOCS)
    }
    assert told == {(each.name, each.kind.value, each.labels, f"{each.help}.") for each in TABLE}


def test_names_are_not_given_twice() -> None:
    assert len({each.name for each in TABLE}) == len(TABLE)


@pytest.mark.parametrize("metric", TABLE, ids=lambda each: each.name)
def test_metrics_follow_the_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"(telpher|process)_[a-z0-9]+(_[a-z0-9]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert not metric.help.endswith(".")

"""What one process tells of its metrics, as JSON; and the metrics of several that tell.

    {"values":        {NAME: [[LABELS, VALUE], ...]},
     "distributions": {NAME: [[LABELS, COUNTS, SUM], ...]}}

With several workers every series has a label `worker`, and none is a sum: of a sum that falls
because one of them began anew, Prometheus would believe that all of them did, and count everything
the others have counted once more. What is `shared` (of the machine, or of the database) is told
once, by the worker that is asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from telpher.observe.metrics.table import TABLE, WORKER_UP, Kind, Metric

Labels: TypeAlias = tuple[str, ...]
Telling: TypeAlias = Mapping[str, Mapping[str, list[list[Any]]]]

# The label; none of the table's has this name but the metric that says who answers.
WORKER: Final = "worker"


def families(telling: Telling) -> Iterator[Family]:
    """Those of a process that works alone, in the table's order."""
    for metric in TABLE:
        yield from _told(metric, {(): telling})


class OfAll(Collector):
    """Those of all workers, by their numbers; `here` is the one that is asked. None is told by who
    did not answer."""

    def __init__(self, tellings: Mapping[int, Telling | None], here: int) -> None:
        self._tellings = dict(sorted(tellings.items()))
        self._here = here

    def collect(self) -> Iterator[Family]:
        """For the registry."""
        for metric in TABLE:
            if metric is WORKER_UP:
                yield self._answering()
            elif metric.shared:
                yield from _told(metric, {(): self._tellings[self._here]})
            else:
                of_each: dict[Labels, Telling | None] = {
                    (str(each),): told for each, told in self._tellings.items()
                }
                yield from _told(metric, of_each, (WORKER,))

    def _by_label(self) -> dict[Labels, Telling | None]:
        return {(str(number),): telling for number, telling in self._tellings.items()}

    def _answering(self) -> Family:
        family = GaugeMetricFamily(WORKER_UP.name, f"{WORKER_UP.help}.", labels=WORKER_UP.labels)
        for number, telling in self._tellings.items():
            family.add_metric((str(number),), float(telling is not None))
        return family


def _told(
    metric: Metric, tellings: Mapping[Labels, Telling | None], more: Labels = ()
) -> Iterator[Family]:
    """What they tell of that metric, each under the values that it has for the labels `more`."""
    text, labels = f"{metric.help}.", (*metric.labels, *more)
    if metric.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, text, labels=labels)
        for values, telling in tellings.items():
            found = (telling or {}).get("distributions", {}).get(metric.name, ())
            for own, counts, total in found:
                histogram.add_metric((*own, *values), _buckets(metric, counts), total)
        yield histogram
        return
    make = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    simple = make(metric.name, text, labels=labels)
    for values, telling in tellings.items():
        for own, value in (telling or {}).get("values", {}).get(metric.name, ()):
            simple.add_metric((*own, *values), value)
    yield simple


def _buckets(metric: Metric, counts: list[int]) -> list[tuple[str, float]]:
    """(upper bound, how many were no larger), as Prometheus wants them."""
    bounds = [*map(str, metric.buckets), "+Inf"]
    return list(zip(bounds, itertools.accumulate(counts), strict=True))

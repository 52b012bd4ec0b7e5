"""What is counted as it happens, and what is read when somebody looks.

    count, observe    per request, per question to the database, per update: a look into a dict and
                      an addition, half a microsecond
    read              everything else. On the way of the bytes rooms keep plain integers, and a
                      source hands them out at each scrape

All of it belongs to the event loop: nothing here locks. Series are bounded twice: by the table's
rule that no label has values a stranger can choose, and by MOST_SERIES, should somebody break it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector, CollectorRegistry

from telpher.observe.metrics.table import TABLE, Kind, Metric
from telpher.observe.metrics.telling import Telling, families

Labels: TypeAlias = tuple[str, ...]

# Of one metric: several times what the largest has (a bot's data centres times errors). What comes
# beyond is counted together, under OTHER.
MOST_SERIES: Final = 500

OTHER: Final = "other"


class Reading(NamedTuple):
    """What a source says of a metric at this moment; `labels` in the table's order."""

    metric: Metric
    value: float
    labels: Labels = ()


Source: TypeAlias = Callable[[], Iterable[Reading]]


class _Distribution:
    """A histogram's one series: how many values fell between two bounds, and their sum."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Metrics(Collector):
    """One process's. `registry` is its own: nothing is shared with other users of the library."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._counts: dict[Metric, dict[Labels, float]] = {}
        self._distributions: dict[Metric, dict[Labels, _Distribution]] = {}
        self._sources: list[Source] = []
        for metric in TABLE:
            # From the start, so that the first of its kind is a rise (docs: "Avoid missing
            # metrics").
            if metric.kind is Kind.COUNTER and not metric.labels:
                self._counts[metric] = {(): 0.0}
            if metric.kind is Kind.HISTOGRAM and not metric.labels:
                self._distributions[metric] = {(): _Distribution(metric.buckets)}

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        """Adds to a counter."""
        series = self._counts.setdefault(metric, {})
        key = _bounded(series, labels)
        series[key] = series.get(key, 0.0) + by

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Adds a value to a histogram."""
        series = self._distributions.setdefault(metric, {})
        key = _bounded(series, labels)
        found = series.get(key)
        if found is None:
            found = series[key] = _Distribution(metric.buckets)
        found.add(value)

    def read(self, source: Source) -> None:
        """Has `source` asked at each scrape; it must neither wait nor fail."""
        self._sources.append(source)

    def told(self) -> Telling:
        """Everything, as other processes are told of it."""
        values = {metric: dict(series) for metric, series in self._counts.items()}
        for source in self._sources:
            for metric, value, labels in source():
                values.setdefault(metric, {})[labels] = float(value)
        distributions = self._distributions.items()
        return {
            "values": {
                metric.name: [[*each] for each in series.items()]
                for metric, series in values.items()
            },
            "distributions": {
                metric.name: [[labels, each.counts, each.sum] for labels, each in series.items()]
                for metric, series in distributions
            },
        }

    def collect(self) -> Iterator[Family]:
        """Everything, in the table's order; for the registry."""
        return families(self.told())


def _bounded(series: dict[Labels, float] | dict[Labels, _Distribution], labels: Labels) -> Labels:
    """The labels, unless they would be one series too many."""
    if labels in series or len(series) < MOST_SERIES:
        return labels
    return (OTHER,) * len(labels)

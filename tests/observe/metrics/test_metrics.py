"""Counting, and reading when somebody looks."""

from __future__ import annotations

from telpher.observe.metrics.metrics import MOST_SERIES, Metrics, Reading
from telpher.observe.metrics.table import HTTP_FIRST_BYTE, HTTP_REQUESTS, STREAMS, TABLE


def test_counters_add_up_by_labels() -> None:
    metrics = Metrics()
    metrics.count(HTTP_REQUESTS, "stream", "206")
    metrics.count(HTTP_REQUESTS, "stream", "206", by=2)
    metrics.count(HTTP_REQUESTS, "api", "200")
    value = metrics.registry.get_sample_value
    assert value("telpher_http_requests_total", {"route": "stream", "status": "206"}) == 3
    assert value("telpher_http_requests_total", {"route": "api", "status": "200"}) == 1
    assert value("telpher_http_requests_total", {"route": "api", "status": "404"}) is None


def test_histograms_count_up_to_each_bound() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.005, 0.3, 99.0):
        metrics.observe(HTTP_FIRST_BYTE, seconds, "stream")

    def upto(bound: str) -> float | None:
        labels = {"route": "stream", "le": bound}
        return metrics.registry.get_sample_value("telpher_http_first_byte_seconds_bucket", labels)

    assert [upto(bound) for bound in ("0.005", "0.25", "0.5", "20.0", "+Inf")] == [2, 2, 3, 3, 4]
    value = metrics.registry.get_sample_value
    assert value("telpher_http_first_byte_seconds_count", {"route": "stream"}) == 4
    assert value("telpher_http_first_byte_seconds_sum", {"route": "stream"}) == 99.306


def test_sources_are_asked_each_time() -> None:
    metrics = Metrics()
    streams = [3]
    metrics.read(lambda: [Reading(STREAMS, streams[0])])
    assert metrics.registry.get_sample_value(STREAMS.name) == 3
    streams[0] = 5
    assert metrics.registry.get_sample_value(STREAMS.name) == 5


def test_two_processes_worth_of_metrics_share_nothing() -> None:
    one, other = Metrics(), Metrics()
    one.count(HTTP_REQUESTS, "home", "200")
    labels = {"route": "home", "status": "200"}
    assert other.registry.get_sample_value("telpher_http_requests_total", labels) is None


def test_everything_in_the_table_is_told_of() -> None:
    families = {each.name: each for each in Metrics().collect()}
    for metric in TABLE:
        family = families[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.kind.value, f"{metric.help}.")


def test_labels_that_somebody_chooses_after_all_are_bounded() -> None:
    metrics = Metrics()
    for number in range(MOST_SERIES * 3):
        metrics.count(HTTP_REQUESTS, f"/{number}", "404")
        metrics.observe(HTTP_FIRST_BYTE, 1.0, f"/{number}")
    for family in metrics.collect():
        series = {
            tuple(each.labels.get(name, "") for name in ("route",)) for each in family.samples
        }
        assert len(series) <= MOST_SERIES + 1
    more = {"route": "other", "status": "other"}
    value = metrics.registry.get_sample_value("telpher_http_requests_total", more)
    assert value == MOST_SERIES * 2

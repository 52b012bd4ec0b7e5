"""The metrics of several workers, as one of them tells them."""

from __future__ import annotations

import json

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry

from telpher.observe.metrics.exposition import written
from telpher.observe.metrics.metrics import Metrics, Reading
from telpher.observe.metrics.table import (
    CPU_LOAD,
    HTTP_FIRST_BYTE,
    HTTP_REQUESTS,
    LOOP_LATE,
    SENT,
    TABLE,
    WORKER_UP,
)
from telpher.observe.metrics.telling import OfAll, Telling


def worker(requests: int) -> Telling:
    """What it tells, as it comes over the wire."""
    metrics = Metrics()
    metrics.count(HTTP_REQUESTS, "stream", "206", by=requests)
    metrics.observe(HTTP_FIRST_BYTE, 0.1 * requests, "stream")
    metrics.read(lambda: [Reading(CPU_LOAD, requests / 10), Reading(SENT, requests)])
    return json.loads(json.dumps(metrics.told()))


def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(OfAll({1: worker(5), 0: worker(3), 2: None}, here=1))
    return registry


def test_each_has_series_of_its_own() -> None:
    value = registry().get_sample_value
    labels = {"route": "stream", "status": "206"}
    assert value("telpher_http_requests_total", {**labels, "worker": "0"}) == 3
    assert value("telpher_http_requests_total", {**labels, "worker": "1"}) == 5
    assert value("telpher_http_requests_total", labels) is None
    assert value(SENT.name, {"worker": "1"}) == 5
    bucket = {"route": "stream", "worker": "0", "le": "0.5"}
    assert value("telpher_http_first_byte_seconds_bucket", bucket) == 1
    assert value("telpher_http_first_byte_seconds_sum", {"route": "stream", "worker": "1"}) == 0.5


def test_what_is_the_machines_is_told_once_by_the_one_that_is_asked() -> None:
    families = {each.name: each for each in registry().collect()}
    [sample] = families[CPU_LOAD.name].samples
    assert (sample.labels, sample.value) == ({}, 0.5)


def test_who_does_not_answer_is_named() -> None:
    families = {each.name: each for each in registry().collect()}
    told = {each.labels["worker"]: each.value for each in families[WORKER_UP.name].samples}
    assert told == {"0": 1, "1": 1, "2": 0}
    of_each = families[LOOP_LATE.name].samples
    assert {each.labels["worker"] for each in of_each} == {"0", "1"}


def test_it_is_one_text_with_each_metric_once() -> None:
    text, _ = written(registry(), "")
    names = [each.name for each in text_string_to_metric_families(text.decode())]
    assert len(names) == len(set(names)) >= len(TABLE)


def test_labels_of_the_tables_are_not_the_workers() -> None:
    assert [each for each in TABLE if "worker" in each.labels] == [WORKER_UP]

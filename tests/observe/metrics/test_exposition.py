"""The text of a scrape."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from telpher.observe.metrics.exposition import OPEN, PLAIN, written
from telpher.observe.metrics.metrics import Metrics
from telpher.observe.metrics.table import HTTP_FIRST_BYTE, HTTP_REQUESTS


@pytest.fixture
def metrics() -> Metrics:
    metrics = Metrics()
    metrics.count(HTTP_REQUESTS, "stream", "206")
    metrics.observe(HTTP_FIRST_BYTE, 0.1, "stream")
    return metrics


@pytest.mark.parametrize("accept", ["", "*/*", "text/plain", "text/html;q=0.9, nonsense,;,"])
def test_the_plain_format(metrics: Metrics, accept: str) -> None:
    text, kind = written(metrics.registry, accept)
    assert kind == PLAIN
    families = {each.name: each for each in text_string_to_metric_families(text.decode())}
    [sample] = families["telpher_http_requests"].samples
    assert (sample.labels, sample.value) == ({"route": "stream", "status": "206"}, 1)


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text",
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2",
        "application/openmetrics-text; version=not-a-version; escaping=\x01",
    ],
)
def test_openmetrics_for_whoever_asks(metrics: Metrics, accept: str) -> None:
    text, kind = written(metrics.registry, accept)
    assert kind == OPEN
    families = list(openmetrics.text_string_to_metric_families(text.decode()))
    assert "telpher_http_first_byte_seconds" in {each.name for each in families}

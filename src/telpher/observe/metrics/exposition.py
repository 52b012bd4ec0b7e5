"""The text of a scrape: Prometheus' own format, or OpenMetrics for whoever asks for that."""

from __future__ import annotations

from typing import Final

from prometheus_client import exposition as plain
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import CollectorRegistry

PLAIN: Final = plain.CONTENT_TYPE_PLAIN_0_0_4
OPEN: Final = openmetrics.CONTENT_TYPE_LATEST


def written(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """The metrics as they are now, and their content type; `accept` as the request has it."""
    kinds = [each.partition(";")[0].strip().lower() for each in accept.split(",")]
    if "application/openmetrics-text" in kinds:
        # The library's own function has no types.
        text: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        return text, OPEN
    return plain.generate_latest(registry), PLAIN

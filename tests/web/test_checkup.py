"""How several workers are together."""

from __future__ import annotations

from typing import Any

import pytest

from telpher.web.checkup import of_all, without_lookups


def report(status: str = "healthy", *reasons: tuple[str, str], hits: int = 0) -> dict[str, Any]:
    return {
        "status": status,
        "reasons": [{"reason": word, "message": sentence} for word, sentence in reasons],
        "uptime_seconds": 5.0,
        "bot": {"status": "connected"},
        "cache": {
            "file_properties_cached": 1,
            "reserved_bytes": 100,
            "budget_bytes": 200,
            "hit_rate": None,
            "lookups": [hits, 10],
        },
        "streams": {"active": 2},
        "process": {"tasks": 10},
        "dc_clients": {"2": "idle"},
        "dc_connections": {"2": 0, "4": 1},
    }


def test_sums_are_of_those_who_answer() -> None:
    found = of_all({0: report(hits=1), 1: report(hits=4), 2: None}, here=0)
    assert found["streams"] == {"active": 4}
    assert found["process"] == {"tasks": 20}
    assert found["dc_connections"] == {"2": 0, "4": 2}
    assert found["dc_clients"] == {"2": "idle", "4": "connected"}
    assert without_lookups(found)["cache"] == {
        "file_properties_cached": 2,
        "reserved_bytes": 200,
        "budget_bytes": 400,
        "hit_rate": 0.25,
    }
    assert [each["status"] for each in found["workers"]] == ["healthy", "healthy", "silent"]


LOST = ("bot_disconnected", "Lost.")


@pytest.mark.parametrize(
    ("reports", "status"),
    [
        ([report(), report()], "healthy"),
        ([report(), None], "degraded"),
        ([report(), report("degraded")], "degraded"),
        ([report(), report("unhealthy", LOST)], "degraded"),
        ([report("unhealthy", LOST), report("degraded")], "degraded"),
        ([report("unhealthy", LOST), report("unhealthy", LOST)], "unhealthy"),
        ([report("unhealthy", LOST), None], "unhealthy"),
    ],
)
def test_it_is_as_well_as_it_can_do_its_work(
    reports: list[dict[str, Any] | None], status: str
) -> None:
    assert of_all(dict(enumerate(reports)), here=0)["status"] == status


def test_reasons_are_told_once_and_say_whose_they_are() -> None:
    space = ("disk_full", "Full.")
    found = of_all(
        {0: report("degraded", space), 1: report("unhealthy", LOST, space), 2: None}, here=0
    )
    assert found["reasons"] == [
        {"reason": "disk_full", "message": "Full."},
        {"reason": "bot_disconnected", "message": "Worker 1: Lost."},
        {
            "reason": "worker_silent",
            "message": "Worker 2 does not answer. The others do its work.",
        },
    ]

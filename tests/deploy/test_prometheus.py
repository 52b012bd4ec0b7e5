"""What deploy/ has for Prometheus and Grafana, checked by Prometheus' own tool."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from telpher.observe.metrics.table import TABLE, Kind
from tests.players.programs import output_of, program

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
TESTS = [Path(__file__).with_name(name) for name in ("alerts_test.yml", "alerts_week_test.yml")]
TRIED = "".join(each.read_text(encoding="utf-8") for each in TESTS)
OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")

NAME = re.compile(r"\b(?:telpher|process)_[a-z0-9_]+")


def known() -> set[str]:
    """Every name that a query may have."""
    names = {each.name for each in TABLE}
    for each in TABLE:
        if each.kind is Kind.HISTOGRAM:
            names |= {f"{each.name}_{part}" for part in ("bucket", "sum", "count")}
    return names


def dashboard() -> Any:
    return json.loads((DEPLOY / "grafana" / "telpher.json").read_text(encoding="utf-8"))


def queries() -> Iterator[str]:
    """Those of the dashboard, with what Grafana fills in."""
    board = dashboard()
    found = [each["expr"] for panel in board["panels"] for each in panel.get("targets", [])]
    for query in found + [each["expr"] for each in board["annotations"]["list"]]:
        yield query.replace("$__rate_interval", "1m").replace("$instance", ".*")


def alerts() -> list[str]:
    return re.findall(r"- alert: (\w+)", ALERTS.read_text(encoding="utf-8"))


@pytest.mark.system
async def test_promtool_accepts_configuration_and_rules() -> None:
    said = await output_of(
        program("promtool"), "check", "config", str(DEPLOY / "prometheus" / "prometheus.yml")
    )
    assert f"{len(alerts())} rules found" in said


@pytest.mark.system
async def test_alerts_come_when_they_should_and_only_then(tmp_path: Path) -> None:
    for each in (ALERTS, *TESTS):
        shutil.copy(each, tmp_path)
    files = [str(tmp_path / each.name) for each in TESTS]
    said = await output_of(program("promtool"), "test", "rules", *files)
    assert said.count("SUCCESS") == len(files)


@pytest.mark.system
async def test_the_dashboards_queries_are_well_formed(tmp_path: Path) -> None:
    rules = [{"record": f"q{number}", "expr": query} for number, query in enumerate(queries())]
    assert len(rules) > 50
    file = tmp_path / "rules.json"  # YAML, too
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in await output_of(
        program("promtool"), "check", "rules", str(file)
    )


@pytest.mark.parametrize("alert", alerts())
def test_every_alert_is_tried_and_explained(alert: str) -> None:
    assert re.search(rf"alertname: {alert}\n +exp_alerts:", TRIED)
    assert f"`{alert}`" in OPERATIONS


def test_rules_and_dashboard_use_metrics_that_there_are() -> None:
    used = set(NAME.findall(ALERTS.read_text(encoding="utf-8")))
    for query in queries():
        used |= set(NAME.findall(query))
    assert len(used) > 40
    assert used <= known()


def test_the_dashboard_shows_every_metric() -> None:
    """Of those that something can be seen of: the others say what runs, or are in the rules."""
    shown = {name for query in queries() for name in NAME.findall(query)}
    unseen = {
        each.name
        for each in TABLE
        if each.name not in shown and not {f"{each.name}_bucket", f"{each.name}_count"} & shown
    }
    assert unseen == {
        "telpher_build_info",
        "telpher_worker_up",
        "telpher_streams_total",
        "telpher_file_properties_cached",
        "telpher_telegram_rate_bytes_per_second",
        "telpher_telegram_requests_total",
        "telpher_telegram_hedges_total",
        "telpher_telegram_hedges_won_total",
        "telpher_telegram_requests_waiting",
        "telpher_bot_failures_total",
        "telpher_bot_updates_waiting",
        "telpher_bot_updates_dropped_total",
        "telpher_job_running",
        "process_virtual_memory_bytes",
    }


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    board = dashboard()
    assert (board["uid"], board["title"]) == ("telpher", "telpher")
    assert {each["name"] for each in board["templating"]["list"]} == {"datasource", "instance"}
    panels = board["panels"]
    assert len({each["id"] for each in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        for target in panel.get("targets", []):
            assert target["datasource"]["uid"] == "${datasource}"

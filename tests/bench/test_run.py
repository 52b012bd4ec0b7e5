"""A tiny run of the whole harness: the result file has the shape that is promised. No timing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench.machine import Cores
from bench.plan import FULL, QUICK
from bench.results import FIGURES
from bench.run import acts

ROOT = Path(__file__).resolve().parents[2]


def test_the_plans_name_their_acts():
    cores = Cores.split()
    assert len(acts(FULL, cores)) > len(acts(QUICK, cores)) > 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_result_file_has_its_shape(tmp_path: Path):
    path = tmp_path / "results.json"
    command = [sys.executable, "-m", "bench", "--tiny", "--results", str(path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(path.read_text())
    assert report["troubles"] == [], ran.stderr
    systems = {row["system"] for row in report["rows"]}
    assert systems == {
        *("telpher", "kurigram", "bare", "plain", "full", "web", "observing"),
        *("1 worker", "2 workers", "2 workers: 0", "2 workers: 1", "behind nginx's cache"),
    }
    for row in report["rows"]:
        assert set(FIGURES) < set(row)
        assert any(row[name] is not None for name in (*FIGURES, "wasted_kib")), row
        assert not any("failed" in note for note in row["notes"]), row
    assert set(report["ratios"]) == {
        "throughput_80ms",
        "ttfb_80ms",
        "ttfb_80ms_rtts",
        "cpu",
        "cpu_over_bare",
        "cpu_web",
        "cpu_observing",
        "cpu_workers",
        "throughput_workers",
        "cpu_edge",
        "upstream_20_viewers",
    }
    for name, value in report["ratios"].items():
        assert value is not None or report["reasons"][name]
    for name in report["ratios"]:
        assert name in ran.stdout

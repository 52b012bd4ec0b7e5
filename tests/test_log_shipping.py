"""deploy/logs: what ships logs agrees with what telpher writes. (Whole checks need the programs:
`vector validate`, `loki -verify-config`.)"""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
LOGS = ROOT / "deploy/logs"


def read(name: str) -> dict:
    return yaml.safe_load((LOGS / name).read_text())


def test_what_vector_reads_arrives_somewhere():
    vector = read("vector.yaml")
    made = {*vector["sources"], *vector["transforms"]}
    used = {
        each
        for part in ("transforms", "sinks")
        for step in vector[part].values()
        for each in step["inputs"]
    }
    assert used == made


def test_labels_have_few_values():
    """Each combination is a stream of Loki's: nothing that differs from request to request."""
    labels = read("vector.yaml")["sinks"]["loki"]["labels"]
    assert labels == {"service": "telpher", "level": "{{ level }}"}


def test_the_other_container_is_a_source_too():
    text = (LOGS / "vector.yaml").read_text()
    other = re.sub(
        r"^  # ?",
        "  ",
        text.partition("  # telpher:")[1] + text.partition("  # telpher:")[2].partition("\n\n")[0],
        flags=re.MULTILINE,
    )
    assert yaml.safe_load(other)["telpher"]["type"] == "docker_logs"


def test_loki_keeps_on_disk_what_it_promises():
    loki = read("loki.yaml")
    assert loki["server"]["http_listen_address"] == "127.0.0.1"
    assert loki["limits_config"]["retention_period"] == f"{31 * 24}h"
    assert loki["compactor"]["retention_enabled"] is True
    assert loki["compactor"]["delete_request_store"] == "filesystem"
    (schema,) = loki["schema_config"]["configs"]
    assert (schema["store"], schema["schema"], schema["index"]["period"]) == ("tsdb", "v13", "24h")


def test_the_page_names_the_files():
    page = (ROOT / "docs/logs.md").read_text()
    for name in ("vector.yaml", "loki.yaml"):
        assert f"deploy/logs/{name}" in page

"""deploy/compose.yaml: understood by Compose, whole, bounded, and without a secret."""

from __future__ import annotations

import re
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from telpher.config.settings import Settings
from tests.deploy import steps
from tests.players.programs import program

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy/compose.yaml"


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text())


@pytest.fixture
def telpher(told) -> dict[str, Any]:
    return told["services"]["telpher"]


@pytest.mark.system
def test_compose_understands_it(tmp_path: Path) -> None:
    """Debian's knows the form as it was before a project could name itself in it."""
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())
    (tmp_path / "deploy").mkdir()
    plain = re.sub(r"^name: .*\n", "", FILE.read_text(), flags=re.MULTILINE)
    copy = tmp_path / "deploy/compose.yaml"
    copy.write_text(plain)
    command = [program("docker-compose"), "-f", str(copy)]
    for more in ([], ["--profile", "https"]):
        said = subprocess.run(
            [*command, *more, "config"], capture_output=True, text=True, check=False
        )
        assert said.returncode == 0, said.stderr
        services = yaml.safe_load(said.stdout)["services"]
        assert {"telpher", "mongo"} <= services.keys()
    assert "caddy" in services


def test_what_it_names_is_there(told, telpher) -> None:
    context = FILE.parent / telpher["build"]["context"]
    assert (context / telpher["build"]["dockerfile"]).resolve() == steps.DOCKERFILE
    for service in told["services"].values():
        for mount in service.get("volumes", []):
            source = mount.partition(":")[0]
            assert source in told["volumes"] or (FILE.parent / source).exists(), mount
        assert set(service["networks"]) <= told["networks"].keys()


def test_every_service_is_bounded_and_comes_back(told) -> None:
    for name, service in told["services"].items():
        assert service["mem_limit"], name
        assert service["restart"] == "unless-stopped", name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["logging"]["options"]["max-size"], name


def test_telpher_waits_for_a_database_that_answers(told, telpher) -> None:
    assert telpher["depends_on"]["mongo"]["condition"] == "service_healthy"
    assert told["services"]["mongo"]["healthcheck"]["test"]
    assert "healthcheck" not in telpher  # the image has one


def test_the_database_is_out_of_reach(told) -> None:
    mongo = told["services"]["mongo"]
    assert "ports" not in mongo
    assert mongo["networks"] == ["database"]
    assert told["networks"]["database"]["internal"] is True


def test_telpher_can_do_little_more_than_it_needs(telpher) -> None:
    assert telpher["read_only"] is True
    assert telpher["cap_drop"] == ["ALL"]
    assert [port.rpartition(":")[2] for port in telpher["ports"]] == ["8080"]
    assert all(port.startswith("127.0.0.1:") for port in telpher["ports"])
    # Streams have 28 s to end.
    assert int(telpher["stop_grace_period"].removesuffix("s")) > 38


def test_the_proxies_in_front_are_trusted_and_nobody_else(told, telpher) -> None:
    settings = Settings(trusted_proxies=telpher["environment"]["TRUSTED_PROXIES"])
    (network,) = told["networks"]["front"]["ipam"]["config"]
    assert settings.trusted_proxies == (ip_network(network["subnet"]),)
    assert ip_network(network["subnet"]).prefixlen >= 24
    assert ip_address("10.213.77.1") in settings.trusted_proxies[0]  # the gateway


def test_settings_it_sets_are_settings(telpher) -> None:
    for name in telpher["environment"]:
        assert name.lower() in Settings.model_fields


def test_no_secret_is_inside(told) -> None:
    assert told["services"]["telpher"]["env_file"] == "../.env"
    secrets = ("api_id", "api_hash", "bot_token", "link_secret", "metrics_token")
    text = FILE.read_text().lower()
    assert not [name for name in secrets if f"{name}:" in text]
    assert not re.search(r"://[^/\s]*@", text)

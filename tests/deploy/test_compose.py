"""deploy/compose.yaml and deploy/compose-cluster.yaml: understood by Compose, whole, bounded, and
without a secret. tests/e2e/test_cluster.py starts what the second one describes."""

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

DEPLOY = steps.ROOT / "deploy"
ALONE, CLUSTER = DEPLOY / "compose.yaml", DEPLOY / "compose-cluster.yaml"


@pytest.fixture(params=[ALONE, CLUSTER], ids=lambda file: file.stem)
def file(request) -> Path:
    return request.param


@pytest.fixture
def told(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text())


@pytest.fixture
def telphers(told) -> dict[str, dict[str, Any]]:
    """One, or several, by their names."""
    found = {name: each for name, each in told["services"].items() if each["image"] == "telpher"}
    assert found
    return found


@pytest.fixture
def cluster() -> dict[str, Any]:
    return yaml.safe_load(CLUSTER.read_text())


@pytest.mark.system
def test_compose_understands_it(file: Path, telphers, tmp_path: Path) -> None:
    """Debian's knows the form as it was before a project could name itself in it."""
    (tmp_path / ".env").write_text((steps.ROOT / ".env.example").read_text())
    (tmp_path / "deploy").mkdir()
    plain = re.sub(r"^name: .*\n", "", file.read_text(), flags=re.MULTILINE)
    copy = tmp_path / "deploy" / file.name
    copy.write_text(plain)
    command = [program("docker-compose"), "-f", str(copy)]
    for more in ([], ["--profile", "https"]):
        said = subprocess.run(
            [*command, *more, "config"], capture_output=True, text=True, check=False
        )
        assert said.returncode == 0, said.stderr
        services = yaml.safe_load(said.stdout)["services"]
        assert {*telphers, "mongo"} <= services.keys()
    assert "caddy" in services


def test_what_it_names_is_there(file: Path, told, telphers) -> None:
    for telpher in telphers.values():
        context = file.parent / telpher["build"]["context"]
        assert (context / telpher["build"]["dockerfile"]).resolve() == steps.DOCKERFILE
    used = set()
    for service in told["services"].values():
        for mount in service.get("volumes", []):
            source = mount.partition(":")[0]
            used.add(source)
            assert source in told["volumes"] or (file.parent / source).exists(), mount
        assert set(service["networks"]) <= told["networks"].keys()
        assert set(service.get("depends_on", [])) <= told["services"].keys()
    assert told["volumes"].keys() <= used


def test_every_service_is_bounded_and_comes_back(told) -> None:
    for name, service in told["services"].items():
        assert service["mem_limit"], name
        assert service["restart"] == "unless-stopped", name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["logging"]["options"]["max-size"], name


def test_telpher_waits_for_databases_that_answer(told, telphers) -> None:
    for telpher in telphers.values():
        for name, how in telpher["depends_on"].items():
            assert how["condition"] == "service_healthy"
            assert told["services"][name]["healthcheck"]["test"]
        # The image has one.
        assert "healthcheck" not in telpher


def test_the_databases_are_out_of_reach(told, telphers) -> None:
    names = {name for telpher in telphers.values() for name in telpher["depends_on"]}
    assert "mongo" in names
    for name in names:
        assert "ports" not in told["services"][name]
        assert told["services"][name]["networks"] == ["database"]
    assert told["networks"]["database"]["internal"] is True


def test_telpher_can_do_little_more_than_it_needs(telphers) -> None:
    for telpher in telphers.values():
        assert telpher["read_only"] is True
        assert telpher["cap_drop"] == ["ALL"]
        assert int(telpher["stop_grace_period"].removesuffix("s")) > Settings().drain_seconds + 10


def test_only_this_machine_comes_in_but_by_caddy(told) -> None:
    opened = {
        name: port
        for name, service in told["services"].items()
        for port in service.get("ports", [])
        if name != "caddy"
    }
    (port,) = opened.values()
    assert port == f"127.0.0.1:${{TELPHER_PORT:-8080}}:{steps.env()['PORT']}"


def test_the_proxies_in_front_are_trusted_and_nobody_else(told, telphers) -> None:
    (network,) = told["networks"]["front"]["ipam"]["config"]
    subnet = ip_network(network["subnet"])
    assert subnet.prefixlen >= 24
    for telpher in telphers.values():
        settings = Settings(trusted_proxies=telpher["environment"]["TRUSTED_PROXIES"])
        # The gateway is in it: a proxy on this machine.
        assert settings.trusted_proxies == (subnet,)


def test_settings_it_sets_are_settings(telphers) -> None:
    for telpher in telphers.values():
        for name in telpher["environment"]:
            assert name.lower() in Settings.model_fields


def test_no_secret_is_inside(file: Path, telphers) -> None:
    for telpher in telphers.values():
        assert telpher["env_file"] == "../.env"
    secrets = ("api_id", "api_hash", "bot_token", "link_secret", "metrics_token")
    text = file.read_text().lower()
    assert not [name for name in secrets if f"{name}:" in text]
    assert not re.search(r"://[^/\s]*@", text)


def test_the_three_are_alike_but_for_their_disks_and_addresses(cluster) -> None:
    own = {"volumes", "networks"}
    each = [cluster["services"][f"telpher-{number}"] for number in (1, 2, 3)]
    assert all("REDIS_URL" in telpher["environment"] for telpher in each)
    alike = [{key: telpher[key] for key in telpher.keys() - own} for telpher in each]
    assert alike[0] == alike[1] == alike[2]
    for key in own:
        assert len({str(telpher[key]) for telpher in each}) == 3
    (data,) = each[0]["volumes"]
    assert data.endswith(f":{each[0]['environment']['WORK_DIR']}")


def test_nginx_finds_each_of_them_whatever_else_is_there(cluster) -> None:
    config = (DEPLOY / "nginx-cluster.conf").read_text()
    nginx = cluster["services"]["nginx"]
    known = dict(each.split(":") for each in nginx["extra_hosts"])
    asked = re.findall(r"^ +server ([\w-]+):(\d+) ", config, re.MULTILINE)
    assert len(asked) == len(known) == 3
    (network,) = cluster["networks"]["front"]["ipam"]["config"]
    for name, port in asked:
        telpher = cluster["services"][name]
        address = telpher["networks"]["front"]["ipv4_address"]
        assert known[name] == address
        assert ip_address(address) in ip_network(network["subnet"])
        # Docker gives nobody else an address that is taken here.
        assert ip_address(address) not in ip_network(network["ip_range"])
        assert telpher["environment"]["PORT"] == port
    (listens,) = re.findall(r"listen (\d+);", config)
    assert nginx["ports"][0].endswith(f":{listens}")
    assert nginx["healthcheck"]["test"][-1] == f"http://127.0.0.1:{listens}/nginx"
    assert cluster["services"]["caddy"]["environment"]["TELPHER"] == f"nginx:{listens}"
    assert "location = /nginx {" in config

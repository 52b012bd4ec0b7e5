"""deploy/kubernetes: built by kustomize itself, held to Kubernetes' own schemas, and to telpher."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml
from telethon.client.telegrambaseclient import DEFAULT_IPV4_IP, DEFAULT_IPV6_IP, DEFAULT_PORT

from telpher.config.load import load
from telpher.config.settings import Settings
from telpher.observe.metrics.table import TABLE
from telpher.service.agreement import ASK_EVERY, MOST_ASKED
from telpher.web.openapi.operations import operations
from tests.deploy import steps
from tests.players.programs import output_of, program

FOLDER = steps.ROOT / "deploy/kubernetes"

# Of the package of that name, in the environment that the tests run in.
KUBECTL = Path(sys.executable).parent / "kubectl"

# What a pod's preStop needs came with 1.30; the newest is the one that the schemas know.
VERSIONS = ("1.30.0", kubernetes_validate.latest_version())

# What somebody fills in. No secret: nothing is reached by it.
SECRETS = {
    "API_ID": "1",
    "API_HASH": "0123456789abcdef0123456789abcdef",
    "BOT_TOKEN": "4242:AAF-a_token_of_no_secrecy_for_the_tests0",
    "LINK_SECRET": "0123456789abcdef",
    "DATABASE_URL": "mongodb://mongo.databases:27017/telpher",
    "REDIS_URL": "redis://redis.databases:6379",
    "METRICS_TOKEN": "0123456789abcdef",
}


def built(folder: Path, *, streams: bool) -> list[dict[str, Any]]:
    """The example as it goes to the cluster, once it is filled in as its files say."""
    shutil.copytree(FOLDER, folder)
    example = folder / "example"
    form = (example / "secrets.env.example").read_text()
    names = re.findall(r"^([A-Z_]+)=$", form, re.MULTILINE)
    (example / "secrets.env").write_text("".join(f"{name}={SECRETS[name]}\n" for name in names))
    if streams:
        file = example / "kustomization.yaml"
        wanted = "# components:\n#   - ../streams\n"
        assert wanted in file.read_text()
        file.write_text(file.read_text().replace(wanted, "components:\n  - ../streams\n"))
    said = subprocess.run(
        [KUBECTL, "kustomize", example], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")
    return list(yaml.safe_load_all(said.stdout))


@pytest.fixture(scope="module")
def objects(tmp_path_factory) -> list[dict[str, Any]]:
    return built(tmp_path_factory.mktemp("kubernetes") / "plain", streams=False)


@pytest.fixture(scope="module")
def by_streams(tmp_path_factory) -> list[dict[str, Any]]:
    return built(tmp_path_factory.mktemp("kubernetes") / "streams", streams=True)


def only(objects: list[dict[str, Any]], kind: str, name: str | None = None) -> dict[str, Any]:
    """The one of its kind, or of its name, too."""
    (found,) = [
        each
        for each in objects
        if each["kind"] == kind and name in (None, each["metadata"]["name"])
    ]
    return found


def ports(way: dict[str, Any]) -> set[int]:
    """Those of one rule of a NetworkPolicy."""
    return {each["port"] for each in way["ports"]}


def networks(way: dict[str, Any]) -> list[IPv4Network | IPv6Network]:
    """The blocks of addresses of one."""
    return [ip_network(each["ipBlock"]["cidr"]) for each in way["to"] if "ipBlock" in each]


def adapters_rule() -> dict[str, Any]:
    """What prometheus-adapter is told."""
    told = yaml.safe_load((FOLDER / "streams/adapter.yaml").read_text())
    (rule,) = told["rules"]["custom"]
    return rule


@pytest.fixture
def pod(objects) -> dict[str, Any]:
    return only(objects, "Deployment")["spec"]["template"]


@pytest.fixture
def container(pod) -> dict[str, Any]:
    (found,) = pod["spec"]["containers"]
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_as_its_schema_says(objects, by_streams, version) -> None:
    kinds = set()
    for each in [*objects, *by_streams]:
        kubernetes_validate.validate(each, version, strict=True)
        kinds.add(each["kind"])
    assert kinds == {
        "ConfigMap",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "Namespace",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Secret",
        "Service",
    }


def test_a_misspelt_field_would_be_found(objects) -> None:
    deployment = only(objects, "Deployment")
    wrong = {**deployment, "spec": {**deployment["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_everything_is_used_and_in_one_namespace(objects) -> None:
    namespace = only(objects, "Namespace")["metadata"]["name"]
    for each in objects:
        assert each["kind"] == "Namespace" or each["metadata"]["namespace"] == namespace
    for folder in FOLDER.iterdir():
        told = yaml.safe_load((folder / "kustomization.yaml").read_text())
        named = {"kustomization.yaml", "secrets.env.example", "adapter.yaml", "prometheus.yml"}
        named |= {*told.get("resources", []), *(patch["path"] for patch in told.get("patches", []))}
        named |= {env for each in told.get("configMapGenerator", []) for env in each["envs"]}
        assert {file.name for file in folder.iterdir()} - {"secrets.env"} <= named


def test_what_a_pod_is_given_are_settings_that_telpher_takes(objects, container, tmp_path) -> None:
    settings, secrets = only(objects, "ConfigMap")["data"], only(objects, "Secret")["data"]
    given = {name: base64.b64decode(value).decode() for name, value in secrets.items()}
    given |= settings
    assert {name.lower() for name in given} <= Settings.model_fields.keys()
    assert not settings.keys() & secrets.keys()
    loaded = load(given, tmp_path / ".env")
    assert loaded.trusted_proxies
    (port,) = container["ports"]
    assert loaded.port == port["containerPort"]
    names = [next(iter(each.values()))["name"] for each in container["envFrom"]]
    assert names == [only(objects, kind)["metadata"]["name"] for kind in ("ConfigMap", "Secret")]
    form = (FOLDER / "example/secrets.env.example").read_text()
    assert set(re.findall(r"^([A-Z_]+)=$", form, re.MULTILINE)) == secrets.keys() == SECRETS.keys()


def test_no_secret_is_inside_and_git_takes_none() -> None:
    for name in SECRETS:
        for file in FOLDER.rglob("*"):
            assert file.is_dir() or not re.search(rf"^{name}=.", file.read_text(), re.MULTILINE)
    told = subprocess.run(
        ["git", "check-ignore", "-q", "deploy/kubernetes/mine/secrets.env"],
        cwd=steps.ROOT,
        check=False,
    )
    assert told.returncode == 0


def test_probes_ask_routes_that_there_are(container) -> None:
    probes = {name: container[f"{name}Probe"] for name in ("startup", "liveness", "readiness")}
    paths = {name: probe["httpGet"]["path"] for name, probe in probes.items()}
    assert set(paths.values()) <= operations().keys()
    # A restart mends neither Telegram nor the database.
    assert paths["liveness"] == paths["startup"] == "/health/live"
    assert paths["readiness"] == "/health/ready"
    names = {port["name"] for port in container["ports"]}
    assert {probe["httpGet"]["port"] for probe in probes.values()} <= names
    # Who waits for a telpher with other settings to end says so, and must live to say it.
    startup = probes["startup"]
    assert startup["periodSeconds"] * startup["failureThreshold"] > 3 * ASK_EVERY * MOST_ASKED


def test_streams_have_the_time_to_end(objects, pod, container) -> None:
    before = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["spec"]["terminationGracePeriodSeconds"] >= before + Settings().drain_seconds + 10
    assert only(objects, "Deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_a_pod_can_do_little_more_than_it_needs(objects, pod, container) -> None:
    labels = only(objects, "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    whole, own = pod["spec"]["securityContext"], container["securityContext"]
    (user,) = steps.values("USER")
    assert f"{whole['runAsUser']}:{whole['runAsGroup']}" == user
    assert whole["runAsNonRoot"] is True
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert own["allowPrivilegeEscalation"] is False
    assert own["readOnlyRootFilesystem"] is True
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert container["resources"]["limits"]["memory"]
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    assert set(mounts) == {steps.env()["WORK_DIR"], "/tmp"}
    assert {each["name"] for each in pod["spec"]["volumes"]} == set(mounts.values())


def test_what_is_chosen_by_labels_is_this_pod(objects, pod) -> None:
    spec = only(objects, "Deployment")["spec"]
    budget = only(objects, "PodDisruptionBudget")["spec"]
    chosen = [spec["selector"]["matchLabels"], only(objects, "Service")["spec"]["selector"]]
    chosen += [budget["selector"]["matchLabels"]]
    chosen += [
        each["spec"]["podSelector"]["matchLabels"]
        for each in objects
        if each["kind"] == "NetworkPolicy"
    ]
    spread = pod["spec"]["topologySpreadConstraints"]
    chosen += [each["labelSelector"]["matchLabels"] for each in spread]
    assert len(chosen) == 7
    for labels in chosen:
        assert labels
        assert labels.items() <= pod["metadata"]["labels"].items()


def test_the_way_in_ends_at_telphers_port(objects, container) -> None:
    (rule,) = only(objects, "Ingress")["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    service = only(objects, "Service")
    assert path["backend"]["service"]["name"] == service["metadata"]["name"]
    (port,) = service["spec"]["ports"]
    assert path["backend"]["service"]["port"]["name"] == port["name"]
    assert port["targetPort"] in {each["name"] for each in container["ports"]}
    url = only(objects, "ConfigMap")["data"]["URL"]
    assert url == f"https://{rule['host']}"
    assert (
        only(objects, "Ingress")["metadata"]["annotations"]["nginx.org/proxy-buffering"] == "False"
    )


def test_pods_reach_telegram_and_the_databases_and_nobody_else(objects, container) -> None:
    assert only(objects, "NetworkPolicy", "telpher")["spec"]["policyTypes"] == ["Ingress", "Egress"]
    (way_in,) = only(objects, "NetworkPolicy", "telpher-neighbours")["spec"]["ingress"]
    assert way_in["ports"] == [{"port": container["ports"][0]["name"]}]
    assert way_in["from"]
    ways = [
        way for each in objects if each["kind"] == "NetworkPolicy" for way in each["spec"]["egress"]
    ]
    for way in ways:
        assert way["to"]
        assert way["ports"]
    telegram = [
        network for way in ways for network in networks(way) if ports(way) == {DEFAULT_PORT}
    ]
    for host in (DEFAULT_IPV4_IP, DEFAULT_IPV6_IP.strip("[]")):
        assert any(ip_address(host) in network for network in telegram)
    assert all(network.is_global for network in telegram)
    databases = {urlsplit(SECRETS[name]).port for name in ("DATABASE_URL", "REDIS_URL")}
    assert databases in [ports(way) for way in ways]


def test_the_number_of_pods_follows_what_telpher_tells(objects, by_streams) -> None:
    plain, more = (only(each, "HorizontalPodAutoscaler")["spec"] for each in (objects, by_streams))
    assert plain["scaleTargetRef"]["name"] == only(objects, "Deployment")["metadata"]["name"]
    assert "replicas" not in only(objects, "Deployment")["spec"]
    assert plain["minReplicas"] > 1
    assert [each["type"] for each in plain["metrics"]] == ["Resource"]
    assert more["metrics"][0] == plain["metrics"][0]
    (name,) = [each["pods"]["metric"]["name"] for each in more["metrics"][1:]]
    assert name in {each.name for each in TABLE}
    assert adapters_rule()["seriesQuery"].startswith(f"{name}{{")


@pytest.mark.system
async def test_prometheus_understands_its_part(tmp_path: Path) -> None:
    config = yaml.safe_load((FOLDER / "streams/prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    # Debian's has been built without this.
    assert job.pop("kubernetes_sd_configs")[0]["role"] == "pod"
    query = adapters_rule()["metricsQuery"]
    for there, here in (
        ("<<.Series>>", "telpher_streams_active"),
        ("<<.LabelMatchers>>", 'namespace="telpher",pod=~"a|b"'),
        ("<<.GroupBy>>", "pod"),
    ):
        assert there in query
        query = query.replace(there, here)
    rules = {"groups": [{"name": "adapter", "rules": [{"record": "streams", "expr": query}]}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    config["rule_files"] = ["rules.yml"]
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    said = await output_of(program("promtool"), "check", "config", "--syntax-only", str(file))
    assert "is valid" in said
    assert "1 rules found" in await output_of(
        program("promtool"), "check", "rules", str(tmp_path / "rules.yml")
    )


def test_the_adapter_asks_by_labels_that_prometheus_gives() -> None:
    config = yaml.safe_load((FOLDER / "streams/prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    given = {each["target_label"] for each in job["relabel_configs"] if "target_label" in each}
    assert adapters_rule()["resources"]["overrides"].keys() == given

"""The properties of the image that can be read off the Dockerfile; test_image builds it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy import steps
from tests.deploy.steps import ROOT, env, stages, values

HADOLINT = Path(sys.executable).parent / "hadolint"
SECRETS = ("API_ID", "API_HASH", "BOT_TOKEN", "TOKEN", "SECRET", "PASSWORD")


def test_a_linter_has_nothing_to_say() -> None:
    said = subprocess.run([HADOLINT, steps.DOCKERFILE], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")


def test_the_compiler_stays_in_a_stage_of_its_own() -> None:
    build, last = stages()
    assert "gcc" in " ".join(rest for name, rest in build if name == "RUN")
    assert not re.search(r"apt-get|pip|gcc", " ".join(values("RUN")))
    copied = [rest for name, rest in last if name == "COPY"]
    assert copied[0].startswith("--from=build ")


def test_packages_are_those_of_the_lock_file_by_their_hashes() -> None:
    runs = "\n".join(rest for name, rest in stages()[0] if name == "RUN")
    *locked, own = re.findall(r"pip install ([^&\n]+)", runs)
    assert [each.split()[-1] for each in locked] == ["build.lock", "requirements.lock"]
    assert all("--require-hashes" in each for each in locked)
    assert "--no-deps" in own
    assert "--no-build-isolation" in own
    for extra in ("redis", "av"):
        assert f"\n{extra}==" in (ROOT / "requirements.lock").read_text()


def test_it_does_not_run_as_root() -> None:
    (user,) = values("USER")
    number, _, group = user.partition(":")
    assert int(number) > 0
    assert int(group) > 0
    names = [name for name, _ in stages()[-1]]
    assert names.index("USER") > max(n for n, name in enumerate(names) if name in ("RUN", "COPY"))


def test_health_is_asked_of_the_process_alone() -> None:
    (health,) = values("HEALTHCHECK")
    command = json.loads(health.partition(" CMD ")[2])
    assert command[-1] == "/usr/local/bin/healthcheck"
    assert "/health/live" in (ROOT / "deploy/healthcheck").read_text()
    assert any(rest.endswith(command[-1]) for rest in values("COPY"))


def test_ports_folders_and_signals() -> None:
    assert values("EXPOSE") == [env()["PORT"]]
    assert values("VOLUME") == values("WORKDIR") == [env()["WORK_DIR"]]
    assert values("STOPSIGNAL") == ["SIGTERM"]
    assert [json.loads(*values(name)) for name in ("ENTRYPOINT", "CMD")] == [["telpher"], ["run"]]


def test_memory_is_kept_as_in_run() -> None:
    start = (ROOT / "run").read_text()
    in_run = dict(re.findall(r"export (MALLOC_\w+)=\"\$\{\w+-(\d+)\}\"", start))
    unit = (ROOT / "deploy/telpher.service").read_text()
    in_unit = dict(re.findall(r"(MALLOC_\w+)=(\d+)", unit))
    in_image = {name: value for name, value in env().items() if name.startswith("MALLOC_")}
    assert in_image == in_unit == in_run
    assert len(in_image) == 3


def test_it_says_what_it_is() -> None:
    labels = " ".join(values("LABEL"))
    for name in ("title", "description", "source", "documentation", "licenses", "version"):
        assert f"org.opencontainers.image.{name}=" in labels


def test_no_secret_is_in_it() -> None:
    given = [
        name
        for stage in stages()
        for each, rest in stage
        if each in ("ENV", "ARG")
        for name in re.findall(r"(\w+)=", rest)
    ]
    assert not [name for name in given if name.endswith(SECRETS)]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("src/telpher/cli.py", True),
        ("src/telpher/telegram/crypto/_fast.c", True),
        ("src/telpher/telegram/crypto/_fast.cpython-311-x86_64-linux-gnu.so", False),
        ("src/telpher/__pycache__/cli.cpython-311.pyc", False),
        ("src/telpher.egg-info/PKG-INFO", False),
        ("requirements.lock", True),
        ("deploy/healthcheck", True),
        (".env", False),
        ("work_dir/telpher.sqlite3", False),
        (".git/config", False),
        ("tests/test_cli.py", False),
    ],
)
def test_what_is_sent_to_whoever_builds_it(path: str, sent: bool) -> None:
    module = steps.load()
    assert module.is_sent(path, module.read_ignored()) is sent


def test_everything_that_is_copied_is_sent() -> None:
    module = steps.load()
    for rest in (rest for stage in stages() for name, rest in stage if name == "COPY"):
        if "--from=" in rest:
            continue
        for source in [word for word in rest.split() if not word.startswith("--")][:-1]:
            assert (ROOT / source).exists(), source
            assert module.is_sent(source, module.read_ignored()), source

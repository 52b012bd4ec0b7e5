"""Platforms that build from git: Koyeb by file and by button, others by the Procfile."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from telpher.config.settings import Settings
from tests import plain_http
from tests.deploy.steps import DOCKERFILE, env
from tests.e2e.house import PATIENCE, TOKEN, telegram
from tests.e2e.process import environment
from tests.ports import free_ports
from tgfake.world import World

ROOT = Path(__file__).parents[2]
NEEDED = {"API_ID", "API_HASH", "BOT_TOKEN"}


def koyeb() -> dict[str, object]:
    return yaml.safe_load((ROOT / "koyeb.yaml").read_text())


def button() -> dict[str, str]:
    page = (ROOT / "README.md").read_text()
    (link,) = re.findall(r"https://app\.koyeb\.com/deploy\?[^)\s]+", page)
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query, True).items()}


def test_koyeb_builds_the_image_and_asks_it_the_right_thing() -> None:
    told = koyeb()
    assert ROOT / told["git"]["docker"]["dockerfile"] == DOCKERFILE
    (port,) = told["ports"]
    (route,) = told["routes"]
    (health,) = told["health_checks"]
    assert str(port["port"]) == str(route["port"]) == str(health["http"]["port"]) == env()["PORT"]
    assert health["http"]["path"] == "/health/live"
    # Two of them would need REDIS_URL, and disks of their own do nothing here.
    assert told["scalings"] == [{"min": 1, "max": 1}]


def test_koyeb_is_given_settings_and_no_secrets() -> None:
    given = {each["key"]: each for each in koyeb()["env"]}
    assert {name.lower() for name in given} <= Settings.model_fields.keys()
    assert given.keys() >= NEEDED | {"DATABASE_URL", "URL", "TRUSTED_PROXIES"}
    for name in NEEDED | {"DATABASE_URL"}:
        assert "value" not in given[name]
        assert given[name]["secret"]
    Settings(trusted_proxies=given["TRUSTED_PROXIES"]["value"])


def test_the_button_asks_for_the_same() -> None:
    told, asked = koyeb(), button()
    assert asked["repository"] == told["git"]["repository"]
    assert asked["branch"] == told["git"]["branch"]
    assert asked["dockerfile"] == told["git"]["docker"]["dockerfile"]
    assert asked["builder"] == "dockerfile"
    assert asked["instance_type"] == told["instance_types"][0]["type"]
    assert asked["ports"] == f"{env()['PORT']};http;/"
    plain = {each["key"]: each["value"] for each in told["env"] if "value" in each}
    in_button = {name[4:-1]: value for name, value in asked.items() if name.startswith("env[")}
    assert {name: in_button[name] for name in plain} == plain
    assert in_button.keys() == {each["key"] for each in told["env"]}
    assert not any(in_button[name] for name in in_button.keys() - plain.keys())


def test_the_procfile_has_one_process_and_it_may_be_told_of_proxies() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["web"]
    (default,) = re.findall(r"TRUSTED_PROXIES-([^}]+)\}", lines[0])
    assert Settings(trusted_proxies=default).trusted_proxies
    requirements = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line for line in requirements if not line.startswith("#")] == ["-r requirements.lock"]


@pytest.mark.slow
async def test_the_procfiles_command_serves_on_the_platforms_port(tmp_path) -> None:
    command = (ROOT / "Procfile").read_text().partition("web:")[2].strip()
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    port = free_ports()
    async with telegram(world, tmp_path) as (_, servers):
        given = environment(servers, tmp_path / "work", PORT=str(port))
        given["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{given['PATH']}"
        process = await asyncio.create_subprocess_shell(
            command, cwd=ROOT, env=given, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            async with plain_http.client(f"http://127.0.0.1:{port}") as http:
                async with asyncio.timeout(PATIENCE):
                    while not await answers(http):
                        assert process.returncode is None
                assert (await http.get("/health/live")).json() == {"status": "alive"}
            # The shell gave its place to telpher: signals arrive.
            process.terminate()
            async with asyncio.timeout(PATIENCE):
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def answers(http) -> bool:
    try:
        await http.get("/health/live")
    except plain_http.httpx.ConnectError:
        return False
    return True

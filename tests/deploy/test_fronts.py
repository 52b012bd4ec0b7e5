"""The files of nginx and Caddy, as these understand them."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.deploy.fronts import DEPLOY, Front, write_nginx
from tests.players.programs import program


@pytest.mark.system
def test_nginx_understands_its_file(tmp_path) -> None:
    config = write_nginx(tmp_path, Front(18443, 18080, tmp_path), 18081)
    said = subprocess.run(
        [program("nginx"), "-t", "-c", str(config)], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    assert "warn" not in said.stderr


@pytest.mark.system
def test_caddy_understands_its_file_and_would_write_it_the_same() -> None:
    for command in (["validate", "--adapter", "caddyfile", "--config"], ["fmt"]):
        said = subprocess.run(
            [program("caddy"), *command, str(DEPLOY / "Caddyfile")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stderr
    assert said.stdout == (DEPLOY / "Caddyfile").read_text()


@pytest.mark.parametrize("name", ["nginx.conf", "nginx-cluster.conf"])
def test_no_log_of_nginx_holds_what_comes_after_the_question_mark(name: str) -> None:
    text = (DEPLOY / name).read_text()
    form = text[text.index("log_format") : text.index(";", text.index("log_format"))]
    for variable in ("$request ", "$request_uri", "$args", "$query_string", "$http_referer"):
        assert variable not in form


def blocks(name: str, head: str) -> list[set[str]]:
    """What stands in the blocks of that head in a file of nginx, comments aside."""
    text = re.sub(r" *#.*", "", (DEPLOY / name).read_text())
    found = re.findall(rf"^ *{re.escape(head)} {{\n(.*?)^ *}}", text, re.DOTALL | re.MULTILINE)
    return [{line.strip() for line in block.splitlines()} - {""} for block in found]


def test_nginx_treats_three_telphers_as_it_treats_one() -> None:
    def told(name: str) -> tuple[set[str], set[str], set[str]]:
        (chosen,) = blocks(name, "map $request_uri $telpher_file_of")
        (upstream,) = blocks(name, "upstream telpher")
        servers = {re.sub(r"server \S+", "server", line) for line in upstream}
        (passed,) = [
            each for each in blocks(name, "location /") if any("pass" in one for one in each)
        ]
        return chosen, servers, passed

    alone, three = told("nginx.conf"), told("nginx-cluster.conf")
    assert three[:2] == alone[:2]
    # Another proxy has come before, whose word it takes; and it may have been asked by a port.
    assert alone[2] - three[2] == {
        "proxy_set_header Host $host;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
    }
    assert three[2] - alone[2] == {
        "proxy_set_header Host $http_host;",
        "proxy_set_header X-Forwarded-Proto $telpher_scheme;",
        'proxy_set_header X-Telpher-Slice "";',
    }

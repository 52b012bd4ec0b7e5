"""The files of nginx and Caddy, as these understand them."""

from __future__ import annotations

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

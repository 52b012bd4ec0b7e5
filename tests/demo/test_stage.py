"""The demo as a user and a script see it: a process that prints and writes links that play."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ports import free_ports

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@contextmanager
def demo(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """A demo in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "telpher", "demo", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def until(process: subprocess.Popen[str], text: str) -> str:
    """What the process prints, up to the line that has `text`."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    assert process.stderr is not None
    pytest.fail(f"ended without {text!r}: {seen}{process.stderr.read()}")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The ready file of a running demo, and what it has printed."""
    file = tmp_path_factory.mktemp("demo") / "ready.json"
    with demo("--port", "0", "--ready-file", str(file)) as process:
        printed = until(process, "./run again")
        yield {**json.loads(file.read_text()), "printed": printed}


def test_every_link_gives_the_samples_bytes(ready: dict[str, Any]) -> None:
    assert len(ready["links"]) == 7
    for link in ready["links"]:
        assert link["url"].startswith(ready["url"] + "/stream/")
        answer = httpx.get(link["url"])
        assert answer.status_code == 200
        assert len(answer.content) == link["size"]
        assert hashlib.sha256(answer.content).hexdigest() == link["sha256"]
        assert answer.content == Path(link["path"]).read_bytes()


def test_a_range_of_a_link(ready: dict[str, Any]) -> None:
    film = ready["links"][0]
    answer = httpx.get(film["url"], headers={"Range": "bytes=1000000-1000999"})
    assert answer.status_code == 206
    assert answer.content == Path(film["path"]).read_bytes()[1_000_000:1_001_000]


def test_it_listens_on_loopback_only_and_names_its_telegram(ready: dict[str, Any]) -> None:
    assert ready["url"].startswith("http://127.0.0.1:")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", ready["chat"])
    assert f"Open {ready['chat']} in a browser" in ready["printed"]
    servers = json.loads(Path(ready["servers"]).read_text())
    assert {dc["host"] for dc in servers["dcs"]} == {"127.0.0.1"}


def test_it_prints_every_link_and_how_to_go_live(ready: dict[str, Any]) -> None:
    for link in ready["links"]:
        assert link["url"] in ready["printed"]
    assert "\u202e" not in ready["printed"]
    live = ready["printed"].partition("To go live:")[2].strip().splitlines()
    assert len(live) == 2
    for word in ("API_ID", "API_HASH", "BOT_TOKEN", ".env", "./run"):
        assert word in " ".join(live)


def test_the_chat_page_is_there_and_telpher_knows_nothing_of_it(ready: dict[str, Any]) -> None:
    page = httpx.get(ready["chat"])
    assert page.status_code == 200
    assert "telpher" in page.text
    for path in ("events", "deeds", "files"):
        assert httpx.get(f"{ready['url']}/{path}").status_code == 404


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_quietly(number: signal.Signals, tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    with demo("--port", "0", "--ready-file", str(file)) as process:
        until(process, "./run again")
        folder = Path(json.loads(file.read_text())["servers"]).parent
        process.send_signal(number)
        _, errors = process.communicate()
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert not folder.exists()


def test_a_port_that_is_taken_is_told_of() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with demo("--port", port) as process:
            _, errors = process.communicate()
    assert process.returncode == 2
    assert port in errors
    assert "Traceback" not in errors


def test_the_port_may_stand_in_the_environment() -> None:
    port = free_ports()
    with demo(PORT=str(port)) as process:
        assert f"http://127.0.0.1:{port}/stream/" in until(process, "./run again")


def test_a_ready_file_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    with demo("--port", "0", "--ready-file", str(tmp_path / "nowhere" / "file")) as process:
        _, errors = process.communicate()
    assert process.returncode == 2
    assert "nowhere" in errors
    assert "Traceback" not in errors


def test_a_terminal_that_knows_only_ascii() -> None:
    with demo("--port", "0", PYTHONIOENCODING="ascii") as process:
        assert "txt.bin" in until(process, "./run again")

"""The file that TELEGRAM_SERVERS names."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from telpher.errors import SettingsError
from tests.config.test_load import load
from tgfake.cluster import Cluster
from tgfake.world import World


def pem(der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN RSA PUBLIC KEY-----\n{text}-----END RSA PUBLIC KEY-----\n"


DER = b"\x30\x82\x01\x0a\x02\x82\x01\x01\x00" + b"\xc0" * 256 + b"\x02\x03\x01\x00\x01"
PEM = pem(DER)
GOOD: dict[str, Any] = {
    "home_dc": 2,
    "dcs": [
        {"id": 2, "host": "127.0.0.1", "port": 40002, "media_only": False},
        {"id": 4, "host": "::1", "port": 40004, "media_only": True},
    ],
    "public_keys": [PEM],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "servers.json"


def problems(file: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(TELEGRAM_SERVERS=str(file))
    return caught.value.problems


def test_reads_the_file(file: Path) -> None:
    file.write_text(json.dumps(GOOD))
    servers = load(TELEGRAM_SERVERS=str(file)).telegram_servers
    assert servers is not None
    assert servers.home_dc == 2
    assert [(dc.id, dc.host, dc.port, dc.media_only) for dc in servers.dcs] == [
        (2, "127.0.0.1", 40002, False),
        (4, "::1", 40004, True),
    ]
    assert servers.public_keys == (PEM,)


def test_another_server_may_have_a_form_of_its_own_for_credentials(file: Path) -> None:
    file.write_text(json.dumps(GOOD))
    assert load(TELEGRAM_SERVERS=str(file), API_HASH="hash", BOT_TOKEN="1:a").bot_token


def test_media_only_may_be_left_out(file: Path) -> None:
    file.write_text(json.dumps({**GOOD, "dcs": [{"id": 2, "host": "localhost", "port": 1}]}))
    servers = load(TELEGRAM_SERVERS=str(file)).telegram_servers
    assert servers is not None
    assert not servers.dcs[0].media_only


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"home_dc": 3}, "home_dc 3"),
        ({"home_dc": 4}, "home_dc 4"),
        ({"home_dc": "x"}, "home_dc is not a whole number"),
        ({"dcs": {}}, "dcs is not a list"),
        ({"dcs": [{"id": 2, "host": "127.0.0.1"}]}, "dcs.0.port is missing"),
        ({"dcs": [{"id": 2, "host": "a b", "port": 1}]}, "dcs.0.host is neither"),
        ({"dcs": [{"id": 2, "host": "h", "port": 70000}]}, "dcs.0.port must be at most 65535"),
        ({"public_keys": []}, "public_keys has no key"),
        ({"public_keys": ["key"]}, "public_keys.0 must be a 2048-bit key"),
        ({"public_keys": [PEM.replace("MIIB", "M-IB")]}, "public_keys.0 must be a 2048-bit key"),
        ({"public_keys": [pem(b"no key")]}, "public_keys.0 must be a 2048-bit key"),
        ({"public_keys": [pem(DER[:-1])]}, "public_keys.0 must be a 2048-bit key"),
    ],
)
def test_what_is_wrong_inside_is_told_by_its_place(
    file: Path, changes: dict[str, Any], told: str
) -> None:
    file.write_text(json.dumps({**GOOD, **changes}))
    (problem,) = problems(file)
    assert problem.startswith("TELEGRAM_SERVERS:")
    assert told in problem


def test_all_mistakes_inside_are_told(file: Path) -> None:
    file.write_text(json.dumps({"dcs": [], "public_keys": ["key"]}))
    assert len(problems(file)) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
def test_what_is_no_such_file(file: Path, text: str) -> None:
    file.write_text(text)
    (problem,) = problems(file)
    assert "tgfake" in problem
    assert "not understood" not in problem


@pytest.mark.parametrize("key", Cluster(World()).public_keys)
def test_the_keys_of_tgfake_pass(file: Path, key: str) -> None:
    file.write_text(json.dumps({**GOOD, "public_keys": [key]}))
    assert load(TELEGRAM_SERVERS=str(file)).telegram_servers


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path)
    assert "cannot be read" in problem

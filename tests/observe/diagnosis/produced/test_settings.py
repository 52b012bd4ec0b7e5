"""Wrong settings, as `telpher run` refuses them, and those it warns of."""

import socket

import pytest

from telpher import config
from telpher.clock import SystemClock
from telpher.config import checks
from telpher.errors import SettingsError
from telpher.storage.folder import claimed
from telpher.web.connection import Limits
from telpher.web.server import HttpServer
from tests.ports import free_ports

GOOD = {
    "API_ID": "1",
    "API_HASH": "0123456789abcdef0123456789abcdef",
    "BOT_TOKEN": "123456:" + "A" * 35,
    "URL": "https://films.example.org",
}
OTHER = "654321:" + "B" * 35


def refused(tmp_path, **settings: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        config.load({**GOOD, **settings}, tmp_path / ".env")
    return caught.value


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"BOT_TOKEN": ""}, marks=pytest.mark.produces("credentials-missing")),
        pytest.param({"API_HASH": "abc"}, marks=pytest.mark.produces("api-hash-malformed")),
        pytest.param({"BOT_TOKEN": "abc"}, marks=pytest.mark.produces("token-malformed")),
        pytest.param(
            {"EXTRA_BOT_TOKENS": OTHER}, marks=pytest.mark.produces("extra-bots-without-channel")
        ),
        pytest.param(
            {"EXTRA_BOT_TOKENS": GOOD["BOT_TOKEN"], "BIN_CHANNEL": "@films"},
            marks=pytest.mark.produces("bot-named-twice"),
        ),
        pytest.param({"URL": "films.example.org"}, marks=pytest.mark.produces("url-malformed")),
        pytest.param(
            {"DATABASE_URL": "postgres://host/films"},
            marks=pytest.mark.produces("mongodb-url-wrong"),
        ),
        pytest.param(
            {"TELEGRAM_SERVERS": "/nowhere/servers.json"},
            marks=pytest.mark.produces("servers-file-wrong"),
        ),
    ],
    ids=lambda settings: "-".join(settings),
)
def test_what_keeps_it_from_starting(tmp_path, settings, diagnosed):
    diagnosed(refused(tmp_path, **settings))


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"URL": "http://localhost:8080"}, marks=pytest.mark.produces("url-is-local")),
        pytest.param(
            {"URL": "http://films.example.org"}, marks=pytest.mark.produces("url-without-tls")
        ),
        pytest.param(
            {"DATABASE_URL": "mongodb://db.example.org/films"},
            marks=pytest.mark.produces("database-unprotected"),
        ),
    ],
    ids=lambda settings: "-".join(settings),
)
def test_what_it_warns_of(tmp_path, settings, diagnosed):
    (warning,) = checks.warnings(config.load({**GOOD, **settings}, tmp_path / ".env"))
    diagnosed(text=warning)


@pytest.mark.produces("setting-misspelt")
def test_a_slip_of_the_finger(tmp_path, diagnosed):
    (tmp_path / ".env").write_text("BOT_TOKN=x\n")
    (warning,) = checks.warnings(config.load(GOOD, tmp_path / ".env"))
    diagnosed(text=warning)


@pytest.mark.produces("env-file-unreadable")
def test_a_settings_file_that_says_nothing(tmp_path, diagnosed):
    (tmp_path / ".env").write_text("export nothing at all\n'")
    diagnosed(refused(tmp_path))
    (tmp_path / ".env").write_bytes(b"URL=\xff\xfe")
    diagnosed(refused(tmp_path))
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").mkdir()
    diagnosed(refused(tmp_path))


@pytest.mark.produces("work-dir-in-use")
def test_two_on_one_folder(tmp_path, diagnosed):
    with claimed(tmp_path), pytest.raises(SettingsError) as caught, claimed(tmp_path):
        pass
    diagnosed(caught.value)


@pytest.mark.produces("work-dir-not-writable")
def test_a_file_where_the_folder_should_be(tmp_path, diagnosed):
    for name in ("work", "long" * 40):
        (tmp_path / name).write_text("in the way")
        with pytest.raises(SettingsError) as caught, claimed(tmp_path / name):
            pass
        diagnosed(caught.value)


async def nothing(scope, receive, send):
    """An application that is never asked."""


async def starting(host: str, port: int) -> SettingsError:
    server = HttpServer(nothing, SystemClock(), host, port, Limits())
    with pytest.raises(SettingsError) as caught:
        await server.start()
    return caught.value


@pytest.mark.produces("port-taken")
async def test_a_port_that_is_taken(diagnosed):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        diagnosed(await starting("127.0.0.1", taken.getsockname()[1]))


@pytest.mark.produces("host-not-here")
async def test_an_address_of_another_machine(diagnosed):
    diagnosed(await starting("192.0.2.1", free_ports()))

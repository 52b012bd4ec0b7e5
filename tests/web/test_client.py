from __future__ import annotations

from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs

from telpher.web.client import Proxies, client_of
from tests.web.fakes import KEY, REF, World, serving
from tests.web.raw import wire

PATH = f"/stream/{REF.chat_id}/{REF.message_id}?k={KEY}"


class Seen:
    """An application that notes who asks."""

    def __init__(self):
        self.scopes = []

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)

    @property
    def last(self):
        scope = self.scopes[-1]
        return client_of(scope), scope["scheme"]


async def ask(proxies, peer, *headers):
    scope = {
        "type": "http",
        "client": peer and (peer, 5000),
        "scheme": "http",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }
    await proxies(scope, None, None)


def xff(value):
    return ("x-forwarded-for", value)


@pytest.fixture
def seen():
    return Seen()


@pytest.fixture
def proxies(seen):
    return Proxies(seen, [ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("/run/telpher.sock", ""),
        (None, ""),
    ],
)
async def test_without_a_proxy_the_peer_is_the_client(proxies, seen, peer, client):
    await ask(proxies, peer)
    assert seen.last == (client, "http")


async def test_a_trusted_proxy_says_who_asks_and_by_what_scheme(proxies, seen):
    await ask(proxies, "10.0.0.1", xff("6.6.6.6, 203.0.113.7"), ("x-forwarded-proto", "https"))
    assert seen.last == ("203.0.113.7", "https")
    await ask(proxies, "::ffff:10.0.0.1", xff("6.6.6.6"), xff("2001:db8::7, 10.1.1.1"))
    assert seen.last == ("2001:db8::/64", "http")
    await ask(proxies, "10.0.0.1", ("x-forwarded-proto", "javascript"))
    assert seen.last == ("10.0.0.1", "http")
    await ask(proxies, "10.0.0.1", ("x-forwarded-proto", "https"))
    assert seen.last == ("10.0.0.1", "https")


@pytest.mark.parametrize("peer", ["203.0.113.7", "192.168.1.2", "2001:db8::7", None])
async def test_nobody_else_is_believed(proxies, seen, peer):
    await ask(proxies, peer)
    honest = seen.last
    await ask(proxies, peer, xff("10.0.0.1"), ("x-forwarded-proto", "https"))
    await ask(proxies, peer, xff("198.51.100.1"))
    assert [seen.last, honest] == [honest, honest]


async def test_a_private_address_that_sends_the_header_is_warned_of_once(proxies):
    with capture_logs() as entries:
        await ask(proxies, "8.8.8.8", xff("198.51.100.1"))
        await ask(proxies, "10.0.0.1", xff("198.51.100.1"))
        assert not entries
        for _ in range(3):
            await ask(proxies, "172.18.0.5", xff("198.51.100.1"))
    [entry] = entries
    assert entry["log_level"] == "warning"
    assert "TRUSTED_PROXIES" in entry["remedy"]
    assert "172.18.0.5" in entry["remedy"]


async def test_what_is_no_request_passes(proxies, seen):
    await proxies({"type": "lifespan"}, None, None)
    assert seen.scopes == [{"type": "lifespan"}]


async def test_the_client_behind_a_proxy_is_who_plays_and_who_is_logged():
    world = World(trusted=(ip_network("127.0.0.1"),))
    with capture_logs() as entries:
        async with serving(world.app(), world.clock) as server, wire(server.port) as connection:
            head = await connection.ask(PATH, "X-Forwarded-For: 203.0.113.7", "Range: bytes=0-9")
            await connection.read(10)
            assert head.status == 206
    assert [each.client for each in world.engine.viewers] == ["203.0.113.7"]
    assert {each["client"] for each in entries if each["event"] == "request"} == {"203.0.113.7"}

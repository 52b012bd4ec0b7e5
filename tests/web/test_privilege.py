"""Who is no stranger."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from starlette.requests import Request

from telpher.web.errors import HttpError
from telpher.web.privilege import NoSessions, Privilege

TOKEN = "a-token-of-no-secrecy"
HERE = {"host": "127.0.0.1:8080"}


class Cookies:
    """Whoever has the cookie is an admin."""

    async def is_admin(self, request: Request) -> bool:
        return request.cookies.get("session") == "admin"


def request(
    peer: str | None, headers: dict[str, str], version: str = "1.1", path: str = "/metrics"
) -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": path,
            "http_version": version,
            "client": (peer, 5000) if peer else None,
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
        }
    )


@pytest.fixture
def privilege() -> Privilege:
    return Privilege(SecretStr(TOKEN), Cookies())


@pytest.mark.parametrize(
    ("headers", "granted"),
    [
        ({"authorization": f"Bearer {TOKEN}"}, True),
        ({"authorization": f"bearer  {TOKEN} "}, True),
        ({"authorization": f"Bearer {TOKEN}x"}, False),
        ({"authorization": f"Bearer {TOKEN[:-1]}"}, False),
        ({"authorization": "Bearer "}, False),
        ({"authorization": "Bearer"}, False),
        ({"authorization": f"Basic {TOKEN}"}, False),
        ({"authorization": TOKEN}, False),
        ({"authorization": "Bearer \xe4\xf6"}, False),
        ({"cookie": "session=admin"}, True),
        ({"cookie": "session=user"}, False),
        ({"host": "127.0.0.1"}, False),
        ({}, False),
    ],
)
async def test_from_elsewhere(privilege: Privilege, headers: dict[str, str], granted: bool) -> None:
    assert await privilege.granted(request("203.0.113.7", headers)) is granted


@pytest.mark.parametrize("token", [None, SecretStr("")])
async def test_without_a_token_none_opens_anything(token: SecretStr | None) -> None:
    privilege = Privilege(token, NoSessions())
    for sent in ("Bearer ", "Bearer None", "Bearer"):
        assert not await privilege.granted(request("203.0.113.7", {"authorization": sent}))


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:80"])
async def test_this_machine(privilege: Privilege, peer: str, host: str) -> None:
    assert await privilege.granted(request(peer, {"host": host}))


@pytest.mark.parametrize(
    "header",
    [
        {"x-forwarded-for": "127.0.0.1"},
        {"x-forwarded-for": ""},
        {"x-forwarded-proto": "https"},
        {"x-real-ip": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
        {"via": "1.1 proxy"},
        {"host": "films.example.org"},
        {"host": "127.0.0.1.example.org"},
        {"host": "localhost.example.org"},
        {"host": "[::1].example.org"},
        {"host": ""},
    ],
    ids=str,
)
async def test_a_proxy_on_this_machine_is_not_this_machine(
    privilege: Privilege, header: dict[str, str]
) -> None:
    assert not await privilege.granted(request("127.0.0.1", {**HERE, **header}))


async def test_http_1_0_is_spoken_by_proxies(privilege: Privilege) -> None:
    assert not await privilege.granted(request("127.0.0.1", HERE, version="1.0"))


@pytest.mark.parametrize("peer", [None, "not-an-address", "10.0.0.1", "203.0.113.7"])
async def test_other_peers(privilege: Privilege, peer: str | None) -> None:
    assert not await privilege.granted(request(peer, HERE))


async def test_strangers_are_told_what_is_missing(privilege: Privilege) -> None:
    await privilege.require(request("127.0.0.1", HERE))
    with pytest.raises(HttpError) as refused:
        await privilege.require(request("203.0.113.7", {}))
    assert (refused.value.status, refused.value.key) == (401, "unauthorized")
    assert refused.value.headers == {"WWW-Authenticate": 'Bearer realm="telpher"'}

"""Assets are served from here, and nothing else is."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Scope

from telpher.web.static import StaticFiles
from tests.web.fakes import World

ROOT = Path(__file__).parents[2]
OWN = ROOT / "src/telpher/web/static"

SCOPE: Scope = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/static/redoc.js",
    "raw_path": b"/static/redoc.js",
    "query_string": b"",
}


def own(name: str) -> bytes:
    return (OWN / name).read_bytes()


async def test_an_asset_is_kept_for_ever_under_the_address_that_pages_name(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/" + StaticFiles().address("docs.js"))
    assert (answer.status_code, answer.content) == (200, own("docs.js"))
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("query", ["", "?v=0123456789abcdef"])
async def test_by_another_address_it_is_asked_for_anew(
    client: httpx.AsyncClient, query: str
) -> None:
    first = await client.get("/static/docs.js" + query)
    assert first.headers["cache-control"] == "public, no-cache"
    again = await client.get("/static/docs.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await client.get("/static/docs.js", headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


async def test_what_is_packed_goes_out_so(client: httpx.AsyncClient) -> None:
    packed = await client.get("/static/redoc.js", headers={"Accept-Encoding": "gzip, br"})
    plain = await client.get("/static/redoc.js", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(own("vendor/redoc.js.gz"))
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content == gzip.decompress(own("vendor/redoc.js.gz"))
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_everybody_is_sent_the_same_bytes_and_nobody_a_copy(encoding: str) -> None:
    """Nothing counts these requests: were each answer a copy, who never reads would fill memory."""
    app = World().app()
    bodies: list[object] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            bodies.append(message["body"])

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    for _ in range(2):
        headers = [(b"accept-encoding", encoding.encode())]
        await app({**SCOPE, "headers": headers}, receive, send)
    first, second = bodies
    assert first is second
    assert first


@pytest.mark.parametrize(
    "path", ["", "nothing.js", "vendor", "vendor/redoc.js.gz", "..%2fstatic.py", "%2e%2e/static.py"]
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/static/{path}")).status_code == 404


@pytest.mark.parametrize(("page", "least"), [("/docs", 3), ("/redoc", 2)])
async def test_pages_load_from_here_alone_and_run_no_script_of_their_own(
    client: httpx.AsyncClient, page: str, least: int
) -> None:
    answer = await client.get(page)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"<script(?! src=\"static/)|\son\w+=", answer.text)
    addresses = re.findall(r'(?:src|href)="(static/[^"]+)"', answer.text)
    assert len(addresses) >= least
    assert not re.search(r'(?:src|href)="(?!static/|openapi\.json)', answer.text)
    for address in addresses:
        assert (await client.get("/" + address)).status_code == 200


def test_every_licence_comes_along() -> None:
    names = {path.name.split(".")[0] for path in (OWN / "vendor").glob("*.gz")}
    assert names == {path.name.split(".")[0] for path in (OWN / "vendor").glob("*.LICENSE.txt")}


def test_the_script_that_fetches_them_names_what_is_there() -> None:
    table = (ROOT / "scripts/vendor").read_text()
    for path in (OWN / "vendor").iterdir():
        assert f'"{path.name.removesuffix(".gz")}"' in table
    told = subprocess.run([ROOT / "scripts/vendor", "--wrong"], capture_output=True, check=False)
    assert told.returncode == 1


async def test_browsers_find_an_icon_where_they_look_by_themselves(
    client: httpx.AsyncClient,
) -> None:
    icon = await client.get("/favicon.ico")
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
    assert icon.content == own("icon.svg")
    assert icon.headers["cache-control"] == "public, no-cache"
    again = await client.get("/favicon.ico", headers={"If-None-Match": icon.headers["etag"]})
    assert again.status_code == 304

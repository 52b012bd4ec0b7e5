"""Routes to everything below a prefix."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import NoMatchFound
from starlette.types import Receive, Send

from telpher.clock import FakeClock
from telpher.web.prefix import PrefixRoute
from tests.web.fakes import serving


class Echo(PrefixRoute):
    async def serve(self, request: Request, receive: Receive, send: Send) -> None:
        answer = PlainTextResponse(request.scope["path"])
        await answer(request.scope, receive, send)


@pytest.fixture
async def client():
    app = Starlette(routes=[Echo("/here/")])
    app.router.redirect_slashes = False
    async with (
        serving(app, FakeClock()) as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http,
    ):
        yield http


@pytest.mark.parametrize("path", ["/here/", "/here/a", "/here/a/b/c", "/here//"])
async def test_everything_below_is_its_own(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.text) == (200, path)


@pytest.mark.parametrize("path", ["/", "/here", "/hereafter/", "/there/"])
async def test_nothing_else_is(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_options(client: httpx.AsyncClient) -> None:
    answer = await client.options("/here/a")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


def test_it_has_no_name() -> None:
    with pytest.raises(NoMatchFound):
        Echo("/here/").url_path_for("here")

"""A world, its server on a real socket, and a client."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from telpher.web.server import HttpServer
from tests import plain_http
from tests.web.fakes import World, serving


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def server(world: World) -> AsyncIterator[HttpServer]:
    async with serving(world.app(), world.clock) as running:
        yield running


@pytest.fixture
async def client(server: HttpServer) -> AsyncIterator[httpx.AsyncClient]:
    base = f"http://127.0.0.1:{server.port}"
    async with plain_http.client(base) as http:
        yield http

"""What scripts know the service by."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from telpher._version import VERSION
from tests.web.fakes import World


def test_title_and_version(world: World) -> None:
    app = world.app()
    assert isinstance(app, FastAPI)
    assert (app.title, app.version) == ("Telegram VLC Stream Bot API", VERSION)


@pytest.mark.parametrize("path", ["/docs/", "/docs/oauth2-redirect", "/health/", "/stream"])
async def test_nothing_is_served_by_accident(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404

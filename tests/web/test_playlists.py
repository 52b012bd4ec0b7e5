"""Playlists over a real socket."""

from __future__ import annotations

import httpx
import pytest

from telpher.core.playlist import Item
from telpher.errors import GoneError, StorageError
from telpher.service.playlists import Listed
from tests.web.fakes import World

ITEMS = [Item("https://files.example.org/stream/1/2/a.mp4?k=K", "a.mp4", 9)]


@pytest.mark.parametrize(
    ("form", "media_type", "begins"),
    [
        ("m3u8", "audio/x-mpegurl; charset=utf-8", "#EXTM3U\n"),
        ("m3u", "audio/x-mpegurl; charset=utf-8", "#EXTM3U\n"),
        ("xspf", "application/xspf+xml; charset=utf-8", "<?xml"),
    ],
)
async def test_every_form_is_served(
    world: World, client: httpx.AsyncClient, form: str, media_type: str, begins: str
) -> None:
    world.playlists.there["abc"] = Listed("Films", ITEMS)
    answer = await client.get(f"/playlist/abc.{form}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert f'filename="Films.{form}"' in answer.headers["content-disposition"]
    assert answer.text.startswith(begins)
    assert ITEMS[0].url.split("?")[0] in answer.text


async def test_head_has_the_same_headers_and_no_body(
    world: World, client: httpx.AsyncClient
) -> None:
    world.playlists.there["abc"] = Listed("Films", ITEMS)
    answer = await client.head("/playlist/abc.m3u8")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["abc.txt", "abc", ".m3u8", "other.m3u8", "a/b.m3u8"])
async def test_what_is_no_playlist_is_not_found(
    world: World, client: httpx.AsyncClient, path: str
) -> None:
    world.playlists.there["abc"] = Listed("Films", ITEMS)
    assert (await client.get(f"/playlist/{path}")).status_code == 404


@pytest.mark.parametrize(
    ("failure", "status"), [(GoneError("x"), 410), (StorageError("secret"), 503)]
)
async def test_a_playlist_that_ended_and_a_database_that_is_away_say_so(
    world: World, client: httpx.AsyncClient, failure: Exception, status: int
) -> None:
    world.playlists.there["abc"] = failure
    answer = await client.get("/playlist/abc.m3u8")
    assert answer.status_code == status
    assert "secret" not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)

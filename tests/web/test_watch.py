"""The player page over a real socket."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from telpher.core.model import Kind
from telpher.errors import GoneError, TelegramUnavailableError
from tests.web.fakes import KEY, MOVIE, REF, World

PAGE = f"/watch/{REF.chat_id}/{REF.message_id}?k={KEY}"
NAMED = f"{REF.chat_id}/{REF.message_id}/movie.mp4?k={KEY}"
HTML = {"Accept": "text/html"}


async def test_it_plays_the_file_and_shows_every_way_to_it(client: httpx.AsyncClient) -> None:
    page = await client.get(PAGE)
    assert page.status_code == 200
    assert (
        f'<video class="player" controls preload="metadata" src="../../stream/{NAMED}">'
        in page.text
    )
    assert f'href="../../download/{NAMED}"' in page.text
    assert f'href="vlc://https://files.example.org/stream/{NAMED}"' in page.text
    for part in ("movie.mp4", "976.56 KB", "video/mp4"):
        assert part in page.text


async def test_its_policy_lets_the_film_play_and_nothing_run(client: httpx.AsyncClient) -> None:
    headers = (await client.get(PAGE)).headers
    assert "media-src 'self'" in headers["content-security-policy"]
    assert "script" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("mime", "name", "kind", "element"),
    [
        ("audio/mpeg", "a.mp3", Kind.AUDIO, "<audio"),
        ("image/jpeg", "a.jpg", Kind.PHOTO, "<img"),
        ("application/zip", "a.zip", Kind.DOCUMENT, "<h1"),
        ("text/html", "a.html", Kind.DOCUMENT, "<h1"),
        ("image/svg+xml", "a.svg", Kind.DOCUMENT, "<h1"),
    ],
)
async def test_what_browsers_show_is_shown(
    world: World, client: httpx.AsyncClient, mime: str, name: str, kind: Kind, element: str
) -> None:
    world.engine.files[REF] = replace(MOVIE, mime_type=mime, name=name, kind=kind)
    page = await client.get(PAGE)
    assert element in page.text
    assert page.text.count('class="player"') == (element != "<h1")


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>.mp4', "a'b&c.mp4", "\u202e.mp4"])
async def test_no_name_becomes_markup(world: World, client: httpx.AsyncClient, name: str) -> None:
    world.engine.files[REF] = replace(MOVIE, name=name)
    page = await client.get(PAGE)
    assert page.status_code == 200
    assert "<script" not in page.text


async def test_vlc_comes_first_where_it_was_asked_for(client: httpx.AsyncClient) -> None:
    assert 'class="first" href="vlc://' in (await client.get(f"{PAGE}&open=vlc")).text
    assert 'class="first" href="../../download/' in (await client.get(PAGE)).text


@pytest.mark.parametrize("key", ["", "?k=wrong", f"?k={KEY}&k={KEY}"])
async def test_without_a_good_link_there_is_no_page_and_nothing_is_looked_up(
    world: World, client: httpx.AsyncClient, key: str
) -> None:
    page = await client.get(f"/watch/{REF.chat_id}/{REF.message_id}{key}", headers=HTML)
    assert page.status_code == 404
    assert world.engine.located == 0


@pytest.mark.parametrize(
    ("failure", "status"), [(GoneError("x"), 410), (TelegramUnavailableError("x"), 503)]
)
async def test_errors_are_pages(
    world: World, client: httpx.AsyncClient, failure: Exception, status: int
) -> None:
    world.engine.fail_locate = failure
    page = await client.get(PAGE, headers=HTML)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")

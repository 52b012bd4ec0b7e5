"""The player page over a real socket."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import httpx
import pytest

from telpher.core.model import Kind
from telpher.errors import GoneError, NoThumbnailError, TelegramUnavailableError
from tests.web.fakes import KEY, MOVIE, REF, World

PLACE = f"{REF.chat_id}/{REF.message_id}"
PAGE = f"/watch/{PLACE}?k={KEY}"
NAMED = f"{PLACE}/movie.mp4?k={KEY}"
FILE = f"https://files.example.org/stream/{NAMED}"
HTML = {"Accept": "text/html"}
ANDROID = {"User-Agent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/130"}
WINDOWS = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130"}


def links(page: httpx.Response) -> list[str]:
    """Where the page leads, in order."""
    return [unescape(each) for each in re.findall(r'<a [^>]*href="([^"]+)"', page.text)]


async def test_it_plays_the_file_and_shows_every_way_to_it(client: httpx.AsyncClient) -> None:
    page = await client.get(PAGE)
    assert page.status_code == 200
    assert re.search(rf'<video [^>]*controls[^>]* src="../../stream/{re.escape(NAMED)}"', page.text)
    assert f"../../download/{NAMED}" in links(page)
    for part in ("movie.mp4", "976.56 KB", "video/mp4", f'value="{FILE}"'):
        assert part in page.text


async def test_every_player_is_there_for_every_platform(client: httpx.AsyncClient) -> None:
    schemes = {each.partition(":")[0] for each in links(await client.get(PAGE))}
    assert schemes >= {
        *("intent", "vlc", "vlc-x-callback", "infuse", "nplayer-https", "potplayer", "mpv"),
        "iina",
    }


async def test_the_readers_own_players_come_first(client: httpx.AsyncClient) -> None:
    android, windows = [
        [each for each in links(await client.get(PAGE, headers=agent)) if "download" not in each]
        for agent in (ANDROID, WINDOWS)
    ]
    assert "package=org.videolan.vlc" in android[0]
    assert "package=com.mxtech.videoplayer.ad" in android[1]
    assert windows[0] == f"../../watch/{PLACE}?k={KEY}&format=m3u"
    assert windows[1] == f"potplayer://{FILE}"


async def test_vlc_is_in_focus_where_it_was_asked_for(client: httpx.AsyncClient) -> None:
    for agent in (ANDROID, WINDOWS, {}):
        asked = await client.get(f"{PAGE}&open=vlc", headers=agent)
        assert len(re.findall(r"<a [^>]*asked[^>]* autofocus>VLC</a>", asked.text)) == 1
        plain = await client.get(PAGE, headers=agent)
        assert "autofocus" not in plain.text
        assert not re.search(r'class="[^"]*asked', plain.text)


async def test_a_playlist_of_this_one_file(world: World, client: httpx.AsyncClient) -> None:
    world.engine.files[REF] = replace(MOVIE, duration=61)
    playlist = await client.get(f"{PAGE}&format=m3u")
    assert playlist.text == f"#EXTM3U\n#PLAYLIST:movie.mp4\n#EXTINF:61,movie.mp4\n{FILE}\n"
    assert playlist.headers["content-type"] == "audio/x-mpegurl; charset=utf-8"
    assert 'attachment; filename="movie.mp4.m3u"' in playlist.headers["content-disposition"]
    assert playlist.headers["cache-control"] == "private, no-store"


async def test_a_code_of_the_pages_address(client: httpx.AsyncClient) -> None:
    code = await client.get(f"{PAGE}&format=qr")
    assert code.headers["content-type"] == "image/svg+xml"
    assert code.text.startswith("<svg")
    # Opened by itself it is a document of this origin.
    assert code.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert code.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("query", ["&format=", "&format=exe", "&format=m3u&format=qr"])
async def test_whatever_else_is_asked_for_is_the_page(
    client: httpx.AsyncClient, query: str
) -> None:
    page = await client.get(PAGE + query)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


async def test_nothing_runs_but_the_servers_own_script(client: httpx.AsyncClient) -> None:
    page = await client.get(PAGE)
    policy = dict(
        each.strip().split(" ", 1) for each in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["media-src"] == policy["img-src"] == "'self'"
    assert policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "User-Agent" in page.headers["vary"]
    assert not re.search(r"<script(?! defer src=\"\.\./\.\./static/)|\son\w+=|style=", page.text)


@pytest.mark.parametrize("suffix", ["", "/", "/movie.mp4", "/a%2Fb"])
async def test_it_finds_its_files_however_deep_its_address(
    client: httpx.AsyncClient, suffix: str
) -> None:
    at = httpx.URL(f"http://here.example/watch/{PLACE}{suffix}?k={KEY}")
    page = await client.get(f"/watch/{PLACE}{suffix}?k={KEY}")
    loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', page.text)
    assert len(loaded) >= 5
    for each in loaded:
        address = at.join(unescape(each))
        assert address.path.split("/")[1] in {"static", "stream", "watch"}
        assert (await client.get(address.raw_path.decode())).status_code == 200


@pytest.mark.parametrize(
    ("mime", "name", "kind", "element"),
    [
        ("audio/mpeg", "a.mp3", Kind.AUDIO, "<audio"),
        ("image/jpeg", "a.jpg", Kind.PHOTO, '<a class="picture"'),
        ("text/plain", "a.txt", Kind.DOCUMENT, "<iframe"),
        ("application/zip", "a.zip", Kind.DOCUMENT, ">ZIP<"),
        ("text/html", "a.html", Kind.DOCUMENT, ">HTML<"),
        ("image/svg+xml", "a.svg", Kind.DOCUMENT, ">SVG<"),
    ],
)
async def test_what_browsers_show_is_shown(
    world: World, client: httpx.AsyncClient, mime: str, name: str, kind: Kind, element: str
) -> None:
    world.engine.files[REF] = replace(MOVIE, mime_type=mime, name=name, kind=kind)
    page = await client.get(PAGE)
    assert element in page.text
    plays = mime.startswith("audio/")
    assert ("Open in a player" in page.text) == ("media-chrome" in page.text) == plays
    assert "Download" in page.text


async def test_text_is_shown_in_a_box_of_its_own(world: World, client: httpx.AsyncClient) -> None:
    world.engine.files[REF] = replace(MOVIE, mime_type="text/plain", name="a.txt")
    assert re.search(r"<iframe [^>]* sandbox ", (await client.get(PAGE)).text)


async def test_a_song_is_called_by_its_title(world: World, client: httpx.AsyncClient) -> None:
    song = replace(MOVIE, mime_type="audio/mpeg", name="01.mp3", title="A <b>song", performer="Ann")
    world.engine.files[REF] = song
    page = await client.get(PAGE)
    assert "<h1>A &lt;b&gt;song</h1>" in page.text
    assert '<p class="by">Ann</p>' in page.text
    assert "01.mp3" in page.text


@pytest.mark.parametrize(("mime", "shown"), [("video/mp4", "poster"), ("audio/mpeg", "src")])
async def test_a_picture_is_asked_for_only_where_there_are_any(
    world: World, client: httpx.AsyncClient, mime: str, shown: str
) -> None:
    world.engine.files[REF] = replace(MOVIE, mime_type=mime)
    page = await client.get(PAGE)
    assert f'{shown}="../../thumbnail/{PLACE}?k={KEY}"' in page.text
    world.pictures.failure = NoThumbnailError("none")
    assert "thumbnail" not in (await client.get(PAGE)).text
    assert not [ref for ref, _ in world.pictures.asked]


async def test_programs_that_show_what_a_link_leads_to_find_name_and_picture(
    world: World, client: httpx.AsyncClient
) -> None:
    world.engine.files[REF] = replace(MOVIE, name="b & c.mp4")
    page = (await client.get(PAGE)).text
    assert '<meta property="og:title" content="b &amp; c.mp4">' in page
    preview = f"https://files.example.org/thumbnail/{PLACE}?k={KEY}"
    assert f'<meta property="og:image" content="{preview}">' in page


async def test_a_page_without_signature_hands_none_on_with_its_picture(
    world: World, client: httpx.AsyncClient
) -> None:
    world.links.open = True
    page = (await client.get(f"/watch/{PLACE}")).text
    assert f'content="https://files.example.org/thumbnail/{PLACE}"' in page
    assert "k=" not in page


async def test_one_file_is_remembered_under_one_name(
    world: World, client: httpx.AsyncClient
) -> None:
    named = re.compile(r'data-file="([^"]+)"')
    (first,) = named.findall((await client.get(PAGE)).text)
    world.engine.files[REF] = replace(MOVIE, document_id=78)
    (other,) = named.findall((await client.get(PAGE)).text)
    assert first != other


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>.mp4', "a'b&c.mp4", "\u202e.mp4"])
async def test_no_name_becomes_markup(world: World, client: httpx.AsyncClient, name: str) -> None:
    world.engine.files[REF] = replace(MOVIE, name=name, title=name, performer=name)
    page = await client.get(PAGE)
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert page.text.count("<script") == 2


@pytest.mark.parametrize("query", ["", "&format=m3u", "&format=qr"])
@pytest.mark.parametrize("key", ["k=", "k=wrong", f"k={KEY}&k={KEY}"])
async def test_without_a_good_link_there_is_no_page_and_nothing_is_looked_up(
    world: World, client: httpx.AsyncClient, key: str, query: str
) -> None:
    page = await client.get(f"/watch/{PLACE}?{key}{query}", headers=HTML)
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

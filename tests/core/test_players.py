"""Which player is offered, and by which address."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from telpher.core.players import Platform, Target, Way, platform_of, ways

URL = "https://files.example.org:8443/stream/1/2/A%20film%3B%20%231.mp4?k=abc_-"
TARGET = Target(URL, 'A film; #1 "x" & שלום.mp4', "video/mp4", "../../watch/1/2?k=abc_-&format=m3u")
WAYS = ways(TARGET)

ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/130 Mobile Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
TIZEN = "Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36 Version/8.0"


def way(player: str, platform: Platform, *, handler: bool = False) -> Way:
    (found,) = [
        each
        for each in WAYS
        if (each.player, each.platform, each.handler) == (player, platform, handler)
    ]
    return found


@pytest.mark.parametrize(
    ("agent", "platform"),
    [
        (ANDROID, Platform.ANDROID),
        (IPHONE, Platform.IOS),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/153", Platform.WINDOWS),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18 Safari/605", Platform.MAC),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Firefox/153.0", Platform.LINUX),
        (TIZEN, Platform.UNKNOWN),
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/120", Platform.UNKNOWN),
        ("curl/8.5.0", Platform.UNKNOWN),
        ("", Platform.UNKNOWN),
    ],
)
def test_platforms(agent: str, platform: Platform) -> None:
    assert platform_of(agent) is platform


@pytest.mark.parametrize(
    ("player", "package"),
    [
        ("VLC", "org.videolan.vlc"),
        ("MX Player", "com.mxtech.videoplayer.ad"),
        ("MX Player Pro", "com.mxtech.videoplayer.pro"),
        ("mpv", "is.xyz.mpv"),
    ],
)
def test_android_is_given_the_address_the_type_and_the_app(player: str, package: str) -> None:
    data, _, intent = way(player, Platform.ANDROID).href.partition("#Intent;")
    fields = intent.split(";")
    assert "https" + data.removeprefix("intent") == URL
    assert fields.pop() == "end"
    told = dict(field.split("=", 1) for field in fields)
    assert unquote(told.pop("S.title")) == TARGET.title
    assert told == {
        "scheme": "https",
        "action": "android.intent.action.VIEW",
        "type": "video/mp4",
        "package": package,
    }


def test_android_lets_its_user_choose_among_all_others() -> None:
    assert "package=" not in way("Another app", Platform.ANDROID).href


@pytest.mark.parametrize(
    ("player", "platform", "before"),
    [
        ("VLC", Platform.IOS, "vlc-x-callback://x-callback-url/stream"),
        ("Infuse", Platform.IOS, "infuse://x-callback-url/play"),
        ("Infuse", Platform.MAC, "infuse://x-callback-url/play"),
        ("IINA", Platform.MAC, "iina://weblink"),
    ],
)
def test_a_parameter_holds_the_address_whole(player: str, platform: Platform, before: str) -> None:
    href = way(player, platform).href
    assert href.partition("?")[0] == before
    assert parse_qs(urlsplit(href).query) == {"url": [URL]}


def test_schemes_that_stand_before_the_address() -> None:
    assert way("nPlayer", Platform.IOS).href == f"nplayer-{URL}"
    assert way("PotPlayer", Platform.WINDOWS).href == f"potplayer://{URL}"
    assert way("VLC", Platform.LINUX, handler=True).href == f"vlc://{URL}"


@pytest.mark.parametrize("platform", [Platform.WINDOWS, Platform.MAC, Platform.LINUX])
def test_mpv_gets_the_address_encoded_as_browsers_keep_it(platform: Platform) -> None:
    href = way("mpv", platform, handler=True).href
    assert ":" not in href.removeprefix("mpv://")
    assert unquote(href.removeprefix("mpv://")) == URL


@pytest.mark.parametrize("platform", [Platform.WINDOWS, Platform.MAC, Platform.LINUX])
def test_vlc_on_a_computer_opens_a_playlist(platform: Platform) -> None:
    assert way("VLC", platform).href == TARGET.playlist


def test_vlc_comes_first_everywhere() -> None:
    for platform in Platform:
        here = [each for each in WAYS if each.platform is platform]
        assert not here or here[0].is_vlc


def test_a_way_is_one_link_without_spaces_or_quotes() -> None:
    for each in WAYS:
        assert each.href.isascii()
        assert not set(each.href) & set(" \"'<>\n")

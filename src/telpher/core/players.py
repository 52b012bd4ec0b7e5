"""Links that open a file's address in somebody's player, by the scheme that the player listens to.

    Android   intent://host/path#Intent;…;package=…;end   [developer.chrome.com, "Android intents"];
              without a package Android lets its user choose
    iOS       vlc-x-callback:, infuse: with the address as a parameter; nplayer-https:
    desktop   potplayer://, iina:, mpv:// (mpv 0.40 and newer, once its handler is set up), vlc://

VLC for computers listens to no scheme of its own; it opens playlists, so there it is offered one
with one entry. vlc:// works for those who have installed a handler.

Browsers read what follows `scheme://` as a host: of vlc://https://… they drop the second colon
(WHATWG URL, "opaque host"). Handlers know that. mpv takes the address percent-encoded, which
survives.

Pure. Which platform it is, is a guess at what a browser says of itself; it only decides what is
shown first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote


class Platform(StrEnum):
    """What a player runs on, as people call it."""

    ANDROID = "Android"
    IOS = "iPhone and iPad"
    WINDOWS = "Windows"
    MAC = "Mac"
    LINUX = "Linux"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be opened: an absolute URL in ASCII, what to call it, its media type, and the
    address of a playlist that holds just this."""

    url: str
    title: str
    media_type: str
    playlist: str


@dataclass(frozen=True, slots=True)
class Way:
    """One player on one platform. `handler`: works only where somebody has set the scheme up."""

    player: str
    platform: Platform
    href: str
    handler: bool = False

    @property
    def is_vlc(self) -> bool:
        return self.player == "VLC" and not self.handler


# In this order: a television's browser says Linux or Android as well, an Android's says Linux.
_SIGNS: Final = (
    (
        re.compile(r"SmartTV|SMART-TV|Tizen|Web0S|CrOS|PlayStation|Xbox", re.IGNORECASE),
        Platform.UNKNOWN,
    ),
    (re.compile(r"Android"), Platform.ANDROID),
    (re.compile(r"iPhone|iPad|iPod"), Platform.IOS),
    (re.compile(r"Windows NT"), Platform.WINDOWS),
    (re.compile(r"Macintosh"), Platform.MAC),
    (re.compile(r"Linux|X11"), Platform.LINUX),
)

_ANDROID: Final = (
    ("VLC", "org.videolan.vlc"),
    ("MX Player", "com.mxtech.videoplayer.ad"),
    ("MX Player Pro", "com.mxtech.videoplayer.pro"),
    ("mpv", "is.xyz.mpv"),
    ("Another app", ""),
)


def platform_of(user_agent: str) -> Platform:
    """The platform that a browser's User-Agent names. An iPad says Macintosh."""
    return next((each for sign, each in _SIGNS if sign.search(user_agent)), Platform.UNKNOWN)


def ways(target: Target) -> list[Way]:
    """Every way there is, by platform, the likeliest first within each."""
    url, encoded = target.url, quote(target.url, safe="")
    vlc, mpv = f"vlc://{url}", f"mpv://{encoded}"
    infuse = f"infuse://x-callback-url/play?url={encoded}"
    x_callback = f"vlc-x-callback://x-callback-url/stream?url={encoded}"
    return [
        *(Way(name, Platform.ANDROID, _intent(target, package)) for name, package in _ANDROID),
        Way("VLC", Platform.IOS, x_callback),
        Way("Infuse", Platform.IOS, infuse),
        Way("nPlayer", Platform.IOS, f"nplayer-{url}"),
        Way("VLC", Platform.WINDOWS, target.playlist),
        Way("PotPlayer", Platform.WINDOWS, f"potplayer://{url}"),
        Way("mpv", Platform.WINDOWS, mpv, handler=True),
        Way("VLC", Platform.WINDOWS, vlc, handler=True),
        Way("VLC", Platform.MAC, target.playlist),
        Way("IINA", Platform.MAC, f"iina://weblink?url={encoded}"),
        Way("Infuse", Platform.MAC, infuse),
        Way("mpv", Platform.MAC, mpv, handler=True),
        Way("VLC", Platform.LINUX, target.playlist),
        Way("mpv", Platform.LINUX, mpv, handler=True),
        Way("VLC", Platform.LINUX, vlc, handler=True),
    ]


def _intent(target: Target, package: str) -> str:
    scheme, _, rest = target.url.partition("://")
    fields = [
        f"scheme={scheme}",
        "action=android.intent.action.VIEW",
        f"type={target.media_type}",
        *([f"package={package}"] if package else []),
        f"S.title={quote(target.title, safe='')}",
    ]
    return f"intent://{rest}#Intent;{';'.join(fields)};end"

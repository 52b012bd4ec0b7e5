"""/watch: the page with a player, for whoever holds a good link.

    /watch/{chat_id}/{message_id}?k=…               the page
    /watch/{chat_id}/{message_id}?k=…&open=vlc      the same, with the button for VLC in focus
    /watch/{chat_id}/{message_id}?k=…&format=m3u    a playlist of this one file, as an attachment:
                                                    what a player on a computer opens
    /watch/{chat_id}/{message_id}?k=…&format=qr     the page's address as a QR code (SVG)

Without a script it is a page with the browser's own player and every link; the script
(static/watch.js) adds the controls, keys, and what is remembered. What depends on the kind of file
is decided in `core.showing`, what opens in which player in `core.players`.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telpher.core import mime, names, players, playlist, showing
from telpher.core.etag import etag
from telpher.core.links import Claims
from telpher.core.model import FileInfo
from telpher.service.files import describe
from telpher.web import qr
from telpher.web.admittance import Admittance, file_of, key_of
from telpher.web.deps import WebDeps
from telpher.web.pages import Pages
from telpher.web.static import StaticFiles

PREFIX: Final = "/watch/"

# Everything is served from here. The player draws itself with styles of its own, which no hash
# names in advance. `connect-src` is for asking whether a link still lives when it fails to play,
# `frame-src` for text.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

# For answers that are files beside the page. A code says nothing but its own address.
_BESIDE: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}

_SCRIPTS: Final = ("media-chrome.js", "watch.js")


@dataclass(frozen=True, slots=True)
class _Addresses:
    """Where everything is: `stream` and `download` relative to the page, so that it plays by
    whatever name it was reached; `file` and `page` as they are shown to people.

    `preview` is for programs that show a picture of a page they were sent a link to: whom the page
    tells of it has the signature already.
    """

    root: str
    stream: str
    download: str
    thumbnail: str
    preview: str
    file: str
    page: str
    playlist: str
    qr: str


class Watch:
    """The page's route."""

    def __init__(self, deps: WebDeps, pages: Pages, assets: StaticFiles) -> None:
        self._engine = deps.engine
        self._admittance = Admittance(deps.links, deps.status)
        self._base = deps.base_url
        self._pages = pages
        self._assets = assets
        self._pictures = deps.pictures

    def route(self) -> Route:
        """Everything below /watch/."""
        return Route(PREFIX + "{rest:path}", self._watch)

    async def _watch(self, request: Request) -> Response:
        claims = self._admittance.claims(request, PREFIX)
        info = await file_of(claims, self._engine)
        addresses = self._addresses(request, claims, info)
        wanted = request.query_params.getlist("format")
        if wanted == ["m3u"]:
            return _playlist(info, addresses)
        if wanted == ["qr"]:
            headers = {**_BESIDE, "Content-Type": "image/svg+xml"}
            return Response(await qr.svg(addresses.page), headers=headers)
        return self._page(request, info, addresses)

    def _page(self, request: Request, info: FileInfo, addresses: _Addresses) -> Response:
        shown = showing.how(info)
        there = players.platform_of(request.headers.get("user-agent", ""))
        every = players.ways(_target(info, addresses)) if shown.plays else []
        values = {
            "file": describe(info),
            "title": info.title,
            "performer": info.performer,
            "shown": shown,
            "to": addresses,
            "identity": etag(info).strip('"'),
            "content_type": mime.content_type(info).partition(";")[0],
            "asset": {name: addresses.root + self._assets.address(name) for name in _ASSETS},
            "scripts": _SCRIPTS if shown.plays else ("watch.js",),
            "pictured": self._pictures.expects(info),
            "platform": there,
            "handheld": there in {players.Platform.ANDROID, players.Platform.IOS},
            "here": [way for way in every if way.platform is there and not way.handler],
            "platforms": [
                (each, [way for way in every if way.platform is each])
                for each in players.Platform
                if each and every
            ],
            "vlc_first": request.query_params.get("open") == "vlc",
        }
        headers = {"Content-Security-Policy": _POLICY, "Vary": "Accept, User-Agent"}
        return self._pages.answer("watch.html", values, HTTPStatus.OK, headers)

    def _addresses(self, request: Request, claims: Claims, info: FileInfo) -> _Addresses:
        # As the browser counts: an encoded slash is none.
        root = "../" * (request.scope["raw_path"].count(b"/") - 1)
        place = f"{claims.ref.chat_id}/{claims.ref.message_id}"
        # Where a link opens without a signature (OPEN_LINKS), it goes on without one.
        key = f"?k={key_of(request)}" if claims.signed else ""
        beside = f"{key}&" if key else "?"
        named = f"{place}/{names.path_segment(names.safe_name(info))}{key}"
        page = f"watch/{place}{key}"
        return _Addresses(
            root=root,
            stream=f"{root}stream/{named}",
            download=f"{root}download/{named}",
            thumbnail=f"{root}thumbnail/{place}{key}",
            preview=f"{self._base}/thumbnail/{place}{key}",
            file=f"{self._base}/stream/{named}",
            page=f"{self._base}/{page}",
            playlist=f"{root}watch/{place}{beside}format=m3u",
            qr=f"{root}watch/{place}{beside}format=qr",
        )


_ASSETS: Final = (*_SCRIPTS, "watch.css", "icon.svg")


def _target(info: FileInfo, addresses: _Addresses) -> players.Target:
    kind = mime.content_type(info)
    return players.Target(addresses.file, describe(info).name, kind, addresses.playlist)


def _playlist(info: FileInfo, addresses: _Addresses) -> Response:
    name = names.safe_name(info)
    text = playlist.m3u(name, [playlist.Item(addresses.file, name, info.duration)])
    disposition = names.content_disposition(f"{name}.m3u", attachment=True)
    headers = {**_BESIDE, "Content-Type": f"{playlist.M3U_TYPE}; charset=utf-8"}
    return Response(text, headers={**headers, "Content-Disposition": disposition})

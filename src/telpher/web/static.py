"""/static: the scripts and styles of pages, served from here and from nowhere else.

They are read once, from the folder `static` beside this file and from `static/vendor`
(scripts/vendor), so that no request reaches for any other file. Pages name a file together with the
beginning of its digest: a browser may keep it for ever, and asks anew after an upgrade. Those of
others lie packed with gzip and go out so; a client that cannot unpack gets them unpacked.

Nobody has to show a link for these, and no limit counts them. So each is one object in memory, a
megabyte for all of them, whoever is being sent it and reads it how slowly; and it is unpacked once.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from telpher.errors import NotFoundError
from telpher.web.accept import accepts_gzip

PREFIX: Final = "/static/"

_FOLDER: Final = Path(__file__).parent / "static"

_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

# Hexadecimal digits of the digest: enough to tell versions apart.
_DIGITS: Final = 16

_ICON: Final = "icon.svg"

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_FOR_NOW: Final = "public, no-cache"


@dataclass(frozen=True)
class Asset:
    """A file as it is served; `packed` when `data` is gzip."""

    data: bytes
    media_type: str
    digest: str
    packed: bool

    @cached_property
    def plain(self) -> bytes:
        """What it holds; of what is packed, some milliseconds of work for the first who asks."""
        return gzip.decompress(self.data) if self.packed else self.data


class StaticFiles:
    """See the module."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._assets = {
            path.name.removesuffix(".gz"): _asset(path)
            for place in (folder, folder / "vendor")
            for path in sorted(place.glob("*.*"))
        }

    def routes(self) -> list[BaseRoute]:
        """Everything below /static/, and the icon that browsers ask for unasked: beside a file that
        is opened by itself, and for pages that name none."""
        return [Route(PREFIX + "{name}", self._answer), Route("/favicon.ico", self._icon)]

    def address(self, name: str) -> str:
        """Where pages find a file, relative to the root. Raises KeyError when there is none."""
        return f"{PREFIX.removeprefix('/')}{name}?v={self._assets[name].digest}"

    async def _answer(self, request: Request) -> Response:
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            raise NotFoundError("no such asset")
        return _given(request, asset)

    async def _icon(self, request: Request) -> Response:
        return _given(request, self._assets[_ICON])


def _given(request: Request, asset: Asset) -> Response:
    """The asset, or that a copy at hand is good."""
    asked = request.query_params.get("v") == asset.digest
    unpack = asset.packed and not accepts_gzip(request.headers.get("accept-encoding"))
    # Two representations, two strong validators (RFC 9110, 8.8.3.3).
    tag = f'"{asset.digest}{"-plain" if unpack else ""}"'
    headers = {
        "Cache-Control": _FOR_EVER if asked else _FOR_NOW,
        "ETag": tag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    headers["Content-Type"] = asset.media_type
    if asset.packed and not unpack:
        headers["Content-Encoding"] = "gzip"
    return Response(asset.plain if unpack else asset.data, headers=headers)


def _asset(path: Path) -> Asset:
    packed = path.suffix == ".gz"
    kind = _TYPES[Path(path.name.removesuffix(".gz")).suffix]
    data = path.read_bytes()
    return Asset(data, kind, hashlib.sha256(data).hexdigest()[:_DIGITS], packed)

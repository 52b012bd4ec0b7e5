"""/playlist/ID.m3u8, .m3u and .xspf: a batch for players. Whoever has its address may have it."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telpher.core import names, playlist
from telpher.errors import NotFoundError
from telpher.web.deps import PlaylistSource

_FORMS: Final = {
    "m3u8": (playlist.m3u, playlist.M3U_TYPE),
    "m3u": (playlist.m3u, playlist.M3U_TYPE),
    "xspf": (playlist.xspf, playlist.XSPF_TYPE),
}


class PlaylistRoute:
    """The route of playlists."""

    def __init__(self, source: PlaylistSource) -> None:
        self._source = source

    def route(self) -> Route:
        """/playlist/ID.FORM."""
        return Route("/playlist/{name}", self._answer)

    async def _answer(self, request: Request) -> Response:
        playlist_id, _, form = request.path_params["name"].rpartition(".")
        if form not in _FORMS:
            raise NotFoundError("no such form of a playlist")
        listed = await self._source.get(playlist_id)
        write, media_type = _FORMS[form]
        headers = {
            "Content-Type": f"{media_type}; charset=utf-8",
            "Content-Disposition": names.content_disposition(
                f"{listed.title}.{form}", attachment=False
            ),
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        }
        return Response(write(listed.title, listed.items), headers=headers)

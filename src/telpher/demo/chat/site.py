"""The chat page's routes and its server.

GET  /                                  the page
GET  /events                            what there is and what happens, as server-sent events
POST /deeds                             something that the visitor does (`deeds`), as JSON
POST /files?who=…&chat=…&name=…         a file of the visitor's; the body is its bytes
GET  /picture/{who}/{chat}/{message}    a photo, or the thumbnail of a file
GET  /sample/{name}                     the thumbnail of a sample
GET  /static/…                          script and styles
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from telpher.clock import SystemClock
from telpher.core import display
from telpher.demo.chat.cast import Cast, name
from telpher.demo.chat.deeds import Deeds, RefusedError
from telpher.demo.chat.facts import picture_of
from telpher.demo.chat.feed import Feed, TooManyError
from telpher.demo.chat.guard import Guard
from telpher.demo.chat.uploads import MOST_OF_ONE, Described, TooLargeError, Uploads
from telpher.demo.samples import Sample
from telpher.demo.scene import Scene
from telpher.errors import NotFoundError, SettingsError
from telpher.web.connection import Limits
from telpher.web.server import HttpServer
from telpher.web.static import StaticFiles
from tgfake.world import File

HOST: Final = "127.0.0.1"

# Bytes of a deed: a text of 4,096 characters, six bytes each as JSON may spell them, and the rest.
_LARGEST_DEED = 32 << 10
# Seconds for a file to arrive: it comes from this machine, perhaps through somebody's tunnel.
_UPLOAD_SECONDS = 3600.0

_STATIC = Path(__file__).parent / "static"
_ICON = resources.files("telpher.web").joinpath("static", "icon.svg")

# By what a picture begins with. SVG is not among them: it may hold scripts.
_PICTURES: Final[Mapping[bytes, str]] = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF8": "image/gif",
}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the page is to listen (0: any port), and where uploads are kept."""

    port: int
    folder: Path


@contextlib.asynccontextmanager
async def chat_page(scene: Scene, spot: Spot, server_url: str) -> AsyncIterator[str]:
    """Serves the page for the length of the block; gives its address. Raises SettingsError."""
    app = create_app(scene, Uploads(spot.folder), server_url)
    limits = Limits(body=_UPLOAD_SECONDS, connections=256, most_body=MOST_OF_ONE + 1)
    server = await _listening(lambda port: HttpServer(app, SystemClock(), HOST, port, limits), spot)
    try:
        yield f"http://{HOST}:{server.port}/"
    finally:
        await server.close()


async def _listening(make: Callable[[int], HttpServer], spot: Spot) -> HttpServer:
    """The server, at the port that is wished for if that is free."""
    server = make(spot.port)
    try:
        await server.start()
    except SettingsError:
        server = make(0)
        await server.start()
    return server


def create_app(scene: Scene, uploads: Uploads, server_url: str) -> Starlette:
    """The application; telpher itself is at `server_url`."""
    pages, assets = Routes(scene, uploads, server_url), StaticFiles(_STATIC)
    home = _page(assets)

    async def show(_request: Request) -> Response:
        return HTMLResponse(home, headers={"Cache-Control": "no-store"})

    return Starlette(
        routes=[
            Route("/", show),
            Route("/events", pages.events),
            Route("/deeds", pages.deed, methods=["POST"]),
            Route("/files", pages.file, methods=["POST"]),
            Route("/picture/{who}/{chat}/{message:int}", pages.picture),
            Route("/sample/{name}", pages.sample),
            Route("/icon.svg", _icon),
            Route("/favicon.ico", _icon),
            *assets.routes(),
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={NotFoundError: _not_found},
    )


class Routes:
    """What the page asks for."""

    def __init__(self, scene: Scene, uploads: Uploads, server_url: str) -> None:
        self._scene = scene
        self._uploads = uploads
        self._cast = Cast(scene)
        self._deeds = Deeds(scene, self._cast)
        greeting = {
            "server": server_url,
            "mostBytes": uploads.most_of_one,
            "samples": [_sample(each) for each in scene.samples],
        }
        self._feed = Feed(scene.world, self._cast, greeting)

    async def events(self, _request: Request) -> Response:
        """See the module."""
        try:
            events = self._feed.follow()
        except TooManyError:
            return _refused("The page is open too often.", 503)
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    async def deed(self, request: Request) -> Response:
        """See the module."""
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > _LARGEST_DEED:
                return _refused("That is too long.", 413)
        try:
            return JSONResponse(await self._deeds.do(orjson.loads(bytes(body))))
        except orjson.JSONDecodeError:
            return _refused("That is no JSON.", 400)
        except RefusedError as error:
            return _refused(str(error), 409)

    async def file(self, request: Request) -> Response:
        """See the module."""
        told = request.query_params
        length = request.headers.get("content-length", "")
        try:
            who, chat = told["who"], int(told["chat"])
            self._cast.place(who, chat)
            size = int(length) if length else None
            spec = await self._uploads.take(Described.by(told), size, request.stream())
            file = self._scene.world.add_file(spec)
            await self._deeds.send_file(who, chat, file, told.get("caption", "")[:1024])
        except TooLargeError:
            most = display.size(self._uploads.most_of_one)
            return _refused(
                f"A file may have at most {most} here, all of them four times that.", 413
            )
        except ClientDisconnect:
            return _refused("The file did not arrive.", 400)
        except RefusedError as error:
            return _refused(str(error), 409)
        except (LookupError, ValueError):
            return _refused("There is no such chat.", 404)
        except OSError:
            return _refused("There is no room for it on the disk.", 507)
        return JSONResponse({})

    async def picture(self, request: Request) -> Response:
        """See the module."""
        asked = request.path_params
        try:
            place = self._cast.place(asked["who"], int(asked["chat"]))
            file = place.message(asked["message"]).file
        except (LookupError, ValueError):
            raise NotFoundError("no such message") from None
        return _picture(file)

    async def sample(self, request: Request) -> Response:
        """See the module."""
        try:
            return _picture(self._scene.sample(request.path_params["name"]))
        except LookupError:
            raise NotFoundError("no such sample") from None


def _page(assets: StaticFiles) -> str:
    templates = Environment(
        loader=PackageLoader("telpher.demo.chat", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("chat.html").render(asset=assets.address)


async def _icon(_request: Request) -> Response:
    return Response(_ICON.read_bytes(), media_type="image/svg+xml")


def _sample(sample: Sample) -> dict[str, Any]:
    return {
        "id": sample.path.name,
        "name": name(sample.name),
        "about": sample.about,
        "kind": sample.kind,
        "size": display.size(sample.size),
        "duration": display.duration(sample.duration) if sample.duration else "",
        "picture": f"sample/{sample.path.name}" if sample.picture else None,
    }


def _picture(file: File | None) -> Response:
    data = picture_of(file) if file is not None else None
    kind = next((kind for head, kind in _PICTURES.items() if (data or b"").startswith(head)), None)
    if data is None or kind is None:
        raise NotFoundError("no picture")
    headers = {
        "Content-Type": kind,
        "Cache-Control": "private, max-age=3600",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(data, headers=headers)


def _refused(why: str, status: int) -> Response:
    return JSONResponse({"error": why}, status)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return _refused("There is nothing here.", 404)

"""The routes that FastAPI does not know, described by hand: the way of the bytes does not pay for a
framework that reads signatures, so that what it says of itself stands here.

A test holds that every route has its description here and every description its route.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from telpher.web.openapi.examples import STATS
from telpher.web.openapi.failures import REQUEST_ID, failures

Description = dict[str, Any]

# The name of the scheme that opens what is not for strangers.
PRIVILEGED: Final = "metrics_token"

_CHAT: Final = -1001234567890
_EXAMPLE_KEY: Final = "AQAAAAAAAAAAAAAAAAAAAAAAAABNX1iWbCn6b0Qm3Z8v9w"


def _parameter(place: str, name: str, text: str, example: Any, **schema: Any) -> Description:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": text,
        "schema": {"type": "string", **schema},
        "example": example,
    }


def _header(text: str, example: str) -> Description:
    return {"description": text, "schema": {"type": "string"}, "example": example}


# Larger ones are no ids, and answered as what is not there.
_INT64: Final = {"type": "integer", "format": "int64"}

_MESSAGE: Final = [
    _parameter("path", "chat_id", "Where the file was sent, as in the Bot API.", _CHAT, **_INT64),
    _parameter("path", "message_id", "The message that holds it.", 42, **_INT64),
]
_NAME: Final = _parameter("path", "file_name", "Decoration: what players show.", "film.mp4")
_KEY: Final = _parameter(
    *("query", "k", "The link's signature. Without one, or with a wrong one, there is no file."),
    _EXAMPLE_KEY,
)
_WATCH: Final = [
    _parameter(
        *("query", "format", "m3u: a playlist of this file; qr: the page's address as a QR code."),
        "m3u",
    ),
    _parameter("query", "open", "vlc: the page with the button for VLC in focus.", "vlc"),
]
_ASKS: Final = [
    _parameter("header", "Range", "Which bytes (RFC 9110, 14).", "bytes=0-1023"),
    _parameter("header", "If-Range", "A validator that Range is bound to.", '"0123abcd"'),
    _parameter("header", "If-None-Match", "Validators of copies at hand.", '"0123abcd"'),
    _parameter("header", "If-Match", "Validators that are wanted.", '"0123abcd"'),
    _parameter("header", "If-Modified-Since", "A date.", "Sun, 13 Sep 2020 12:26:40 GMT"),
    _parameter("header", "If-Unmodified-Since", "A date.", "Sun, 13 Sep 2020 12:26:40 GMT"),
]


_BY_TAG: Final = ("If-None-Match", "If-Match")


def _unread(parameters: list[Description]) -> list[Description]:
    """The same where the route does not look at them: anything will do."""
    return [{**each, "schema": {"type": "string"}} for each in parameters]


_VALIDATORS: Final = {
    **REQUEST_ID,
    "ETag": _header("A strong validator of the bytes.", '"0123abcd"'),
    "Last-Modified": _header("When the file was sent.", "Sun, 13 Sep 2020 12:26:40 GMT"),
    "Cache-Control": _header("A copy of one's own is good for ever.", "private, max-age=31536000"),
}
_FILE: Final = {
    **_VALIDATORS,
    "Accept-Ranges": _header("Any range of bytes may be asked for.", "bytes"),
    "Content-Length": {"description": "Exact.", "schema": {"type": "integer"}},
    "Content-Disposition": _header("The file's name, by RFC 6266.", 'inline; filename="film.mp4"'),
}
_RANGE: Final = {"Content-Range": _header("Which bytes of how many.", "bytes 0-1023/1000000")}

_BYTES: Final = {"schema": {"type": "string", "format": "binary"}}
_ANY_TYPE: Final = {"*/*": _BYTES}


def _answer(
    text: str, content: Mapping[str, Any] | None = None, headers: Mapping[str, Any] = REQUEST_ID
) -> Description:
    found: Description = {"description": text, "headers": dict(headers)}
    return {**found, "content": dict(content)} if content else found


def _operation(
    name: str, tag: str, text: str, parameters: list[Description], **responses: Any
) -> Description:
    errors = failures(*responses.pop("errors", ()))
    told = {key.removeprefix("_"): value for key, value in responses.items()}
    told |= {str(status): each for status, each in errors.items()}
    summary, _, more = text.partition(" | ")
    found = {"operationId": name, "tags": [tag], "summary": summary, "parameters": parameters}
    return {**found, "description": more or summary, "responses": told}


def _file(route: str, text: str, *, named: bool) -> Description:
    """GET, HEAD and OPTIONS of a file."""
    parameters = [*_MESSAGE, *([_NAME] if named else []), _KEY]
    name = route + ("_named" if named else "")
    errors = (404, 410, 412, 429, 502, 503)
    fresh = _answer("The copy at hand is good.", headers=_VALIDATORS)
    whole, part = "The whole file.", "The bytes that were asked for."
    several = "multipart/byteranges"
    return {
        "get": _operation(
            *(name, "files", f"{text} | Plays at once and seeks freely.", [*parameters, *_ASKS]),
            _200=_answer(whole, _ANY_TYPE, _FILE),
            _206=_answer(part, {**_ANY_TYPE, several: _BYTES}, {**_FILE, **_RANGE}),
            _304=fresh,
            errors=(*errors, 416),
        ),
        "head": _operation(
            *(f"head_{name}", "files", f"{text}: its headers alone", [*parameters, *_ASKS[2:]]),
            _200=_answer("The headers of GET, from metadata alone.", headers=_FILE),
            _304=fresh,
            errors=errors,
        ),
        "options": _operation(
            *(f"options_{name}", "files", f"{text}: what may be done", _unread(parameters)),
            _204=_answer(
                "What may be done; for scripts of other pages (CORS), too.",
                headers={**REQUEST_ID, "Allow": _header("Methods.", "GET, HEAD, OPTIONS")},
            ),
            errors=(429,),
        ),
    }


def _thumbnail() -> Description:
    """GET, HEAD and OPTIONS of a file's picture."""
    parameters = [*_MESSAGE, _KEY, *(each for each in _ASKS if each["name"] in _BY_TAG)]
    tagged = {each: _FILE[each] for each in (*REQUEST_ID, "ETag", "Cache-Control")}
    fresh = _answer("The copy at hand is good.", headers=tagged)
    picture = _answer("A JPEG of at most 800 pixels either way.", {"image/jpeg": _BYTES}, tagged)
    errors = (404, 410, 412, 429, 502, 503)
    seen = _seen(
        *("thumbnail", "files", "A small picture of a file", parameters),
        _200=picture,
        _304=fresh,
        errors=errors,
    )
    return {**seen, "options": _file("thumbnail", "A small picture", named=False)["options"]}


def _seen(
    name: str, tag: str, text: str, parameters: list[Description], **more: Any
) -> Description:
    """GET and HEAD of the same."""
    headless = {
        key: {part: value for part, value in each.items() if part != "content"}
        if key.startswith("_")
        else each
        for key, each in more.items()
    }
    told = _operation(f"head_{name}", tag, f"{text}: its headers alone", parameters, **headless)
    return {"get": _operation(name, tag, text, parameters, **more), "head": told}


def _privileged(*about: Any, **more: Any) -> Description:
    """The same for those alone who may see it (`web.privilege`): with the token, or without one
    from where that goes."""
    found = _seen(*about, **more)
    ways: list[Description] = [{PRIVILEGED: []}, {}]
    return {method: {**each, "security": ways} for method, each in found.items()}


def _json(example: Description, schema: Description | None = None) -> Description:
    return {"application/json": {"schema": schema or {"type": "object"}, "example": example}}


_PAGE: Final = {"text/html": {"schema": {"type": "string"}}}
_BESIDE_PAGE: Final = {
    "audio/x-mpegurl": {"schema": {"type": "string"}},
    "image/svg+xml": {"schema": {"type": "string"}},
}

_HEALTH: Final = {
    "status": "healthy",
    "reasons": [],
    "timestamp": "2026-01-31T12:00:00+00:00",
    "uptime_seconds": 12.5,
    "version": "0.1.0",
    "draining": False,
    "bot": {"connected": True, "status": "connected", "username": "my_bot", "reason": ""},
    "database": {"status": "connected", "type": "sqlite"},
    "redis": {"status": "not configured"},
    "system": {
        "cpu_percent": 3.0,
        "memory_percent": 40.0,
        "memory_available_mb": 2048.0,
        "disk_percent": 12.0,
        "disk_free_mb": 90112.0,
    },
    "cache": {
        "file_properties_cached": 5,
        "reserved_bytes": 1000,
        "budget_bytes": 2000,
        "hit_rate": 0.75,
    },
    "streams": {"active": 3},
    "process": {"tasks": 20},
    "dc_clients": {"2": "connected", "4": "idle"},
    "dc_connections": {"2": 1, "4": 0},
    "accounts": [
        {
            "id": 4242,
            "connected": True,
            "status": "connected",
            "username": "my_bot",
            "reason": "",
            "dcs": {
                "2": {"connections": 1, "flood_until": None},
                "4": {"connections": 0, "flood_until": "2026-01-31T12:00:17+00:00"},
            },
        }
    ],
}
_UNHEALTHY: Final = {
    **_HEALTH,
    "status": "unhealthy",
    "reasons": [
        {"reason": "bot_disconnected", "message": "The connection to Telegram was lost."},
    ],
}
_STATUS: Final = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"type": "string"}},
}

_METRICS: Final = {
    f"{kind}; charset=utf-8": {"schema": {"type": "string"}}
    for kind in ("text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0")
}

_STATS_TEXT: Final = (
    "What it has done, in figures | A stranger gets totals, and the most played files under keys "
    "that stay the same and tell nothing of them. `details` are for METRICS_TOKEN (as a bearer "
    "token), for this machine and for a signed-in admin."
)

_PLAYLIST: Final = [
    _parameter("path", "playlist_id", "As the bot gave it; no secret but hard to guess.", "k3J9"),
    _parameter("path", "form", "Which form.", "m3u8", enum=["m3u8", "m3u", "xspf"]),
]
_PLAYLISTS: Final = {
    media_type: {"schema": {"type": "string"}}
    for media_type in ("audio/x-mpegurl", "application/xspf+xml")
}


def operations() -> dict[str, Description]:
    """Every path and what may be done with it."""
    return {**_files(), **_server(), **_reference()}


def _files() -> dict[str, Description]:
    place = "{chat_id}/{message_id}"
    return {
        f"/stream/{place}": _file("stream", "A file, to be played", named=False),
        f"/stream/{place}/{{file_name}}": _file("stream", "A file, to be played", named=True),
        f"/download/{place}": _file("download", "A file, to be kept", named=False),
        f"/download/{place}/{{file_name}}": _file("download", "A file, to be kept", named=True),
        f"/thumbnail/{place}": _thumbnail(),
        f"/watch/{place}": _seen(
            *("watch", "files", "The page with a player", [*_MESSAGE, _KEY, *_WATCH]),
            _200=_answer("The page, or what `format` names.", {**_PAGE, **_BESIDE_PAGE}),
            errors=(404, 410, 429, 502, 503),
        ),
        "/playlist/{playlist_id}.{form}": _seen(
            *("playlist", "files", "A batch as a playlist", _PLAYLIST),
            _200=_answer("The playlist.", _PLAYLISTS),
            errors=(404, 410, 429, 503),
        ),
    }


def _server() -> dict[str, Description]:
    return {
        "/": _seen(
            *("home", "server", "That it runs", []),
            _200=_answer(
                "That it runs; a page for browsers.",
                {
                    **_json(
                        {
                            "status": "running",
                            "service": "telpher",
                            "version": "0.1.0",
                            "bot_status": "connected",
                        },
                        _STATUS,
                    ),
                    **_PAGE,
                },
            ),
            errors=(429,),
        ),
        "/health": _seen(
            *("health", "server", "How it is, in figures", []),
            _200=_answer(
                "Links play; degraded where something else is missing.", _json(_HEALTH, _STATUS)
            ),
            _503=_answer("Links do not play.", _json(_UNHEALTHY, _STATUS)),
        ),
        "/health/live": _seen(
            *("live", "server", "That the process answers", []),
            _200=_answer("It does.", _json({"status": "alive"}, _STATUS)),
        ),
        "/health/ready": _seen(
            *("ready", "server", "Whether links play now", []),
            _200=_answer("They do.", _json({"status": "ready"}, _STATUS)),
            _503=_answer("Not now.", _json({"status": "not connected"}, _STATUS)),
        ),
        "/stats": _seen(
            *("stats", "server", _STATS_TEXT, []),
            _200=_answer("Totals; `details` for whoever may see them.", _json(STATS)),
            errors=(429, 503),
        ),
        "/metrics": _privileged(
            *("metrics", "server", "What is counted, for Prometheus", []),
            _200=_answer("Prometheus' text format, or OpenMetrics by Accept.", _METRICS),
            errors=(401,),
        ),
    }


def _reference() -> dict[str, Description]:
    return {
        "/openapi.json": _seen(
            *("openapi", "server", "This description", []),
            _200=_answer("OpenAPI 3.1.", _json({"openapi": "3.1.0"})),
            errors=(429,),
        ),
        "/docs": _seen(
            *("docs", "server", "This description, to be tried out", []),
            _200=_answer("A page.", _PAGE),
            errors=(429,),
        ),
        "/redoc": _seen(
            *("redoc", "server", "This description, to be read", []),
            _200=_answer("A page.", _PAGE),
            errors=(429,),
        ),
    }

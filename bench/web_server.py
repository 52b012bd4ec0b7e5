"""telpher's web room in front of a file in memory, to measure what it costs beside the bytes.

Three servers in one process, each an HttpServer of telpher's on a port of its own:

    bare    the streaming response and nothing around it: no routes, no check of anything
    plain   the application as it is: middleware, routes, signature, conditions, range, limits;
            metrics do nothing, nothing is logged
    full    the same with metrics, and an entry in the log for each request

A fourth port is for control: GET /NAME gets everything ready for a play on that server and answers
with the CPU seconds that the process has used so far.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections.abc import AsyncIterator
from time import process_time
from typing import Final

import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from telpher.clock import SystemClock
from telpher.core.links import Claims, LinkSigner
from telpher.core.model import FileInfo, Kind, MessageRef, Viewer
from telpher.core.ranges import Single, parse
from telpher.errors import BusyError
from telpher.observe import logs
from telpher.observe.metrics.metrics import Metrics
from telpher.observe.metrics.table import Metric
from telpher.telegram.gateway import AccountState, AccountStatus
from telpher.web.app import create_app
from telpher.web.deps import EngineStats, Stream, WebDeps
from telpher.web.edge.desk import Attendance
from telpher.web.limiting.rates import Rates
from telpher.web.limiting.shared import OwnCounts
from telpher.web.response import FileResponse
from telpher.web.server import HttpServer

HOST: Final = "127.0.0.1"
SERVERS: Final = ("bare", "plain", "full")
REF: Final = MessageRef(1, 1)
SIZE: Final = 1 << 40
_SECRET: Final = b"a secret that opens nothing else"
_MIB: Final = 1 << 20

# As the engine begins a stream (engine.md, "Chunks").
_FIRST_PIECES: Final = (64 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10)

_INFO: Final = FileInfo(1, SIZE, "video/mp4", "film.mp4", Kind.VIDEO, 1_600_000_000)


def path() -> str:
    """The one file's link."""
    key = LinkSigner(_SECRET).sign(Claims(REF, link_id=1, expires=0, epoch=0))
    return f"/stream/{REF.chat_id}/{REF.message_id}/film.mp4?k={key}"


async def _pieces(length: int) -> AsyncIterator[memoryview]:
    memory = memoryview(bytes(_MIB))
    sizes = iter(_FIRST_PIECES)
    while length:
        piece = memory[: min(next(sizes, _MIB), length)]
        length -= len(piece)
        yield piece


class MemoryEngine:
    """One file of zeros. Every stream is of a play that goes on."""

    async def locate(self, ref: MessageRef) -> FileInfo:
        return _INFO

    async def open(
        self, ref: MessageRef, start: int, stop: int, viewer: Viewer | None, info: FileInfo
    ) -> Stream:
        return _pieces(stop - start)  # type: ignore[return-value]  # a generator is one

    def attend(self, ref: MessageRef, info: FileInfo, viewer: Viewer, length: int) -> Attendance:
        raise BusyError("no cache is in front")

    def playing(self, viewer: Viewer) -> bool:
        return True

    def stats(self) -> EngineStats:
        raise NotImplementedError


class Links:
    """Checks signatures as the service does."""

    def __init__(self, clock: SystemClock) -> None:
        self._signer = LinkSigner(_SECRET)
        self._clock = clock

    def check(self, ref: MessageRef, key: str | None) -> Claims:
        return self._signer.verify(ref, key, self._clock.now(), 0)


class Silent(Metrics):
    """Metrics that are switched off."""

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        return

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        return


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """The bytes of a range and the least there can be of headers."""
    asked = dict(scope["headers"]).get(b"range", b"").decode()
    wanted = parse(asked, SIZE)
    length = wanted.stop - wanted.start if isinstance(wanted, Single) else SIZE
    headers = {"Content-Length": str(length), "Content-Type": "video/mp4"}
    stream = await MemoryEngine().open(REF, 0, length, Viewer(1, HOST), _INFO)
    await FileResponse(206, headers, stream, length)(scope, receive, send)


def _apps(clock: SystemClock) -> dict[str, ASGIApp]:
    deps = WebDeps(
        engine=MemoryEngine(),
        links=Links(clock),
        status=lambda: AccountStatus(AccountState.CONNECTED, "bot", ""),
        clock=clock,
        cors_origins=("*",),
        rates=Rates(10**9, OwnCounts(clock)),
        metrics=Metrics(),
    )
    plain = dataclasses.replace(deps, metrics=Silent())
    return {"bare": bare, "plain": create_app(plain), "full": create_app(deps)}


async def _control(scope: Scope, receive: Receive, send: Send) -> None:
    """Logging is of the process: it is switched between plays."""
    logs.set_level("INFO" if scope["path"] == "/full" else "WARNING")
    text = str(process_time()).encode()
    headers = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


async def main() -> None:
    """Prints the ports, control last, and serves until it is ended."""
    logs.setup("WARNING", "json")
    clock = SystemClock()
    servers = [HttpServer(app, clock, HOST, 0) for app in (*_apps(clock).values(), _control)]
    for server in servers:
        await server.start()
    sys.stdout.write(f"ports {' '.join(str(server.port) for server in servers)}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())

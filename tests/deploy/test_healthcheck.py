"""The container's HEALTHCHECK, as the image calls it."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.deploy.steps import ROOT
from tests.ports import free_ports

SCRIPT = ROOT / "deploy/healthcheck"


async def healthy(**env: str) -> bool:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", str(SCRIPT), env=env, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert not said
    return process.returncode == 0


async def serving(port: int, status: int):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        assert asked.startswith(b"GET /health/live ")
        writer.write(b"HTTP/1.1 %d Words\r\nContent-Length: 0\r\n\r\n" % status)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", port)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "127.0.0.1", "localhost"])
async def test_it_asks_where_telpher_listens(host: str) -> None:
    port = free_ports()
    async with await serving(port, 200):
        assert await healthy(HOST=host, PORT=str(port))
    assert not await healthy(HOST=host, PORT=str(port))


async def test_an_error_is_no_health() -> None:
    port = free_ports()
    async with await serving(port, 503):
        assert not await healthy(PORT=str(port))

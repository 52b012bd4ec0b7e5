"""A Redis of the test's own: Debian's redis-server."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager

PATIENCE = 20.0


@asynccontextmanager
async def redis(folder, port=0):
    """A server that keeps nothing on disk."""
    program = shutil.which("redis-server")
    assert program
    socket = folder / "redis.sock"
    options = ["--port", str(port), "--unixsocket", socket, "--save", "", "--dir", folder]
    server = await asyncio.create_subprocess_exec(
        program, *map(str, options), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said = b""
            while b"ready to accept connections" not in said.lower():
                said = await server.stdout.readline()
                assert said
        yield socket
    finally:
        server.kill()
        await server.communicate()

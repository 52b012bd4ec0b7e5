"""Redis away, closed, full, or not installed."""

import asyncio
import contextlib
import shutil

import pytest
from limits import RateLimitItemPerMinute

from telpher.clock import FakeClock
from telpher.web.limiting.shared import OwnCounts, SharedCounts
from tests.observe.diagnosis.produced.child import complaint
from tests.ports import free_ports

ITEM = RateLimitItemPerMinute(3)
PATIENCE = 20.0


async def asked(url: str) -> None:
    clock = FakeClock()
    counts = SharedCounts(url, clock, OwnCounts(clock))
    try:
        assert await counts.hit(ITEM, "a")
    finally:
        await counts.close()


@contextlib.asynccontextmanager
async def redis(folder, *options):
    """A server that listens in a file of `folder`."""
    program = shutil.which("redis-server")
    assert program
    place = folder / "redis.sock"
    always = ("--port", "0", "--unixsocket", str(place), "--save", "", "--dir", str(folder))
    server = await asyncio.create_subprocess_exec(
        program, *always, *options, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said = b""
            while b"ready to accept connections" not in said.lower():
                said = await server.stdout.readline()
                assert said
        yield f"unix://{place}"
    finally:
        server.kill()
        await server.communicate()


@pytest.mark.produces("redis-away")
async def test_no_server(diagnosed):
    await asked(f"redis://127.0.0.1:{free_ports()}/0")
    await diagnosed.logged()


@pytest.mark.system
@pytest.mark.produces("redis-login-refused")
async def test_a_password_that_is_not_given(tmp_path, diagnosed):
    async with redis(tmp_path, "--requirepass", "a-long-password") as url:
        await asked(url)
    await diagnosed.logged()


@pytest.mark.system
@pytest.mark.produces("redis-full")
async def test_a_server_without_memory(tmp_path, diagnosed):
    async with redis(tmp_path, "--maxmemory", "1", "--maxmemory-policy", "noeviction") as url:
        await asked(url)
    await diagnosed.logged()


@pytest.mark.produces("redis-client-missing")
def test_no_client(diagnosed):
    said = complaint(
        "import sys; sys.modules['redis'] = None\n"
        "from telpher.clock import FakeClock\n"
        "from telpher.web.limiting.shared import OwnCounts, SharedCounts\n"
        "SharedCounts('redis://127.0.0.1', FakeClock(), OwnCounts(FakeClock()))\n"
    )
    diagnosed(text=said)

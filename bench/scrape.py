"""What a scrape of /metrics costs a telpher whose links are all in use.

    python -m bench.scrape [LINKS]

A whole telpher in front of tgfake, in this process, and as many plays of as many links (10,000),
each of 64 KiB that are in memory by then. /metrics is fetched over HTTP from the same event loop:
the client's part, and tgfake's, are in the figures, too. CPU time is what counts: on a machine that
does nothing else the time on the clock is the same, on others it is theirs. Below 20 ms is what was
promised.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Final

import uvloop

from bench.viewer import HOST, fetch
from telpher.app import running
from telpher.assembly import App
from telpher.clock import SystemClock
from telpher.config.settings import Settings
from telpher.core.model import MessageRef, Viewer
from telpher.observe import logs
from telpher.streaming.plays import LEAST_ANSWER
from telpher.telegram.gateway import AccountState
from tgfake.cluster import Cluster
from tgfake.world import FileSpec, World

LINKS: Final = 10_000
SCRAPES: Final = 30
_TOKEN: Final = "4200000009:bench-scrape-no-secret-at-all-0000"  # noqa: S105  opens nothing


class SlowClock(SystemClock):
    """Ten minutes pass as one, so that on a busy machine, too, the first play has not ended when
    the last one begins."""

    def monotonic(self) -> float:
        return super().monotonic() / 10


async def _play(app: App, ref: MessageRef, links: int) -> None:
    """A play of each link, by a client of its own."""
    info = await app.engine.locate(ref)
    for number in range(links):
        viewer = Viewer(number + 1, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        stream = await app.engine.open(ref, 0, LEAST_ANSWER, viewer, info)
        async for _ in stream:
            pass
        await stream.aclose()


async def _measure(app: App, port: int) -> None:
    seconds, cpu = [], []
    for _ in range(SCRAPES):
        begun, used = perf_counter(), process_time()
        status, body = await fetch(port, "/metrics")
        seconds.append(perf_counter() - begun)
        cpu.append(process_time() - used)
        assert status == 200  # noqa: S101  a harness that measures refusals is broken
    series = sum(not line.startswith(b"#") for line in body.splitlines())
    sys.stdout.write(
        f"{app.engine.stats().active_plays} plays, {series} series, {len(body) >> 10} KiB: "
        f"{median(cpu) * 1000:.1f} ms CPU (most {max(cpu) * 1000:.1f}), "
        f"{median(seconds) * 1000:.1f} ms on the clock, medians of {SCRAPES}\n"
    )


async def main(links: int) -> None:
    """Prints one line."""
    logs.setup("ERROR")
    world = World()
    bot = world.add_bot(_TOKEN, "telpher_bot")
    ann = world.person("Ann")
    await ann.send_file(bot, FileSpec(size=1 << 20, dc=4))
    with tempfile.TemporaryDirectory() as folder:
        async with Cluster(world) as cluster:
            servers = Path(folder) / "servers.json"
            cluster.write_servers_file(servers)
            settings = Settings.model_validate(
                {
                    "api_id": 1,
                    "api_hash": "0123456789abcdef0123456789abcdef",
                    "bot_token": _TOKEN,
                    "telegram_servers": servers,
                    "host": HOST,
                    "port": 0,
                    "url": "https://files.example.com",
                    "work_dir": Path(folder) / "work",
                }
            )
            async with running(settings, SlowClock()) as app:
                await app.account.reached(AccountState.CONNECTED)
                await _play(app, MessageRef(ann.user_id, 1), links)
                await asyncio.sleep(1)  # what was played is written down
                await _measure(app, app.server.port)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else LINKS))

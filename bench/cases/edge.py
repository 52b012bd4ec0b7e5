"""What telpher spends on viewers whom nginx serves from its cache, beside those it serves itself.

The file is in nginx's cache and in telpher's memory. Ranges of two sizes are asked for, as many of
the one as of the other and as often in a second, so that all else is the same: what telpher spends
on a request must not depend on how much of the file nginx sends for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bench import telegram as tg
from bench.cases.naming import BEHIND_CACHE, DIRECT, LARGE_RANGE, SMALL_RANGE, edge_case
from bench.curl import Errand, received
from bench.machine import Cores
from bench.nginx import nginx
from bench.stage import Stage
from bench.systems import Gateway, System, free_port, gateway
from bench.viewer import HOST

_GIB: Final = 1 << 30
_AT_ONCE: Final = 4
_PER_SECOND: Final = 5  # of each viewer: the large ones take less than a fifth of a second
_TELPHER: Final = System(DIRECT, tg.TELPHER, "telpher", "/health/ready")


async def measure(stage: Stage, cores: Cores) -> None:
    """A row for each size and way."""
    log, front, plan = free_port(), free_port(), stage.plan
    more = {"TRUSTED_PROXIES": HOST, "EDGE_LOG": f"{HOST}:{log}"}
    async with (
        gateway(_TELPHER, stage.telegram, stage.folder, cores, **more) as one,
        nginx(stage.folder / "nginx", front, one.port, log, cores),
    ):
        ways = {DIRECT: one.port, BEHIND_CACHE: front}
        link = await one.link(LARGE_RANGE)
        urls = {name: f"http://{HOST}:{port}{link.path}" for name, port in ways.items()}
        await received([Errand(url, 2) for url in urls.values()])
        for _ in range(plan.cpu_runs):
            for size in (SMALL_RANGE, LARGE_RANGE):
                await _measure(stage, one, urls, size)


async def _measure(stage: Stage, one: Gateway, urls: Mapping[str, str], size: int) -> None:
    each = max(stage.plan.edge_requests // _AT_ONCE, 1)
    for name, url in urls.items():
        before = one.cpu_seconds()
        got = sum(await received([Errand(url, each, size, _PER_SECOND)] * _AT_ONCE))
        used = one.cpu_seconds() - before
        row = stage.results.row(edge_case(stage.profile, size), name)
        row.add(
            cpu_s_per_gib=used * _GIB / got,
            cpu_ms_per_request=used * 1000 / (each * _AT_ONCE),
        )

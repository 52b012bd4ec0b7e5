"""DISK_CACHE_GB: what was fetched once is not fetched again after a restart."""

from __future__ import annotations

from tests.e2e.house import bytes_of, house
from tgfake.world import World

MIB = 1 << 20


async def test_after_a_restart_the_bytes_come_from_disk(tmp_path):
    world = World()
    async with house(tmp_path, world=world, disk_cache_gb=1.0) as home:
        file = home.add_file(kind="video", size=5 * MIB + 77, dc=4)
        url = await home.share(file)
        assert await home.get(url) == bytes_of(file)
        path = url.split("/", 3)[3]
    async with house(tmp_path, world=world, disk_cache_gb=1.0) as home:
        assert await home.get(f"/{path}") == bytes_of(file)
        assert home.cluster.counters.get_file_calls == 0

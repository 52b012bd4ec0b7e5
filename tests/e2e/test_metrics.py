"""/metrics of a whole telpher, after people, films and trouble."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from telpher.observe.metrics.table import TABLE
from tests.e2e.house import PATIENCE, TOKEN, house, read
from tests.players.programs import program
from tests.web.raw import wire
from tgfake.faults import Fault, Kind

MIB = 1 << 20
SECRET = "a-token-of-no-secrecy"

# Seconds between two looks at what is to become true.
LOOK = 0.05

# What only happens elsewhere: in other tests, or where something is set up.
SILENT = {
    "telpher_redis_up",
    "telpher_worker_up",
    "telpher_http_refused_total",
    "telpher_http_errors_total",
    "telpher_telegram_errors_total",
    "telpher_database_errors_total",
    "telpher_bot_failures_total",
    "telpher_troubles_total",
    "telpher_cache_disk_errors_total",
    "telpher_cache_disk_dropped_total",
}


async def scrape(home) -> dict[tuple[str, frozenset], float]:
    """Every sample by its name and labels."""
    answer = await home.http.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def value(home, name: str, **labels: str) -> float:
    """The sum of the samples with these labels among theirs."""
    return sum(
        each
        for (found, pairs), each in (await scrape(home)).items()
        if found == name and labels.items() <= dict(pairs).items()
    )


async def becomes(home, wanted: float, name: str, **labels: str) -> None:
    """Waits for what is counted a moment later."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await value(home, name, **labels)
            if found >= wanted:
                break
            await asyncio.sleep(LOOK)
    assert found == wanted


async def test_what_happened_is_told_rightly(tmp_path):
    async with house(tmp_path, disk_cache_gb=0.1) as home:
        file = home.add_file(size=2 * MIB, dc=4)
        url = await home.share(file)
        await home.ask(home.ann, "/help")
        await home.get(url)
        await home.get(url, 0, MIB)
        await becomes(home, 3 * MIB, "telpher_sent_bytes_total")
        bot = str(home.bot.user_id)
        assert await value(home, "telpher_telegram_received_bytes_total", account=bot, dc="4") == (
            home.served(file)
        )
        assert await value(home, "telpher_plays_total") == 1
        assert await value(home, "telpher_links_total") == 1
        assert await value(home, "telpher_streams_total") == 2
        assert await value(home, "telpher_streams_active") == 0
        requests = "telpher_http_requests_total"
        assert await value(home, requests, route="stream", status="200") == 1
        assert await value(home, requests, route="stream", status="206") == 1
        assert await value(home, "telpher_bot_update_seconds_count", update="file") == 1
        assert await value(home, "telpher_bot_update_seconds_count", update="/help") == 1
        assert await value(home, "telpher_cache_lookups_total", tier="memory", result="hit") > 0
        assert await value(home, "telpher_cache_lookups_total", tier="disk", result="miss") > 0
        assert await value(home, "telpher_telegram_connected", account=bot) == 1
        assert await value(home, "telpher_telegram_connections", account=bot, dc="4") >= 1
        assert await value(home, "telpher_telegram_connects_total", account=bot) == 1
        assert await value(home, "telpher_database_up", type="sqlite") == 1
        assert await value(home, "telpher_database_seconds_count", store="ledger") > 0
        assert await value(home, "telpher_job_running", task="counters") == 1
        told = {name for name, _ in await scrape(home)}
        missing = {each.name for each in TABLE} - told - SILENT
        histograms = {each.name for each in TABLE if f"{each.name}_count" in told}
        assert missing - histograms == set()


@pytest.mark.system
async def test_promtool_finds_nothing_wrong_with_it(home):
    await home.get(await home.share(home.add_file(size=MIB, dc=4)))
    text = (await home.http.get("/metrics")).content
    process = await asyncio.create_subprocess_exec(
        *(program("promtool"), "check", "metrics"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate(text)
    assert (process.returncode, said) == (0, b"")


async def test_trouble_with_telegram_is_counted(home):
    file = home.add_file(size=MIB, dc=4)
    url = await home.share(file)
    for fault in (
        Fault(Kind.FLOOD_WAIT, method="upload.getFile", times=1, seconds=1),
        Fault(Kind.FLOOD_PREMIUM_WAIT, method="upload.getFile", times=1, seconds=1),
    ):
        home.cluster.faults.add(fault)
    await home.get(url)
    floods = "telpher_telegram_flood_waits_total"
    assert await value(home, floods, dc="4", kind="normal") == 1
    assert await value(home, floods, dc="4", kind="premium") == 1
    assert await value(home, "telpher_telegram_errors_total", dc="4", error="flood_wait") == 2


@pytest.fixture
async def unlimited(tmp_path):
    """A telpher that lets one client ask as often as it likes."""
    async with house(tmp_path, rate_limit_per_minute=0) as each:
        yield each


async def test_strangers_cannot_make_it_grow(unlimited):
    """Odd paths, methods, hosts, headers, commands: afterwards there are as many series."""
    home = unlimited
    url = await home.share(home.add_file(size=MIB, dc=4))

    async def everything(word: str) -> None:
        headers = {"User-Agent": word, "Referer": word, "X-Forwarded-For": word, "Accept": word}
        for method in ("GET", "PUT", "PROPFIND", word.upper()):
            for path in (f"/{word}", f"/stream/1/{word}", f"/api/{word}", f"/metrics/{word}"):
                await home.http.request(method, path, headers=headers)
        await read(home, f"{url}&{word}={word}", bytearray(), Range=f"{word}=0-1")
        await home.ask(home.ann, f"/{word}")
        async with wire(home.settings.port) as connection:
            connection.writer.write(f"GET /{word} HTTP/1.1\r\nHost: {word}\r\n\r\n".encode())
            assert (await connection.head()).status == 404
        async with wire(home.settings.port) as connection:
            connection.writer.write(f"{word} nonsense\r\n\r\n".encode())
            await connection.head()

    await everything("first")
    await becomes(home, 1, "telpher_http_requests_total", route="stream", status="200")
    before = {name for name in await scrape(home) if name[0].startswith("telpher_http")}
    for number in range(20):
        await everything(f"zebra{chr(97 + number)}")
    after = {name for name in await scrape(home) if name[0].startswith("telpher_http")}
    assert after == before
    everywhere = await scrape(home)
    assert len(everywhere) < 1500
    assert not [pairs for _, pairs in everywhere if any("zebra" in text for _, text in pairs)]


async def test_it_opens_to_the_token_and_holds_no_secret(tmp_path):
    async with house(tmp_path, metrics_token=SECRET, trusted_proxies="127.0.0.1") as home:
        outside = {"X-Forwarded-For": "203.0.113.7"}
        refused = await home.http.get("/metrics", headers=outside)
        assert (refused.status_code, refused.json()["detail"]["error"]) == (401, "unauthorized")
        token = {"Authorization": f"Bearer {SECRET}"}
        text = (await home.http.get("/metrics", headers=outside | token)).text
        for secret in (SECRET, TOKEN, TOKEN.partition(":")[2], home.settings.api_hash):
            assert str(secret) not in text

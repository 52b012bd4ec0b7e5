"""/stats of a whole telpher: what people did with the bot and its links, in figures."""

from __future__ import annotations

from pydantic import SecretStr

from telpher.core.forwarded import ip_network
from tests.e2e.house import house

TOKEN = "a-token-of-no-secrecy"
STRANGER = {"X-Forwarded-For": "203.0.113.7"}
NAME = "holiday of the Lees.mp4"


async def test_what_was_played_is_in_the_figures(tmp_path):
    settings = {
        "metrics_token": SecretStr(TOKEN),
        "trusted_proxies": (ip_network("127.0.0.1"),),
    }
    async with house(tmp_path, **settings) as home:
        url = await home.share(home.add_file(kind="video", size=300_000, name=NAME))
        await home.share(home.add_file(kind="video", size=70_000, name="never played.mp4"))
        assert len(await home.get(url)) == 300_000
        assert len(await home.get(url, 0, 100_000)) == 100_000
        await home.counted()
        told = await home.http.get("/stats", headers=STRANGER)
        headers = {**STRANGER, "Authorization": f"Bearer {TOKEN}"}
        whole = (await home.http.get("/stats", headers=headers)).json()
    figures = told.json()
    assert figures["total_streams"] == figures["unique_files"] == 1
    assert figures["total_bytes_served"] == 400_000
    assert figures["total_links"] == 2
    assert figures["active_streams"] == 0
    assert figures["users"]["day"] == figures["files_played"]["day"] == 1
    assert figures["average_response_ms"] >= 0
    [[key, plays]] = figures["popular_files"]
    assert plays == 1
    for private in ("holiday", "Ann", str(home.ann.account.user_id), "details"):
        assert private not in told.text
    [file] = whole["details"]["files"]
    assert (file["key"], file["name"]) == (key, NAME)
    assert sum(each["streams"] for each in whole["details"]["hours"]) == 1
    assert sum(each["users"] for each in whole["details"]["activity"]["month"]) == 1


async def test_the_key_of_a_file_survives_a_restart(tmp_path):
    keys = []
    world = None
    for _ in range(2):
        async with house(tmp_path, world=world) as home:
            world = home.world
            if not keys:
                url = await home.share(home.add_file(kind="video", size=70_000, name=NAME))
                await home.get(url)
                await home.counted()
            popular = (await home.http.get("/stats")).json()["popular_files"]
            keys += [key for key, _ in popular]
    assert len(keys) == 2
    assert len(set(keys)) == 1

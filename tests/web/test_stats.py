"""/stats over HTTP, on a real database."""

from __future__ import annotations

from typing import Any

import httpx
from pydantic import SecretStr

from telpher.core.filekeys import FileKeys
from telpher.core.forwarded import ip_network
from telpher.core.tally import DAY, AnswerBegan, BytesServed, ErrorShown, PersonSeen, PlayBegun
from telpher.service.figures import FigureDesk
from telpher.web.deps import Counted
from telpher.web.openapi.examples import STATS
from tests import plain_http
from tests.storage.contract.makers import happen, link, made, person
from tests.web.api.house import House
from tests.web.api.house import house as api_house
from tests.web.fakes import KEY, REF, World, serving

TOKEN = "a-token-of-no-secrecy"
STRANGER = {"X-Forwarded-For": "203.0.113.7"}
PLAYS = {71: 1, 72: 3, 73: 2, 74: 6, 75: 5, 76: 4}


async def fill(home: House) -> None:
    """Ann's links, and what was played."""
    at = home.world.clock.now()
    await made(home.database, link(1, created=at, name="a secret film.mkv"))
    played = [
        PlayBegun(1, document, REF, "a secret film.mkv", 1000, at)
        for document, count in PLAYS.items()
        for _ in range(count)
    ]
    others = [ErrorShown("busy", at), AnswerBegan(0.25, at), BytesServed(1, 71, 700, at)]
    await happen(home.database, PersonSeen(person(name="Secretia"), at), *played, *others)
    long_ago = PlayBegun(1, 71, REF, "a secret film.mkv", 1000, at - 3 * DAY)
    await happen(home.database, long_ago, number=2)


async def asked(home: House, headers: dict[str, str] | None = None) -> Any:
    home.world.clock.advance(60)
    async with plain_http.client(f"http://127.0.0.1:{home.server.port}") as http:
        answer = await http.get("/stats", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def keys(value: Any) -> Any:
    """What is there, without its values; of lists the first row."""
    if isinstance(value, dict):
        return {key: keys(each) for key, each in value.items()}
    return [keys(each) for each in value[:1]] if isinstance(value, list) else None


async def test_the_names_that_scripts_rely_on(tmp_path):
    async with api_house(tmp_path) as home:
        await fill(home)
        told = await asked(home)
    assert told["total_streams"] == 22
    assert told["unique_files"] == 6
    assert told["total_bytes_served"] == 700
    assert told["active_streams"] == 3
    assert [count for _, count in told["popular_files"]] == [6, 5, 4, 3, 2]
    assert told["last_24_hours"]["streams"] == 21
    assert told["last_7_days"]["streams"] == told["last_30_days"]["streams"] == 22
    assert told["average_response_ms"] == 250
    assert told["users"] == {"total": 1, "day": 1, "week": 1, "month": 1}
    assert told["files_played"] == {"total": 6, "day": 6, "week": 6, "month": 6}


async def test_the_description_shows_what_is_there(tmp_path):
    async with api_house(tmp_path) as home:
        await fill(home)
        assert keys(await asked(home)) == keys(STATS)


async def test_a_stranger_sees_no_name_no_chat_and_no_id(tmp_path):
    async with api_house(tmp_path) as home:
        home.world.metrics_token = SecretStr(TOKEN)
        home.world.trusted = (ip_network("127.0.0.1"),)
        await fill(home)
        async with (
            serving(home.world.app(), home.world.clock) as server,
            plain_http.client(f"http://127.0.0.1:{server.port}") as http,
        ):
            told = await http.get("/stats", headers=STRANGER)
            for token, opens in ((TOKEN, True), (TOKEN + "x", False)):
                headers = {**STRANGER, "Authorization": f"Bearer {token}"}
                answer = await http.get("/stats", headers=headers)
                assert ("details" in answer.json()) == opens
                assert ("a secret film" in answer.text) == opens
    assert "details" not in told.json()
    for secret in ("secret", "Secretia", "busy", str(REF.chat_id)):
        assert secret not in told.text
    assert not {str(each) for each in PLAYS} & {key for key, _ in told.json()["popular_files"]}


async def test_whoever_may_sees_whose_key_is_whose(tmp_path):
    async with api_house(tmp_path) as home:
        await fill(home)
        told = await asked(home)
    files = told["details"]["files"]
    assert [[each["key"], each["plays"]] for each in files] == told["popular_files"]
    assert (files[0]["document_id"], files[0]["name"]) == ("74", "a secret film.mkv")
    assert told["details"]["errors"]["last_24_hours"] == {"busy": 1}
    assert [each["streams"] for each in told["details"]["hours"]] == [1, 21]
    assert [each["files"] for each in told["details"]["activity"]["day"]] == [6]


async def test_the_same_is_told_for_a_moment_and_then_something_new(tmp_path):
    async with api_house(tmp_path) as home:
        before = (await home.http.get("/stats")).json()["total_streams"]
        await fill(home)
        assert (await home.http.get("/stats")).json()["total_streams"] == before == 0
        assert (await asked(home))["total_streams"] == 22


async def test_without_a_database_the_last_figures_hold_and_else_it_says_so(tmp_path):
    async with api_house(tmp_path) as home:
        path = tmp_path / "telpher.sqlite3"
        await fill(home)
        assert (await asked(home))["total_streams"] == 22
        path.rename(tmp_path / "away")
        path.mkdir()
        assert (await asked(home))["total_streams"] == 22
        home.world.counted = Counted(FigureDesk(home.database, home.world.clock), FileKeys(b""))
        async with (
            serving(home.world.app(), home.world.clock) as server,
            plain_http.client(f"http://127.0.0.1:{server.port}") as http,
        ):
            answer = await http.get("/stats")
        assert (answer.status_code, answer.json()["detail"]["error"]) == (503, "storage")
        path.rmdir()


async def test_head_has_no_body(tmp_path):
    async with api_house(tmp_path) as home:
        answer = await home.http.head("/stats")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_the_time_to_the_first_byte_is_told_of_bytes_alone(
    world: World, client: httpx.AsyncClient
):
    async def wait() -> None:
        world.clock.advance(1.5)

    world.engine.before_open = wait
    address = f"/stream/-1001234567890/42?k={KEY}"
    await client.get(address, headers={"Range": "bytes=0-99"})
    assert world.waits == [1.5]
    await client.head(address)
    await client.get(address, headers={"Range": "bytes=9999999-"})
    await client.get("/stream/1/1?k=wrong")
    await client.get(address, headers={"If-None-Match": "*"})
    assert world.waits == [1.5]

"""What the operations do, on a real database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telpher.core.model import MessageRef
from telpher.core.tally import AnswerBegan, ErrorShown, PersonSeen, PlayBegun, tally
from telpher.errors import GoneError, MessageDeletedError, TelegramUnavailableError
from tests.storage.contract.makers import happen, person, seen
from tests.web.api.house import ADMIN, URL, House
from tests.web.fakes import MOVIE, REF

NOW = "2023-11-14T22:13:20Z"


async def test_a_link_is_made_and_opens(home: House) -> None:
    body = {"chat_id": REF.chat_id, "message_id": REF.message_id, "owner": 7}
    answer = await home.http.post("/api/links", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"links/{made['link_id']}"
    urls = made.pop("urls")
    assert made == {
        "link_id": made["link_id"],
        **body,
        "document_id": "77",
        "name": "movie.mp4",
        "size": 1_000_000,
        "kind": "video",
        "duration": 0,
        "playlist": "",
        "created": NOW,
        "expires": None,
        "live": True,
        "plays": 0,
        "bytes_served": 0,
        "last_play": None,
    }
    assert urls["stream"].startswith(f"{URL}/stream/{REF.chat_id}/{REF.message_id}/movie.mp4?k=")
    assert home.links.check(REF, urls["download"].partition("?k=")[2]).link_id == int(
        made["link_id"]
    )
    assert urls["thumbnail"] == urls["watch"].replace("/watch/", "/thumbnail/")
    assert home.wanted == [REF]
    again = (await home.http.get(f"/api/links/{made['link_id']}")).json()
    assert again == {**made, "urls": urls}


@pytest.mark.parametrize(
    ("failure", "status"), [(MessageDeletedError("x"), 410), (TelegramUnavailableError("x"), 503)]
)
async def test_a_link_cannot_be_made_in_trouble(
    home: House, failure: Exception, status: int
) -> None:
    home.world.engine.fail_locate = failure
    body = {"chat_id": 1, "message_id": 1, "owner": 7}
    assert (await home.http.post("/api/links", json=body)).status_code == status
    assert home.wanted == []


async def test_a_message_without_a_file_makes_no_link(home: House) -> None:
    body = {"chat_id": 1, "message_id": 1, "owner": 7}
    assert (await home.http.post("/api/links", json=body)).status_code == 404


async def test_links_are_listed_page_by_page(home: House) -> None:
    made = []
    for _ in range(5):
        made.append((await home.make())["link_id"])
        home.world.clock.advance(0.25)
    await home.make(owner=8)
    listed, cursor = [], None
    for _ in range(3):
        asked = {"owner": 7, "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await home.http.get("/api/links", params=asked)).json()
        listed += [each["link_id"] for each in page["links"]]
        cursor = page["next"]
    assert listed == made[::-1]
    assert cursor is None


async def test_a_revoked_link_is_dead_at_once_and_out_of_the_list(home: House) -> None:
    made = await home.make()
    address = f"/api/links/{made['link_id']}"
    for _ in range(2):
        answer = await home.http.delete(address)
        assert (answer.status_code, answer.content) == (204, b"")
    with pytest.raises(Exception, match="revoked"):
        home.links.check(REF, made["urls"]["watch"][-46:])
    assert (await home.http.get(address)).status_code == 404
    assert (await home.http.get("/api/links?owner=7")).json() == {"links": [], "next": None}


async def test_all_links_are_dead_at_once_and_new_ones_live(home: House) -> None:
    old = [await home.make(owner) for owner in (7, 8)]
    answer = await home.http.delete("/api/links?all=true")
    assert (answer.status_code, answer.content) == (204, b"")
    for each in old:
        with pytest.raises(GoneError):
            home.links.check(REF, each["urls"]["watch"][-46:])
    home.world.clock.advance(1)
    new = await home.make()
    assert home.links.check(REF, new["urls"]["watch"][-46:])
    listed = (await home.http.get("/api/links?owner=7")).json()["links"]
    assert [each["live"] for each in listed] == [True, False]
    assert [each["link_id"] for each in listed] == [new["link_id"], old[0]["link_id"]]


@pytest.mark.parametrize(
    "query", ["", "?all=", "?all=false", "?all=1", "?all=true&x=1", "?ALL=true"]
)
async def test_all_links_are_ended_only_when_it_is_said(home: House, query: str) -> None:
    made = await home.make()
    assert (await home.http.delete(f"/api/links{query}")).status_code == 422
    assert home.links.check(REF, made["urls"]["watch"][-46:])


@pytest.mark.parametrize("number", ["1", "9223372036854775807", "9223372036854775808", "9" * 19])
async def test_a_link_that_is_not_there(home: House, number: str) -> None:
    for method in ("GET", "DELETE"):
        answer = await home.http.request(method, f"/api/links/{number}")
        assert answer.status_code == 404
        assert answer.json()["detail"]["error"] == "unknown_link"


async def test_files_by_plays_and_by_link(home: House) -> None:
    other = MessageRef(REF.chat_id, 43)
    home.world.engine.files[other] = replace(MOVIE, document_id=1 << 62, name="b.mp4")
    first, second = await home.make(), await home.make(ref=other)
    plays = [
        PlayBegun(int(second["link_id"]), 1 << 62, other, "b.mp4", 5, at=1.0),
        PlayBegun(int(second["link_id"]), 1 << 62, other, "b.mp4", 5, at=2.0),
        PlayBegun(int(first["link_id"]), 77, REF, "movie.mp4", 5, at=1.0),
    ]
    await home.database.ledger.apply("plays", 1, tally(plays))
    found = (await home.http.get("/api/files")).json()["files"]
    assert [(each["document_id"], each["plays"]) for each in found] == [
        (str(1 << 62), 2),
        ("77", 1),
    ]
    assert len((await home.http.get("/api/files?limit=1")).json()["files"]) == 1
    of_link = (await home.http.get(f"/api/files?link={first['link_id']}")).json()["files"]
    assert [(each["name"], each["plays"]) for each in of_link] == [("movie.mp4", 1)]
    assert (await home.http.get("/api/files?link=5")).status_code == 404


async def test_users_are_listed_page_by_page_and_found(home: House) -> None:
    for number in range(3):
        await happen(
            home.database, PersonSeen(person(10 + number), 100.0 + number), writer=f"w{number}"
        )
    first = (await home.http.get("/api/users?limit=2")).json()
    assert [each["user_id"] for each in first["users"]] == [12, 11]
    rest = (await home.http.get("/api/users", params={"cursor": first["next"]})).json()
    assert [each["user_id"] for each in rest["users"]] == [10]
    assert rest["next"] is None
    one = (await home.http.get("/api/users/11")).json()
    assert one == first["users"][1]
    assert one["join_date"] == "1970-01-01T00:01:41Z"
    nobody = await home.http.get("/api/users/5")
    assert (nobody.status_code, nobody.json()["detail"]["error"]) == (404, "unknown_user")


async def test_a_ban_kills_links_and_a_pardon_brings_them_back(home: House) -> None:
    await seen(home.database, person(7))
    made = await home.make(owner=7)
    address = f"/api/links/{made['link_id']}"
    banned = await home.http.post("/api/users/7/ban")
    assert (banned.status_code, banned.json()["banned"]) == (200, True)
    assert (await home.http.get(address)).json()["live"] is False
    assert (await home.http.post("/api/users/7/unban")).json()["banned"] is False
    assert (await home.http.get(address)).json()["live"] is True


async def test_somebody_who_was_never_seen_can_be_banned(home: House) -> None:
    answer = await home.http.post("/api/users/555/ban")
    assert (answer.json()["banned"], answer.json()["join_date"]) == (True, None)


async def test_admins_cannot_be_banned(home: House) -> None:
    answer = await home.http.post(f"/api/users/{ADMIN}/ban")
    assert (answer.status_code, answer.json()["detail"]["error"]) == (409, "is_admin")
    assert (await home.http.get(f"/api/users/{ADMIN}")).status_code == 404


async def test_stats(home: House) -> None:
    await seen(home.database, person(7), at=home.world.clock.now())
    await home.make(owner=7)
    at = home.world.clock.now()
    waits = [AnswerBegan(each, at) for each in (0.1, 0.025)]
    errors = [ErrorShown("busy", at)] * 2
    play = PlayBegun(1, 77, REF, "movie.mp4", 9, at)
    await home.database.ledger.apply("plays", 1, tally([play, *errors, *waits]))
    work = {
        "streams": 1,
        "files": 1,
        "bytes_served": 0,
        "batches": 0,
        "errors": 2,
        "average_response_ms": 62.5,
    }
    period = {**work, "errors_by_key": {"busy": 2}}
    users = {"total": 1, "day": 1, "week": 1, "month": 1, "banned": 0, "blocked": 0, "reachable": 1}
    assert (await home.http.get("/api/stats")).json() == {
        "active_streams": 3,
        "unique_files": 1,
        "users": users,
        "files_played": {"total": 1, "day": 1, "week": 1, "month": 1},
        "total": work,
        "last_24_hours": period,
        "last_7_days": period,
        "last_30_days": period,
    }

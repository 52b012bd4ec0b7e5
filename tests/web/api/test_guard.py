"""Who is let in, and with what."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from telpher.core.tally import DAY
from telpher.core.tokens import Scope
from telpher.web.api.guard import LONGEST_BODY
from tests.web.api.house import House, house

OPERATIONS = [
    ("GET", "/api/files", Scope.FILES_READ),
    ("GET", "/api/links?owner=7", Scope.LINKS_READ),
    ("POST", "/api/links", Scope.LINKS_WRITE),
    ("GET", "/api/links/1", Scope.LINKS_READ),
    ("DELETE", "/api/links/1", Scope.LINKS_WRITE),
    ("DELETE", "/api/links?all=true", Scope.LINKS_WRITE),
    ("GET", "/api/users", Scope.USERS_READ),
    ("GET", "/api/users/7", Scope.USERS_READ),
    ("POST", "/api/users/7/ban", Scope.USERS_WRITE),
    ("POST", "/api/users/7/unban", Scope.USERS_WRITE),
    ("GET", "/api/stats", Scope.STATS_READ),
]


def error(answer: httpx.Response) -> str:
    detail = answer.json()["detail"]
    assert detail["request_id"] == answer.headers["x-request-id"]
    assert detail["message"].endswith(".")
    return str(detail["error"])


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer x", "Bearer tlp_" + "0" * 16 + "_" + "x" * 43, "Basic dXNlcjpwYXNz"],
)
async def test_nobody_is_let_in_without_a_token(home: House, shown: str) -> None:
    for method, path, _ in OPERATIONS:
        answer = await home.http.request(method, path, headers={"Authorization": shown})
        assert (answer.status_code, error(answer)) == (401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith('Bearer realm="telpher"')


async def test_the_61st_wrong_token_within_a_minute_is_not_looked_at(tmp_path: Path) -> None:
    """From one address; a right one is refused with it, and welcome again later."""
    wrong = [{"Authorization": f"Bearer tlp_{n:016x}_{'x' * 43}"} for n in range(61)]
    async with house(tmp_path, per_minute=60) as home:
        answers = [await home.http.get("/api/stats", headers=each) for each in wrong]
        assert [each.status_code for each in answers] == [401] * 60 + [429]
        assert error(answers[-1]) == "rate_limited"
        assert answers[-1].headers["retry-after"] == "61"
        assert answers[-1].headers["ratelimit-policy"] == '"plays";q=60;w=60'
        assert (await home.http.get("/api/stats")).status_code == 429
        home.world.clock.advance(120)
        assert (await home.http.get("/api/stats")).status_code == 200


async def test_every_scope_but_the_right_one_is_not_enough(home: House) -> None:
    for method, path, scope in OPERATIONS:
        others = await home.token_for(*(set(Scope) - {scope}))
        refused = await home.http.request(method, path, headers=others)
        assert (refused.status_code, error(refused)) == (403, "forbidden")
        assert f'error="insufficient_scope", scope="{scope}"' in refused.headers["www-authenticate"]
        right = await home.token_for(scope)
        assert (await home.http.request(method, path, headers=right)).status_code not in (401, 403)


async def test_a_token_ends_at_its_time_and_when_it_is_revoked(home: House) -> None:
    short = await home.token_for(Scope.STATS_READ, days=1)
    assert (await home.http.get("/api/stats", headers=short)).status_code == 200
    home.world.clock.advance(DAY)
    assert (await home.http.get("/api/stats", headers=short)).status_code == 401
    long = await home.token_for(Scope.STATS_READ)
    await home.tokens.revoke(long["Authorization"].split("_")[1])
    assert (await home.http.get("/api/stats", headers=long)).status_code == 401


async def test_without_the_database_nobody_is_let_in_and_told_so(home: House) -> None:
    await home.database.__aexit__(None, None, None)
    answer = await home.http.get("/api/stats")
    assert (answer.status_code, error(answer)) == (503, "storage")
    assert answer.headers["retry-after"] == "5"


async def test_a_large_body_is_refused_by_its_announcement(home: House) -> None:
    answer = await home.http.post("/api/links", content=b" " * (LONGEST_BODY + 1))
    assert (answer.status_code, error(answer)) == (413, "content_too_large")


async def test_a_large_body_is_refused_as_it_comes(home: House) -> None:
    async def pieces():
        for _ in range(LONGEST_BODY // 1024 + 1):
            yield b" " * 1024

    answer = await home.http.post("/api/links", content=pieces())
    assert (answer.status_code, error(answer)) == (413, "content_too_large")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
async def test_what_is_not_json_is_refused(home: House, kind: str) -> None:
    answer = await home.http.post("/api/links", content=b"{}", headers={"Content-Type": kind})
    assert (answer.status_code, error(answer)) == (415, "not_json")
    assert answer.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "body"),
        (b"{", "body.1"),
        (b"[]", "body"),
        (b'{"chat_id": "1", "message_id": 1, "owner": 7}', "body.chat_id"),
        (b'{"chat_id": 1, "message_id": true, "owner": 7}', "body.message_id"),
        (b'{"chat_id": 1, "message_id": 1.5, "owner": 7}', "body.message_id"),
        (b'{"chat_id": 1, "message_id": 1e400, "owner": 7}', "body.message_id"),
        (b'{"chat_id": null, "message_id": 1, "owner": 7}', "body.chat_id"),
        (b'{"chat_id": 1, "message_id": 1}', "body.owner"),
        (b'{"chat_id": 1, "message_id": 1, "owner": 7, "more": 1}', "body.more"),
        (b'{"chat_id": 1, "message_id": 1, "owner": 9007199254740993}', "body.owner"),
    ],
)
async def test_what_a_body_may_not_be_is_told_by_place(
    home: House, body: bytes, place: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await home.http.post("/api/links", content=body, headers=headers)
    assert (answer.status_code, error(answer)) == (422, "invalid")
    assert [each["place"] for each in answer.json()["detail"]["problems"]] == [place]


@pytest.mark.parametrize(
    "path",
    [
        "links",
        "links?owner=0",
        "links?owner=x",
        "links?owner=7&limit=0",
        "links?owner=7&limit=101",
        "links?owner=7&cursor=x",
        "links?owner=7&cursor=AAAAAAAAAAAAAAAAAAAAAB",
        "links?owner=7&sort=up",
        "links/0",
        "links/x",
        "links/-1",
        "users?limit=ten",
        "users/0",
        "users/9007199254740993",
        "files?link=x",
    ],
)
async def test_what_a_query_or_a_path_may_not_be(home: House, path: str) -> None:
    answer = await home.http.get(f"/api/{path}")
    assert (answer.status_code, error(answer)) == (422, "invalid")
    assert answer.json()["detail"]["problems"]


async def test_a_parameter_given_twice_is_refused(home: House) -> None:
    answer = await home.http.get("/api/links?owner=7&owner=8")
    assert (answer.status_code, error(answer)) == (400, "bad_request")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/links", "DELETE, GET, POST"),
        ("PATCH", "/api/links", "DELETE, GET, POST"),
        ("POST", "/api/links/1", "DELETE, GET"),
        ("GET", "/api/users/1/ban", "POST"),
        ("OPTIONS", "/api/stats", "GET"),
    ],
)
async def test_a_method_that_is_none_is_told_all_there_are(
    home: House, method: str, path: str, allowed: str
) -> None:
    answer = await home.http.request(method, path)
    assert (answer.status_code, error(answer)) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


async def test_other_origins_are_told_nothing(home: House) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = await home.http.request(method, "/api/stats", headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_nothing_is_kept_on_the_way(home: House) -> None:
    assert (await home.http.get("/api/stats")).headers["cache-control"] == "no-store"
    assert (await home.http.get("/api/nothing")).headers["cache-control"] == "no-store"


async def test_browsers_get_a_page(home: House) -> None:
    headers = {"Authorization": "", "Accept": "text/html"}
    answer = await home.http.get("/api/stats", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")
    assert "www-authenticate" in answer.headers


async def test_a_page_tells_the_problems_and_runs_nothing_of_what_was_sent(home: House) -> None:
    asked = {"owner": "7", "<script>": "1"}
    answer = await home.http.get("/api/links", params=asked, headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert "<code>query.&lt;script&gt;</code>: Extra inputs are not permitted" in answer.text
    assert "<script" not in answer.text


async def test_the_log_names_a_token_by_its_id_alone(
    home: House, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = home.token[len("tlp_0123456789abcdef_") :]
    capsys.readouterr()
    for shown in (f"Bearer {home.token}", f"Bearer {home.token}x", home.token):
        await home.http.get(f"/api/stats?k={secret}", headers={"Authorization": shown})
    logged = capsys.readouterr().out
    assert logged.count("path=/api/stats") == 3
    assert logged.count(home.token.split("_")[1]) == 1
    assert secret not in logged

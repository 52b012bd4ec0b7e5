"""Users, files and links: listed page by page, found, banned, revoked."""

from __future__ import annotations

import re

import pytest

from telpher.web.dashboard.lists import ON_A_PAGE
from tests.web.dashboard.house import ADMIN, BOSS

NEXT = re.compile(r'rel="next" href="[./]*([^"]+)"')


def links_to(text: str, room: str) -> list[int]:
    """The ids of what a page leads to, in order, each once."""
    return list(dict.fromkeys(map(int, re.findall(rf'href="[./]*dashboard/{room}/(\d+)"', text))))


async def all_pages(home, path: str, room: str) -> list[int]:
    """What is found by following Next to the end."""
    found: list[int] = []
    while path:
        page = await home.get(path)
        assert page.status_code == 200
        found += links_to(page.text, room)
        following = NEXT.search(page.text)
        path = "/" + following[1].replace("&amp;", "&") if following else ""
    return found


async def crowd(home, count: int, name: str = "Ada") -> list[int]:
    """People, the newest first."""
    for number in range(1, count + 1):
        await home.meet(1000 + number, f"{name} {number:03}", at=home.world.clock.now() + number)
    return [1000 + number for number in range(count, 0, -1)]


async def test_users_are_listed_page_by_page_newest_first(home):
    await home.enter()
    people = await crowd(home, ON_A_PAGE + 3)
    assert await all_pages(home, "/dashboard/users", "users") == people
    first = await home.get("/dashboard/users")
    assert len(links_to(first.text, "users")) == ON_A_PAGE
    assert "First page" not in first.text


async def test_users_are_found_page_by_page(home):
    await home.enter()
    await crowd(home, ON_A_PAGE + 3, "Bea")
    await home.meet(5, "Somebody", username="linus")
    found = await all_pages(home, "/dashboard/users?q=bea", "users")
    assert len(found) == len(set(found)) == ON_A_PAGE + 3
    for query in ("5", "@lin", "LINUS", "some"):
        assert links_to((await home.get(f"/dashboard/users?q={query}")).text, "users") == [5]
    assert "Nobody is called so" in (await home.get("/dashboard/users?q=nobody")).text


@pytest.mark.parametrize("query", ["<script>", "%00", "%F0%9F%8E%AC", "a%22b", "'--", "x" * 3000])
@pytest.mark.parametrize("room", ["users", "files", "links"])
async def test_anything_may_be_looked_for(home, room, query):
    await home.enter()
    page = await home.get(f"/dashboard/{room}?q={query}&after=%ff")
    assert page.status_code == 200
    assert "<script>" not in page.text


async def test_a_user_is_shown_with_their_links(home):
    await home.enter()
    await home.meet(7, "Ada <b>", username="ada")
    await home.made(5, 7, "mine.mp4")
    await home.made(6, 8, "anothers.mp4")
    page = (await home.get("/dashboard/users/7")).text
    assert "Ada &lt;b&gt;" in page
    assert "mine.mp4" in page
    assert "anothers.mp4" not in page


@pytest.mark.parametrize(
    "path", ["users/1", "users/x", "users/-1", "files/9", "files/x", "users/²"]
)
async def test_what_is_not_there_is_said_to_be_so(home, path):
    await home.enter()
    page = await home.get(f"/dashboard/{path}")
    assert page.status_code == 404
    assert "There is nothing here" in page.text


async def test_a_ban_kills_the_links_and_lifting_it_revives_them(home):
    await home.enter()
    form = await home.form()
    await home.meet(7)
    record = await home.made(5, 7)
    key = home.links.rewrite(record).stream.partition("?k=")[2]
    banned = await home.post("/dashboard/users/7/ban", form=form, back="dashboard/users/7")
    assert banned.status_code == 303
    assert banned.headers["location"].endswith("dashboard/users/7?done=banned")
    page = (await home.get("/dashboard/users/7?done=banned")).text
    assert "All their links are dead" in page
    assert not home.links.lives(record)
    await home.post("/dashboard/users/7/unban", form=form, back="dashboard/users/7")
    assert home.links.check(record.ref, key).link_id == 5


async def test_admins_cannot_be_banned(home):
    await home.enter()
    await home.meet(BOSS)
    answer = await home.post(f"/dashboard/users/{BOSS}/ban", form=await home.form())
    assert answer.headers["location"].endswith("done=is_admin")
    assert not (await home.database.users.get(BOSS)).banned
    assert "cannot be banned" in (await home.get(f"/dashboard/users/{BOSS}")).text


async def test_nobody_unknown_is_banned_by_a_made_up_address(home):
    await home.enter()
    answer = await home.post("/dashboard/users/55/ban", form=await home.form())
    assert answer.status_code == 404
    assert await home.database.users.get(55) is None


async def test_links_are_listed_and_revoked_for_good(home):
    await home.enter()
    form = await home.form()
    record = await home.made(5, 7, "secret.mp4")
    assert "secret.mp4" in (await home.get("/dashboard/links")).text
    revoked = await home.post("/dashboard/links/5/revoke", form=form, back="dashboard/links")
    assert revoked.headers["location"].endswith("dashboard/links?done=revoked")
    assert not home.links.lives(record)
    assert (await home.database.links.get(5)).revoked
    assert "secret.mp4" not in (await home.get("/dashboard/links")).text
    for link_id in ("6", "0", "-5", "x", "9" * 30):
        again = await home.post(f"/dashboard/links/{link_id}/revoke", form=form)
        assert again.headers["location"].endswith("done=no_link")


async def test_links_are_listed_page_by_page(home):
    await home.enter()
    for number in range(1, ON_A_PAGE + 3):
        await home.made(number)
    assert len(await all_pages(home, "/dashboard/links", "files")) == ON_A_PAGE + 2


async def looked_for(home, query: str) -> str:
    """The page of links for what was pasted."""
    page = await home.http.get("/dashboard/links", params={"q": query}, headers=home.cookie)
    return page.text


async def test_a_link_is_found_by_itself_and_by_its_id(home):
    await home.enter()
    links = home.links.rewrite(await home.made(5, 7, "film.mp4"))
    await home.made(6, 7, "other.mp4")
    for query in (links.stream, links.download, links.watch, links.bare, "5"):
        page = await looked_for(home, query)
        assert "film.mp4" in page, query
        assert "other.mp4" not in page


async def test_a_link_that_is_none_or_dead_is_told_apart(home):
    await home.enter()
    links = home.links.rewrite(await home.made(5, 7))
    assert "signature is not right" in await looked_for(home, links.stream[:-1] + "_")
    for nonsense in ("https://[", "https://example.org/", "film.mp4"):
        assert "no link of this server" in await looked_for(home, nonsense)
    assert "No link of that id" in await looked_for(home, "99")
    await home.revocations.revoke(5, ADMIN, is_admin=True)
    assert "dead already" in await looked_for(home, links.stream)


async def test_files_are_listed_by_plays_or_age_and_found_by_name(home):
    await home.enter()
    for number, name in enumerate(("Metropolis.mkv", "Nosferatu.mkv", "General.mp4"), 1):
        await home.made(number, 7, name)
    for path in ("files", "files?order=newest", "files?order=most_played", "files?order=x"):
        assert set(links_to((await home.get(f"/dashboard/{path}")).text, "files")) == {1, 2, 3}
    found = await home.get("/dashboard/files?q=OSFER")
    assert links_to(found.text, "files") == [2]
    page = (await home.get("/dashboard/files/2")).text
    assert "Nosferatu.mkv" in page
    assert "dashboard/users/7" in page
    assert "No file is called so" in (await home.get("/dashboard/files?q=zzz")).text


async def test_empty_lists_say_what_would_be_there(home):
    await home.enter()
    for room, said in (
        ("users", "Nobody has talked to the bot yet"),
        ("files", "There are no files yet"),
        ("links", "There are no links yet"),
        ("broadcasts", "There was no broadcast yet"),
        ("errors", "Nothing has gone wrong"),
    ):
        assert said in (await home.get(f"/dashboard/{room}")).text


@pytest.mark.parametrize("room", ["users", "users/7", "files", "files/5", "links", "broadcasts"])
async def test_with_the_database_away_that_is_said(home, room):
    await home.enter()
    await home.away()
    page = await home.get(f"/dashboard/{room}")
    assert page.status_code == 503
    assert page.headers["retry-after"] == "5"
    assert "The database does not answer" in page.text


async def test_with_the_database_away_nothing_is_done_and_that_is_said(home):
    await home.enter()
    form = await home.form()
    await home.away()
    for path in ("users/7/ban", "users/7/unban", "broadcasts/x/cancel"):
        assert (await home.post(f"/dashboard/{path}", form=form)).status_code == 503


@pytest.mark.parametrize(
    "back",
    [
        *("", "//evil.example", "https://evil.example", "dashboard//evil.example", "/dashboard"),
        *("dashboard/../../x", "dashboard\r\nX: y", "dashboard@evil", "javascript:alert(1)"),
    ],
)
async def test_a_form_leads_back_to_pages_of_ours_alone(home, back):
    await home.enter()
    answer = await home.post("/dashboard/links/5/revoke", form=await home.form(), back=back)
    assert answer.headers["location"] == "../../../dashboard?done=no_link"
    assert "x" not in answer.headers


async def test_a_form_leads_back_to_what_was_looked_for(home):
    await home.enter()
    back = "dashboard/users?q=a%26b&done=x&evil=1"
    answer = await home.post("/dashboard/links/5/revoke", form=await home.form(), back=back)
    assert answer.headers["location"].endswith("dashboard/users?q=a%26b&done=no_link")

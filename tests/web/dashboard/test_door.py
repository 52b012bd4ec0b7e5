"""Who is not signed in sees nothing; what a page asks for comes from that page."""

from __future__ import annotations

import pytest

from tests.web.dashboard.house import ADMIN, BOSS, PAGES

DATA = ("/dashboard/live", "/dashboard/history")
DEEDS = (
    *("/dashboard/users/7/ban", "/dashboard/users/7/unban", "/dashboard/links/5/revoke"),
    *("/dashboard/broadcasts/x/cancel", "/dashboard/sign-out"),
)


async def strangers(home):
    """Headers of people who are not signed in."""
    cookie = (await home.enter())["Cookie"]
    home.cookie = {}
    yield {}
    for value in ("", "x", home.sign_in.invite(ADMIN), cookie[:-2] + "AA"):
        yield {"Cookie": f"__Host-telpher={value}"}
    yield {"Cookie": cookie.replace("__Host-", "")}
    yield {"Authorization": "Bearer x"}


async def test_who_is_not_signed_in_is_told_how_and_nothing_else(home):
    await home.meet(7, "Somebody")
    await home.made(5, 7, "secret-film.mp4")
    async for headers in strangers(home):
        for path in PAGES:
            answer = await home.get(path, **headers)
            assert answer.status_code == 401
            assert "www-authenticate" in answer.headers
            assert "/admin" in answer.text
            assert not {"Somebody", "secret-film"} & set(answer.text.split())
            assert "script" not in answer.text
        for path in DATA:
            answer = await home.http.get(path, headers=headers)
            assert answer.status_code == 401
            assert set(answer.json()["detail"]) == {"error", "message", "request_id"}


async def test_one_answer_for_what_is_there_and_what_is_not(home):
    await home.meet(7)
    pages = [await home.get(path) for path in PAGES]
    assert len({page.text.replace("../", "") for page in pages}) == 1


async def test_pages_are_closed_to_frames_scripts_referrers_and_caches(home):
    await home.enter()
    for path in (*PAGES, "/dashboard/sign-in"):
        headers = (await home.get(path)).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        for part in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"):
            assert part in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert "no-store" in headers["cache-control"]
        assert headers["x-robots-tag"] == "noindex"
        assert "access-control-allow-origin" not in headers
    for path in DATA:
        headers = (await home.get(path)).headers
        assert "no-store" in headers["cache-control"]
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", DEEDS)
async def test_a_deed_needs_the_form_of_this_very_session(home, path):
    await home.meet(7)
    await home.made(5)
    await home.enter(BOSS)
    foreign = await home.form()
    await home.enter(ADMIN)
    own = await home.form()
    assert foreign != own
    for form in ({}, {"form": ""}, {"form": "x"}, {"form": foreign}):
        answer = await home.post(path, **form)
        assert answer.status_code == 403
        assert "load the page again" in answer.text
    other = await home.post(path, {"Sec-Fetch-Site": "cross-site"}, form=own)
    assert other.status_code == 403
    assert (await home.get("/dashboard")).status_code == 200, "nothing was done"
    assert not (await home.database.users.get(7)).banned
    assert not (await home.database.links.get(5)).revoked
    assert (await home.get(path)).status_code == 404, "a link does nothing"
    assert (await home.post(path, form=own)).status_code == 303


@pytest.mark.parametrize("path", DEEDS)
async def test_a_deed_of_a_stranger_is_not_done(home, path):
    await home.enter()
    form = await home.form()
    cookie, home.cookie = home.cookie, {}
    assert (await home.post(path, form=form)).status_code == 401
    home.cookie = cookie
    assert (await home.get("/dashboard")).status_code == 200


async def test_polling_is_not_counted_as_plays(home):
    await home.enter()
    for _ in range(100):
        assert (await home.get("/dashboard/live")).status_code == 200

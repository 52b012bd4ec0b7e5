"""Signing in and out, as browsers, messengers and thieves try it."""

from __future__ import annotations

import pytest

from telpher.service.sign_in import GOOD_FOR, IDLE
from telpher.web.dashboard.entrance import ATTEMPTS
from telpher.web.dashboard.forms import LONGEST
from tests.web.dashboard.house import ADMIN, BOSS, house

SIGN_IN = "/dashboard/sign-in"


async def test_a_preview_spends_nothing_and_the_button_does(home):
    link = home.sign_in.invite(ADMIN)
    for _ in range(3):
        page = await home.get(f"{SIGN_IN}?link={link}")
        assert page.status_code == 200
        assert link in page.text
        assert "set-cookie" not in page.headers
    assert (await home.http.head(f"{SIGN_IN}?link={link}")).status_code == 200
    answer = await home.post(SIGN_IN, link=link)
    assert (answer.status_code, answer.headers["location"]) == (303, "../dashboard")
    again = await home.post(SIGN_IN, link=link)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers
    assert "/admin" in again.text, "it says how to get another"


async def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_other_hosts(home):
    answer = await home.post(SIGN_IN, link=home.sign_in.invite(ADMIN))
    name, *flags = answer.headers["set-cookie"].lower().split("; ")
    assert name.startswith("__host-telpher=")
    assert {"secure", "httponly", "samesite=strict", "path=/", "max-age=43200"} == set(flags)
    assert answer.headers["cache-control"] == "no-store"


async def test_without_https_it_is_unprefixed_and_that_is_said(tmp_path):
    async with house(tmp_path, url="http://localhost:8080") as home:
        answer = await home.post(SIGN_IN, link=home.sign_in.invite(ADMIN))
        name, *flags = answer.headers["set-cookie"].lower().split("; ")
        assert name.startswith("telpher=")
        assert "secure" not in flags
        assert {"httponly", "samesite=strict"} <= set(flags)
        await home.enter()
        assert "not protected by https" in (await home.get("/dashboard")).text


@pytest.mark.parametrize("link", ["", "x", "A" * 87, "%00", "<script>"])
async def test_what_is_no_link_opens_nothing(home, link):
    assert (await home.get(f"{SIGN_IN}?link={link}")).status_code == 403
    answer = await home.post(SIGN_IN, link=link)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "<script>" not in answer.text


async def test_a_link_given_twice_is_none(home):
    link = home.sign_in.invite(ADMIN)
    assert (await home.get(f"{SIGN_IN}?link={link}&link={link}")).status_code == 403
    twice = await home.http.post(SIGN_IN, content=f"link={link}&link={link}".encode())
    assert twice.status_code == 403
    assert (await home.post(SIGN_IN, link=link)).status_code == 303


async def test_a_link_that_is_too_old_or_of_no_admin_opens_nothing(home):
    old, gone = home.sign_in.invite(ADMIN), home.sign_in.invite(BOSS)
    home.admins.remove(BOSS)
    assert (await home.post(SIGN_IN, link=gone)).status_code == 403
    home.world.clock.advance(GOOD_FOR)
    assert (await home.get(f"{SIGN_IN}?link={old}")).status_code == 403
    assert (await home.post(SIGN_IN, link=old)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
    ],
)
async def test_another_site_signs_nobody_in(home, headers):
    link = home.sign_in.invite(ADMIN)
    assert (await home.post(SIGN_IN, headers, link=link)).status_code == 403
    assert (await home.post(SIGN_IN, link=link)).status_code == 303, "nor spends the link"


async def test_old_browsers_get_in_too(home):
    base = str(home.http.base_url).rstrip("/")
    for headers in ({}, {"Origin": "null"}, {"Origin": base}):
        data = {"link": home.sign_in.invite(ADMIN)}
        answer = await home.http.post(SIGN_IN, data=data, headers=headers)
        assert answer.status_code == 303, headers


async def test_attempts_are_few(home):
    for _ in range(ATTEMPTS):
        assert (await home.post(SIGN_IN, link="x")).status_code == 403
    link = home.sign_in.invite(ADMIN)
    refused = await home.post(SIGN_IN, link=link)
    assert refused.status_code == 429
    home.world.clock.advance(int(refused.headers["retry-after"]))
    assert (await home.post(SIGN_IN, link=link)).status_code == 303


async def test_a_form_that_is_too_large_is_refused(home):
    assert (await home.post(SIGN_IN, link="x" * LONGEST)).status_code == 413
    many = await home.http.post(SIGN_IN, content=b"&".join(b"a%d=1" % n for n in range(20)))
    assert many.status_code == 400
    odd = await home.http.post(SIGN_IN, content=b"\xff\xfe=1")
    assert odd.status_code == 400


async def test_with_the_database_away_the_link_stays_good(home):
    link = home.sign_in.invite(ADMIN)
    await home.away()
    answer = await home.post(SIGN_IN, link=link)
    assert (answer.status_code, "set-cookie" in answer.headers) == (503, False)


async def test_signing_out_ends_the_session_for_whoever_has_the_cookie(home):
    await home.enter()
    answer = await home.post("/dashboard/sign-out", form=await home.form())
    assert answer.status_code == 303
    name, *flags = answer.headers["set-cookie"].lower().split("; ")
    assert name in {"__host-telpher=", '__host-telpher=""'}
    assert "max-age=0" in flags
    assert (await home.get("/dashboard")).status_code == 401, "a stolen copy opens nothing"


async def test_a_session_that_idles_is_over(home):
    await home.enter()
    home.world.clock.advance(IDLE)
    assert (await home.get("/dashboard")).status_code == 401


async def test_whoever_is_no_admin_any_more_is_out(home):
    await home.enter(BOSS)
    assert (await home.get("/dashboard")).status_code == 200
    home.admins.remove(BOSS)
    assert (await home.get("/dashboard")).status_code == 401

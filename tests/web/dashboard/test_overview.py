"""The first page, its live figures and its history."""

from __future__ import annotations

from telpher.core.model import MessageRef
from telpher.core.tally import BytesServed, ErrorShown, PlayBegun
from telpher.service.figures import FRESH
from telpher.web.dashboard.pulse import Counters


def play(link_id, at, count=1000, name="film.mp4"):
    yield PlayBegun(link_id, link_id, MessageRef(7, link_id), name, 1 << 20, at)
    yield BytesServed(link_id, link_id, count, at)


async def happened(home, *events):
    for event in events:
        home.notes.note(event)
    await home.notes.flush()


async def test_the_page_shows_how_it_is_and_was(home):
    await home.enter()
    now = home.world.clock.now()
    await home.meet(7)
    await happened(home, *play(5, now, 3 << 20), ErrorShown("telegram", now))
    home.counters.append(Counters(streams=12345, cached=1 << 20, cache_budget=1 << 30))
    text = (await home.get("/dashboard")).text
    for wanted in ("12\u202f345", "3.00 MB", "film.mp4", "Healthy", "telpher_bot", "1.00 GB"):
        assert wanted.lower() in text.lower(), wanted


async def test_people_are_counted_every_few_seconds_and_no_more(home):
    await home.enter()

    async def people() -> str:
        text = (await home.get("/dashboard")).text
        return text.partition("<dt>All</dt><dd>")[2].partition("<")[0]

    await home.meet(7)
    assert await people() == "1"
    await home.meet(8)
    assert await people() == "1"
    home.world.clock.advance(FRESH)
    assert await people() == "2"


async def test_names_of_strangers_are_text(home):
    await home.enter()
    await happened(home, *play(5, home.world.clock.now(), name="<img src=x onerror=alert(1)>"))
    text = (await home.get("/dashboard")).text
    assert "<img src=x" not in text
    assert "&lt;img" in text


async def test_live_figures_are_of_this_moment(home):
    await home.enter()
    first = (await home.get("/dashboard/live")).json()
    assert (first["figures"]["streams"], first["beats"]) == ("0", [])
    home.world.clock.advance(2)
    home.counters.append(Counters(3, 4 << 20, 1 << 20, hits=3, lookups=4, memory=5, cpu=0.5))
    home.pulse.beat()
    told = (await home.get("/dashboard/live")).json()
    figures = told["figures"]
    assert (figures["streams"], figures["sent"], figures["fetched"]) == (
        *("3", "2.00 MB/s", "512 KB/s"),
    )
    assert figures["hit_rate"] == "75\u202f%"
    [[at, *beat]] = told["beats"]
    assert beat == [3, 2 << 20, 1 << 19, 5, 0.25]
    later = (await home.get(f"/dashboard/live?since={at}")).json()
    assert later["beats"] == []


async def test_since_may_be_anything(home):
    await home.enter()
    home.world.clock.advance(2)
    home.pulse.beat()
    for since in ("", "x", "nan", "inf", "-1", "1e400"):
        assert len((await home.get(f"/dashboard/live?since={since}")).json()["beats"]) == 1


async def test_trouble_is_told_with_its_reason(home):
    await home.enter()
    home.world.bot.disconnect()
    figures = (await home.get("/dashboard/live")).json()["figures"]
    assert figures["level"] == "unhealthy"
    assert "Telegram does not answer." in figures["reasons"]
    assert "Telegram does not answer." in (await home.get("/dashboard")).text


async def test_with_the_database_away_the_page_shows_what_is_known_here(home):
    await home.enter()
    home.counters.append(Counters(streams=5))
    await home.away()
    page = await home.get("/dashboard")
    assert page.status_code == 200
    assert "The database does not answer" in page.text
    assert (await home.get("/dashboard/live")).json()["figures"]["level"] == "degraded"
    assert (await home.get("/dashboard/history")).status_code == 503


async def test_history_counts_by_hours_and_days(home):
    await home.enter()
    now = home.world.clock.now()
    await happened(home, *play(5, now), *play(5, now - 3600), *play(6, now - 3600 * 100))
    day = (await home.get("/dashboard/history")).json()
    assert (day["period"], day["step"], len(day["at"])) == ("24h", 3600, 24)
    assert day["streams"][-2:] == [1, 1]
    assert (sum(day["streams"]), sum(day["bytes"])) == (2, 2000)
    assert day["at"][-1] <= now < day["at"][-1] + 3600
    week = (await home.get("/dashboard/history?period=7d")).json()
    assert (len(week["at"]), sum(week["streams"])) == (168, 3)
    month = (await home.get("/dashboard/history?period=30d")).json()
    assert (month["step"], len(month["at"]), sum(month["streams"])) == (86400, 30, 3)
    assert len((await home.get("/dashboard/history?period=400d")).json()["at"]) == 400
    assert (await home.get("/dashboard/history?period=x")).json()["period"] == "24h"

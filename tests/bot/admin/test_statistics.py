from telpher.core.model import MessageRef
from telpher.core.tally import AnswerBegan, BatchMade, BytesServed, ErrorShown, PlayBegun
from tests.bot.admin.crowd import ROOT, meet
from tests.bot.stage import FILM

DAY = 86400


async def test_without_anybody_nothing_is_divided_by_nobody(home):
    page = await home.press_data(b"statistics", ROOT)
    assert "People: 0" in page.text
    assert "Active in a day: 0 (-)" in page.text
    assert "First byte after - on average" in page.text
    assert "Errors of" not in page.text
    assert "Popular" not in page.text


async def test_people_are_counted_by_when_they_were_here(home):
    for days in (40, 20, 3):
        await meet(home, 1, first=days)
        home.clock.advance(days * DAY - days * DAY // 2)
    await meet(home, 1, first=99)
    await home.database.users.set_banned(3, True, home.clock.now())
    await home.database.users.set_blocked([20], True)
    text = (await home.say("/stats", ROOT)).text
    for part in (
        "People: 4",
        "in a day: 1 (25 %)",
        "in a week: 2 (50 %)",
        "in a month: 3 (75 %)",
        "Banned: 1 (25 %)",
        "Blocked the bot: 1 (25 %)",
    ):
        assert part in text


async def test_work_is_told_since_the_beginning_and_of_the_last_day(home):
    for name in ("*film*.mkv", "<b>song.mp3"):
        await home.say(file=FILM)
        await home.notes.flush()
        (link, *_) = await home.database.links.of_owner(7, 9)
        at = home.clock.now()
        document = len(name)
        home.notes.note(PlayBegun(link.link_id, document, MessageRef(7, 1), name, 9, at))
        home.notes.note(BytesServed(link.link_id, document, 1536, at))
        home.notes.note(BatchMade(7, at))
        for key in ("gone", "busy", "busy"):
            home.notes.note(ErrorShown(key, at))
        home.notes.note(AnswerBegan(0.25, at))
        await home.notes.flush()
        home.clock.advance(2 * DAY)
    home.clock.advance(-DAY * 1.5)
    text = (await home.say("/stats", ROOT)).text
    for part in (
        "Streams: 2, in the last day 1, now 3",
        "Sent: 3.00 KB, in the last day 1.50 KB",
        "Links: 2, in the last day 1",
        "Files played: 2, in the last day 1",
        "Batches: 2, in the last day 1",
        "Errors shown: 6, in the last day 3",
        "First byte after 0.25 s on average, in the last day 0.25 s",
        "Last 7 days: streams 2, 3.00 KB; files played 2; links 2; batches 2; errors 6; first byte",
        "Last 30 days: streams 2",
        "Errors of the last 30 days\nbusy: 4\ngone: 2",
        "*film*.mkv: played once, 1.50 KB",
        "<b>song.mp3: played once, 1.50 KB",
    ):
        assert part in text


async def test_refresh_works_when_nothing_is_new_and_when_something_is(home):
    page = await home.say("/stats", ROOT)
    same = await home.press(page, "Refresh", ROOT)
    assert (same.ref, same.text) == (page.ref, page.text)
    await meet(home, 2)
    # The admin who presses is one of them.
    assert "People: 3" in (await home.press(same, "Refresh", ROOT)).text

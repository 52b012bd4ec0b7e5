import pytest

from telpher.bot.language import Texts
from telpher.bot.reports import MOST_WAITING, Reports
from telpher.clock import FakeClock
from telpher.core.model import Person
from telpher.errors import RequestRejectedError, TelegramUnavailableError
from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.troubles import Trouble
from telpher.telegram.chats import ChatInfo
from tests.bot.fake_gateway import FakeGateway
from tests.bot.stage import FILM, stage
from tests.telegram.fake_chats import FakeChats

EVE = Person(66, "<b>Eve</b>\n#ERROR", "*_`", "eve", "xx")
CHANNEL = ChatInfo(-1005, "Log", username="log")


async def sent(reports, gateway):
    """What `run` sends until it waits for more."""
    task = reports.run()
    task.send(None)
    task.close()
    return [each.text for each in gateway.sent]


@pytest.fixture
def gateway():
    return FakeGateway()


def made(gateway, channel="log", clock=None):
    chats = FakeChats()
    chats.add(CHANNEL)
    return Reports(gateway, chats, channel, Texts.load(), clock or FakeClock())


async def test_new_users_are_reported_with_names_that_are_only_names(gateway):
    reports = made(gateway)
    reports.new_user(EVE)
    (text,) = await sent(reports, gateway)
    assert text.startswith("#NEW_USER\n")
    assert "<b>Eve</b> #ERROR *_` (@eve)" in text
    assert "\n#" not in text


async def test_the_same_person_is_reported_once(gateway):
    reports = made(gateway)
    for _ in range(2):
        reports.new_user(EVE)
    assert len(await sent(reports, gateway)) == 1


async def test_links_are_reported_with_file_and_person(tmp_path):
    async with stage(tmp_path, log_channel=-1005) as home:
        home.chats.add(CHANNEL)
        answer = await home.say(file=FILM)
        (text,) = home.reports()
        assert "#NEW_FILE_REQUEST" in text
        for part in ("Ada", "film.mp4", "1.50 KB", answer.marked("code")[0]):
            assert part in text


async def test_the_same_trouble_is_reported_once_in_ten_minutes_with_a_count(gateway):
    clock = FakeClock()
    reports = made(gateway, clock=clock)
    for _ in range(5):
        reports.alarm("The roof is on fire.")
    reports.alarm("Another one.")
    clock.advance(600)
    reports.alarm("The roof is on fire.")
    texts = await sent(reports, gateway)
    assert [("fire" in text, "Times: 5" in text) for text in texts] == [
        (True, False),
        (False, False),
        (True, True),
    ]


def trouble(**more):
    fields = {"summary": "<b>it</b>\nbroke", "where": "telpher.web", "level": "error", **more}
    return Trouble(key="k", count=3, first=1.0, last=2.0, **fields)


async def test_a_trouble_that_is_known_is_told_with_cause_and_remedy(gateway):
    reports = made(gateway)
    entry = Catalogue.shipped().get("disk-full")
    reports.trouble(trouble(diagnosis=entry), 3)
    (text,) = await sent(reports, gateway)
    assert text.startswith(f"#ERROR\n{entry.title}\n<b>it</b> broke\nCause: ")
    for part in (entry.cause, entry.remedy, "Times: 3"):
        assert part in text
    assert "guess" not in text


async def test_one_that_nobody_knows_is_told_with_where_it_was(gateway):
    reports = made(gateway)
    reports.trouble(trouble(), 1)
    (text,) = await sent(reports, gateway)
    assert "In: telpher.web" in text
    assert "Times: 1" in text
    assert "Cause" not in text


async def test_a_guess_is_marked_as_one_and_is_only_text(gateway):
    reports = made(gateway)
    guess = "<a href='http://evil.example'>x</a>\n#NEW_USER " + "y" * 5000
    reports.trouble(trouble(guess=guess), 1)
    (text,) = await sent(reports, gateway)
    assert "A machine's guess, which may be wrong: <a href='http://evil.example'>x</a>" in text
    assert "\n#NEW_USER" not in text
    assert len(text) < 2000


async def test_what_is_too_much_is_left_out_and_counted(gateway):
    reports = made(gateway)
    for number in range(MOST_WAITING + 3):
        reports.new_user(Person(number, "x"))
    texts = await sent(reports, gateway)
    assert len(texts) == MOST_WAITING
    assert "3 reports were left out" in texts[0]
    assert "left out" not in texts[1]


async def test_a_report_that_is_refused_holds_up_no_other(gateway):
    reports = made(gateway)
    gateway.failures = [RequestRejectedError("CHAT_WRITE_FORBIDDEN")]
    reports.new_user(EVE)
    reports.new_user(Person(67, "Bob"))
    assert len(await sent(reports, gateway)) == 1


async def test_a_report_that_fails_in_passing_is_sent_by_the_next_run(gateway):
    reports = made(gateway)
    gateway.failures = [TelegramUnavailableError("away")]
    reports.new_user(EVE)
    with pytest.raises(TelegramUnavailableError):
        await sent(reports, gateway)
    assert len(await sent(reports, gateway)) == 1


@pytest.mark.parametrize("channel", [None, -404])
async def test_without_a_channel_nothing_waits(gateway, channel):
    reports = made(gateway, channel)
    await reports.run()
    for number in range(MOST_WAITING * 2):
        reports.new_user(Person(number, "x"))
    await reports.run()
    assert gateway.silent

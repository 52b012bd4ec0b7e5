import pytest

from telpher.bot.files import file_answer
from telpher.bot.language import Texts
from telpher.bot.turn import Turn
from telpher.clock import FakeClock
from telpher.core.links import LinkSigner
from telpher.core.model import FileInfo, Kind, MessageRef, Person
from telpher.service.links import LinkService
from telpher.telegram.gateway import TEXT_LIMIT, IncomingMessage
from tests.bot.fake_gateway import FakeGateway, ParsedHtml, check_keyboard, units

TEXTS = Texts.load()
REF = MessageRef(7, 2**31 - 1)


def turn(local_urls):
    sender = Person(7, "Ann", language_code="en")
    message = IncomingMessage(REF, sender, private=True, text="")
    return Turn(FakeGateway(local_urls=local_urls), TEXTS, message)


def answer(
    name="film.mkv", base="https://files.example.org", ttl_hours=0, local_urls=False, **changes
):
    info = FileInfo(
        1,
        changes.get("size", 1536),
        changes.get("mime_type", "video/mp4"),
        name,
        Kind.VIDEO,
        date=0,
        duration=changes.get("duration", 3661),
    )
    links = LinkService(LinkSigner(b"s" * 32), base, FakeClock(), ttl_hours).make(REF, info, 7)
    return file_answer(turn(local_urls), info, links), links


def test_the_answer_says_all_and_the_link_is_there_to_tap():
    made, links = answer()
    parsed = ParsedHtml(made.html)
    assert ("b", "film.mkv") in parsed.marked
    assert ("code", links.stream) in parsed.marked
    for line in ("Size: 1.50 KB", "Duration: 01:01:01", "Type: video/mp4"):
        assert line in parsed.text
    assert made.keyboard


@pytest.mark.parametrize(
    "name",
    [
        "<b>bold</b>.mkv",
        "</code><a href='tg://user?id=1'>x</a>.mkv",
        "&amp;&lt;.mkv",
        "\"quotes\" 'and' `ticks`.mkv",
        "*stars* _under_ [a](b).mkv",
        "line\r\nbreak\u2028.mkv",
        "\u202egpj.exe",
        "ملف.mkv",
        "👨‍👩‍👧 🏳️‍🌈.mkv",
        "{link}{0}{}.mkv",
        "x" * 5000 + ".mkv",
        "🎬" * 5000 + ".mkv",
        "é&<" * 3000,
        "",
    ],
)
def test_any_name_makes_a_message_that_telegram_takes(name):
    made, links = answer(name)
    parsed = ParsedHtml(made.html)
    assert units(parsed.text) <= TEXT_LIMIT
    assert sorted(tag for tag, _ in parsed.marked) == ["b", "code"], "nothing of it is markup"
    assert ("code", links.stream) in parsed.marked
    assert "\u202e" not in parsed.text
    check_keyboard(made.keyboard)


def test_the_longest_address_fits_too():
    made, _ = answer("🎬" * 5000, base="https://files.example.org/" + "p" * 1900, ttl_hours=1)
    assert units(ParsedHtml(made.html).text) <= TEXT_LIMIT


@pytest.mark.parametrize("base", ["http://localhost:8080", "http://192.168.1.2:8080"])
def test_with_a_local_address_the_text_alone_carries_the_link(base):
    made, links = answer(base=base)
    assert [button.text for row in made.keyboard for button in row] == ["🗑 Revoke"]
    assert ("code", links.stream) in ParsedHtml(made.html).marked
    assert "local" in made.html
    assert "local one" not in answer()[0].html


def test_a_telegram_that_takes_local_addresses_gets_them_in_buttons():
    made, links = answer(base="http://127.0.0.1:8080", local_urls=True)
    labels = [button.text for row in made.keyboard for button in row]
    assert labels == ["▶️ Play", "⬇️ Download", "🟠 Open in VLC", "📋 Copy link", "🗑 Revoke"]
    assert made.keyboard[0][0].url == links.watch
    assert "local" not in made.html


def test_an_expiring_link_says_until_when():
    assert "Valid until 2023-11-15 00:13 UTC." in answer(ttl_hours=2)[0].html
    assert "Valid until" not in answer()[0].html

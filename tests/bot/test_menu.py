import pytest

from telpher.bot.areas import Command, Who, split_data
from telpher.bot.commands import described
from telpher.bot.language import Texts
from telpher.bot.menu import About, Pages, Vitals
from telpher.bot.turn import Reader
from telpher.core.model import Person
from tests.bot.fake_gateway import ParsedHtml, check_keyboard

TEXTS = Texts.load()
COMMANDS = [Command(name, None) for name in ("start", "help", "about")]
PAGES = Pages(TEXTS, About("1.2.3", "https://src.example.org", "https://t.me/news"), COMMANDS)


def text_of(page):
    return ParsedHtml(page.html).text


def test_start_greets_by_name_and_leads_to_the_other_pages():
    page = PAGES.make("start", Reader("Ada", "en"))
    assert "Hello, Ada!" in text_of(page)
    buttons = [button for row in page.keyboard for button in row]
    inside = [split_data(button.data)[1] for button in buttons if button.data]
    assert inside == ["help", "about", "info"]
    assert all(PAGES.make(name, Reader("Ada", "en")) for name in inside)
    assert [button.url for button in buttons if button.url] == [
        "https://src.example.org",
        "https://t.me/news",
    ]


def test_commands_are_listed_to_those_who_may_give_them():
    ban = Command("ban", None, Who.ADMINS)
    pages = Pages(TEXTS, About("1.2.3"), [*COMMANDS, ban])
    shown = text_of(pages.make("commands", Reader("Ada", "en")))
    for command in COMMANDS:
        assert f"/{command.name}: {described(command, TEXTS, 'en')}" in shown
    assert "/ban" not in shown
    assert "/ban: " in text_of(pages.make("commands", Reader("Ada", "en"), tuple(Who)))


def test_about_tells_the_version_and_info_how_the_bot_is():
    assert "1.2.3" in text_of(PAGES.make("about", Reader("Ada", "en")))
    vitals = Vitals("My <bot>", "my_bot", 3661, 3, {4: 1, 2: 8})
    pages = Pages(TEXTS, About("1.2.3"), COMMANDS, lambda: vitals)
    shown = text_of(pages.make("info", Reader("Ada", "en")))
    for part in ("My <bot> (@my_bot)", "1.2.3", "01:01:01", "now: 3", "2 (8), 4 (1)"):
        assert part in shown
    assert "telpher (@?)" in text_of(PAGES.make("info", Reader("Ada", "en"))), "not connected yet"


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("help", ["commands", "start"]),
        ("commands", ["help", "start"]),
        ("about", ["start"]),
        ("info", ["start"]),
    ],
)
def test_the_other_pages_lead_back(name, ways):
    page = PAGES.make(name, Reader("Ada", "en"))
    (buttons,) = page.keyboard
    assert [split_data(button.data)[1] for button in buttons] == ways


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<b>Bob</b> & \"Co\" 'x'", "<b>Bob</b> & \"Co\" 'x'"),
        ("*Mark* _down_ [x](y) `z`", "*Mark* _down_ [x](y) `z`"),
        ("two\nlines\r\n", "two lines"),
        ("\u202eevil", "evil"),
        ("عمر 👨‍👩‍👧", "عمر 👨‍👩‍👧"),
        ("{version}{0}", "{version}{0}"),
        ("", "there"),
        ("\u202e\n", "there"),
        ("y" * 500, "y" * 47 + "…" + "y" * 16),
    ],
)
def test_any_name_is_greeted_safely(name, shown):
    page = PAGES.make("start", Reader(name, "en"))
    assert f"Hello, {shown}!" in text_of(page)
    check_keyboard(page.keyboard)


def test_there_is_no_other_page():
    assert PAGES.make("admin", Reader("Ada", "en")) is None
    assert PAGES.make("", Reader("Ada", "en")) is None


def test_a_reader_is_known_by_first_name_else_user_name_else_not_at_all():
    assert Reader.of(Person(1, "Ada", username="ada", language_code="de")) == Reader("Ada", "de")
    assert Reader.of(Person(1, "", username="ada")) == Reader("ada", "")
    assert Reader.of(None) == Reader("", "")

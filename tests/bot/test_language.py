import string

import pytest

from telpher.bot.language import FALLBACK, PLAIN_SECTIONS, Html, Texts, escape
from telpher.telegram.gateway import CAPTION_LIMIT, PRESS_LIMIT, TEXT_LIMIT
from tests.bot.fake_gateway import ParsedHtml, units

TEXTS = Texts.load()

# The longest value each placeholder may hold, in characters outside the basic plane where a
# stranger chooses them: those count twice.
LONGEST = {
    "name": "😀" * 200,
    "size": "1023.99 GB",
    "duration": "99999:59:59",
    "type": "x" * 127 + "/" + "y" * 127,
    "link": "https://files.example.org/" + "p" * 2000,
    "time": "2038-01-19 03:14",
    "version": "10.20.30rc1",
    "title": "😀" * 128,
    "file": "😀" * 200,
    "problem": "😀" * 500,
    "plays": "p" * 60,
    "username": "@" + "u" * 32,
    "user_id": "9" * 16,
    "language": "x" * 32,
    "reason": "r" * 100,
    **dict.fromkeys(("number", "count", "most", "seen", "total", "minutes", "times"), "9" * 12),
    **dict.fromkeys(("sent", "failed", "blocked"), "9" * 12),
    **dict.fromkeys(("now", "streams", "files", "batches", "errors", "unique"), "9" * 12),
    **dict.fromkeys(("day", "week", "month", "banned", "place"), "9" * 12),
    **{f"{each}_share": "100 %" for each in ("day", "week", "month", "banned", "blocked")},
    **{f"{each}_day": "9" * 12 for each in ("streams", "files", "batches", "errors")},
    **dict.fromkeys(("joined", "first", "last"), "2038-01-19 03:14"),
    **dict.fromkeys(("role", "premium", "page", "level", "default"), "w" * 32),
    "size_day": "1023.99 GB",
    "unique_day": "9" * 12,
    "key": "k" * 32,
    **dict.fromkeys(("wait", "wait_day"), "99999.99 s"),
    "engagement": "9" * 12,
    "state": "s" * 100,
    "sign": "🚫 ",
    "invite": "https://t.me/+" + "i" * 64,
    "dcs": ", ".join(f"{dc} (99)" for dc in range(1, 12)),
    "description": "d" * 256,
    "cause": "c" * 300,
    "remedy": "r" * 300,
    "where": "telpher.telegram.adapter.account",
    "guess": "g" * 500,
    "times": "9999",
    "minutes": "10",
    "commands": "\n".join("/commandname: " + "d" * 45 for _ in range(16)),
}
CAPTIONS = {"banner.seen"}
EVERY_TEXT = [
    pytest.param(key, template, id=f"{code}:{key}")
    for code, templates in TEXTS.languages.items()
    for key, template in templates.items()
]


def placeholders(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize(("key", "template"), EVERY_TEXT)
def test_every_text_names_the_values_of_the_english_one(key, template):
    english = TEXTS.languages[FALLBACK]
    assert key in english, "a key that English lacks is never read"
    assert placeholders(template) <= placeholders(english[key])
    assert placeholders(template) <= LONGEST.keys()


@pytest.mark.parametrize(("key", "template"), EVERY_TEXT)
def test_every_text_fits_with_the_longest_values(key, template):
    filled = template.format_map({name: escape(value) for name, value in LONGEST.items()})
    section = key.partition(".")[0]
    if section in PLAIN_SECTIONS:
        assert not set("<>&") & set(template), "no HTML is known there"
        assert 0 < units(filled) <= {"press": PRESS_LIMIT, "command": 256, "button": 32}[section]
    else:
        # The menu's pages stand below banners, which makes their texts captions.
        limit = CAPTION_LIMIT if section == "page" or key in CAPTIONS else TEXT_LIMIT
        assert 0 < units(ParsedHtml(filled).text) <= limit


def test_values_are_escaped_and_html_is_not():
    texts = Texts({"en": {"a.b": "<b>{x}</b>"}})
    assert texts.render("a.b", "en", x="<i>&\"'{x}") == ("<b>&lt;i&gt;&amp;&quot;&#x27;{x}</b>")
    assert texts.render("a.b", "en", x=Html("<i>y</i>")) == "<b><i>y</i></b>"
    assert texts.render("a.b", "en", x=3) == "<b>3</b>"
    twice = texts.render("a.b", "en", x=texts.render("a.b", "en", x="<"))
    assert twice == "<b><b>&lt;</b></b>"


def test_plain_texts_are_not_escaped_and_html_is_not_given_out_as_plain():
    texts = Texts({"en": {"press.a": "Hello {x}", "page.a": "<b>Hello</b>"}})
    assert texts.plain("press.a", "en", x="<&>") == "Hello <&>"
    with pytest.raises(ValueError, match=r"page\.a"):
        texts.plain("page.a", "en")


@pytest.mark.parametrize(
    ("language", "greeting"),
    [
        ("en", "Hello"),
        ("de", "Hallo"),
        ("DE-at", "Hallo"),
        ("pt", "Olá"),
        ("pt-br", "Oi"),
        ("pt_BR", "Oi"),
        ("pt-ao", "Olá"),
        ("xx", "Hello"),
        ("", "Hello"),
        ("../en", "Hello"),
    ],
)
def test_the_language_is_chosen_by_tag_then_by_its_first_part_then_english(language, greeting):
    texts = Texts(
        {
            "en": {"a.hello": "Hello"},
            "de": {"a.hello": "Hallo"},
            "pt": {"a.hello": "Olá"},
            "pt-br": {"a.hello": "Oi"},
        }
    )
    assert texts.render("a.hello", language) == greeting


def test_a_missing_key_falls_back_to_the_wider_language_and_to_english():
    texts = Texts({"en": {"a.x": "en x", "a.y": "en y"}, "pt": {"a.x": "pt x"}, "pt-br": {}})
    assert texts.render("a.x", "pt-br") == "pt x"
    assert texts.render("a.y", "pt-br") == "en y"
    with pytest.raises(KeyError):
        texts.render("a.z", "pt-br")


def test_without_english_there_are_no_texts():
    with pytest.raises(ValueError, match="English"):
        Texts({"de": {}})

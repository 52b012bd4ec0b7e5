"""What is secret, by value, by form, and by the name of its field."""

from http import HTTPStatus

import pytest

from telpher.observe.redaction import REDACTED, Redaction

TOKEN = "123456:" + "A" * 35


def plain(**fields):
    return Redaction(["a-long-secret"])(None, "info", fields)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"token {TOKEN}.", TOKEN),
        (f"GET /bot{TOKEN}/getMe", TOKEN),
        ("tlp_0123456789abcdef_" + "s" * 43, "s" * 43),
        ("/stream/1/2?a=1&k=AbC-dEf&b=2", "AbC-dEf"),
        ("https://x.org/dashboard/sign-in?link=abc_DEF", "abc_DEF"),
        ("mongodb://ann:hush@db.example.org/films", "hush"),
        ("redis://:hush@db", "hush"),
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        ("authorization: BASIC abcdef0123456789", "abcdef0123456789"),
        ("\N{SNOWMAN} bearer abcdef0123456789", "abcdef0123456789"),
        ("call +49 170 1234567 now", "1234567"),
        ("call +1 (555) 123-4567", "123-4567"),
        ("/find/+491701234567", "1701234567"),
        ("User(phone='15551234567')", "15551234567"),
        ('{"phone_number": "15551234567"}', "15551234567"),
        ("a-long-secret", "a-long-secret"),
    ],
)
def test_secrets_by_form_and_value(text, secret):
    clean = Redaction(["a-long-secret"]).text(text)
    assert secret not in clean
    assert REDACTED in clean


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T20:15:07+00:00",
        "chat -1001234567890, message 42, user 4242424242",
        "tlp_0123456789abcdef",
        "1+1 = 2, 100+200",
        "the token was refused",
        "https://example.org:8080/watch/1/2",
        "a link of +5 MB",
    ],
)
def test_what_is_no_secret_stays(text):
    assert Redaction().text(text) == text


def test_passwords_of_urls_are_secret_alone_too():
    redaction = Redaction(["mongodb://ann:p%40ss%2Fword@db.example.org/films"])
    for spelling in ("p@ss/word", "p%40ss%2Fword"):
        assert redaction.text(f"refused: {spelling}") == f"refused: {REDACTED}"
    assert redaction.text("db.example.org, ann") == "db.example.org, ann"


@pytest.mark.parametrize(
    "name",
    [
        *("token", "bot_token", "password", "api_hash", "APIHASH", "Authorization", "set-cookie"),
        *("phone", "x-api-key", "a_name_that_is_rather_long_for_what_it_is_token"),
    ],
)
def test_fields_that_are_called_like_secrets(name):
    assert plain(**{name: "anything"}) == {name: REDACTED}
    assert plain(headers={name: "anything"}) == {"headers": {name: REDACTED}}


def test_the_id_of_a_token_may_be_read():
    assert plain(token="0123456789abcdef") == {"token": "0123456789abcdef"}
    assert plain(notoken="a", token_of="b") == {"notoken": "a", "token_of": "b"}
    assert plain(tokens=7, cookies_seen=3) == {"tokens": 7, "cookies_seen": 3}


def test_numbers_of_any_kind_are_numbers_at_once():
    """A status is an enum: looked for in a range, it would be compared with all of its numbers."""
    assert plain(status=HTTPStatus.BAD_REQUEST) == {"status": 400}
    assert plain(small=-(2**63), large=2**63 - 1) == {"small": -(2**63), "large": 2**63 - 1}
    assert plain(larger=2**63) == {"larger": str(2**63)}


def test_texts_of_any_length_take_their_time_and_no_more():
    """No pattern looks at one place again and again (this would take hours)."""
    for piece in ("+1 ", "1", ":", "a:", "://", "?k", "Bearer ", "phone=", "+(", "tlp_0"):
        Redaction().text(piece * 50_000)

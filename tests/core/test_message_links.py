import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.message_links import MessageLink, parse

PUBLIC = MessageLink("films", 123)
PRIVATE = MessageLink(-1001234567890, 123)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://t.me/films/123", PUBLIC),
        ("http://t.me/films/123", PUBLIC),
        ("t.me/films/123", PUBLIC),
        ("HTTPS://T.ME/Films/123", PUBLIC),
        ("https://www.t.me/films/123", PUBLIC),
        ("https://telegram.me/films/123", PUBLIC),
        ("telegram.dog/films/123", PUBLIC),
        ("https://t.me/s/films/123", PUBLIC),
        ("https://films.t.me/123", PUBLIC),
        ("https://t.me/films/45/123", PUBLIC),
        ("https://t.me/films/123?single", PUBLIC),
        ("https://t.me/films/123?comment=9", PUBLIC),
        ("https://t.me/films/123/#x", PUBLIC),
        ("  <https://t.me/films/123> ", PUBLIC),
        ("tg://resolve?domain=Films&post=123", PUBLIC),
        ("tg:resolve?domain=films&post=123", None),
        ("tg://resolve?domain=films&post=123&thread=45", PUBLIC),
        ("https://t.me/c/1234567890/123", PRIVATE),
        ("https://t.me/c/1234567890/45/123", PRIVATE),
        ("tg://privatepost?channel=1234567890&post=123", PRIVATE),
        ("TG://privatepost?channel=1234567890&post=123&thread=45", PRIVATE),
        ("https://t.me/c/3234567890123/1", MessageLink(-4234567890123, 1)),
        ("https://t.me/films", None),
        ("https://t.me/films/", None),
        ("https://t.me/films/0", None),
        ("https://t.me/films/-1", None),
        ("https://t.me/films/abc", None),
        ("https://t.me/films/2147483648", None),
        ("https://t.me/films/1/2/3", None),
        ("https://t.me/films/١٢٣", None),
        ("https://t.me/c/123", None),
        ("https://t.me/c/0/1", None),
        ("https://t.me/c/films/1", None),
        ("https://t.me/c/99999999999999999999/1", None),
        ("https://t.me/joinchat/123", None),
        ("https://t.me/+abc/123", None),
        ("https://t.me/x/123", None),
        ("https://t.me/c/1/2", MessageLink(-1000000000001, 2)),
        ("https://t.me.evil.example/films/123", None),
        ("https://evil.example/t.me/films/123", None),
        ("https://t.me@evil.example/films/123", None),
        ("ftp://t.me/films/123", None),
        ("https://[t.me/films/123", None),
        ("tg://join?invite=abc", None),
        ("tg://resolve?post=123", None),
        ("tg://resolve?domain=films&post=", None),
        ("123", None),
        ("@films", None),
        ("", None),
    ],
)
def test_every_form_of_a_link_names_its_message(text, link):
    assert parse(text) == link


@given(st.text())
def test_any_text_is_a_link_or_none(text):
    found = parse(text)
    assert found is None or found.message_id > 0


@given(st.text(alphabet="tg:/.me?=&csdomainpost0123456789", max_size=60))
def test_what_nearly_is_a_link_harms_nobody(text):
    parse(f"tg://{text}")
    parse(f"https://t.me/{text}")

from typing import Any

import pytest
from telethon.tl import types

from tgfake.errors import RpcError
from tgfake.rules import check_caption, check_markup, check_text, url_buttons_only


def keyboard(*natures: Any, text: str = "press") -> Any:
    buttons = [types.KeyboardInlineButton(text, nature) for nature in natures]
    return types.ReplyInlineMarkup([types.KeyboardInlineButtonRow(buttons)])


def refusal(check: Any, value: Any) -> str | None:
    try:
        check(value)
    except RpcError as error:
        return f"{error}".removeprefix("400 ")
    return None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a" * 4096, None),
        ("a" * 4097, "MESSAGE_TOO_LONG"),
        ("😀" * 2048, None),
        ("😀" * 2049, "MESSAGE_TOO_LONG"),
        ("", "MESSAGE_EMPTY"),
        (" \n", "MESSAGE_EMPTY"),
    ],
)
def test_texts(text: str, error: str | None) -> None:
    assert refusal(check_text, text) == error


@pytest.mark.parametrize(
    ("text", "error"), [("a" * 1024, None), ("", None), ("a" * 1025, "MEDIA_CAPTION_TOO_LONG")]
)
def test_captions(text: str, error: str | None) -> None:
    assert refusal(check_caption, text) == error


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"x", None),
        (b"x" * 64, None),
        (b"x" * 65, "BUTTON_DATA_INVALID"),
        (b"", "BUTTON_DATA_INVALID"),
    ],
)
def test_callback_data(data: bytes, error: str | None) -> None:
    assert refusal(check_markup, keyboard(types.InlineButtonTypeCallback(data))) == error


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x" * 256, None),
        ("x" * 257, "BUTTON_COPY_TEXT_INVALID"),
        ("", "BUTTON_COPY_TEXT_INVALID"),
    ],
)
def test_copy_buttons(text: str, error: str | None) -> None:
    assert refusal(check_markup, keyboard(types.InlineButtonTypeCopy(text))) == error


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://example.com/stream/1/2?k=x", True),
        ("http://example.com:8080/", True),
        ("http://1.1.1.1/", True),
        ("tg://user?id=1", True),
        ("http://localhost:8080/", False),
        ("http://telpher:8080/", False),
        ("http://127.0.0.1/", False),
        ("http://192.168.1.5:8080/x", False),
        ("http://10.0.0.1/", False),
        ("http://[::1]/", False),
        ("http://box.local/", False),
        ("vlc://example.com/x", False),
        ("ftp://example.com/x", False),
        ("example.com", False),
        ("http://[bad/", False),
        ("", False),
    ],
)
def test_url_buttons(url: str, good: bool) -> None:
    error = None if good else "BUTTON_URL_INVALID"
    assert refusal(check_markup, keyboard(types.InlineButtonTypeUrl(url))) == error


def test_a_world_may_take_local_addresses_but_no_others() -> None:
    for url in ("http://127.0.0.1:8080/watch/1/2?k=x", "http://localhost/"):
        check_markup(keyboard(types.InlineButtonTypeUrl(url)), local_urls=True)
    with pytest.raises(RpcError, match="BUTTON_URL_INVALID"):
        check_markup(keyboard(types.InlineButtonTypeUrl("javascript:alert(1)")), local_urls=True)


def test_web_apps_need_https() -> None:
    good = keyboard(types.InlineButtonTypeWebView("https://example.com/"))
    bad = keyboard(types.InlineButtonTypeWebView("http://example.com/"))
    assert (refusal(check_markup, good), refusal(check_markup, bad)) == (None, "BUTTON_URL_INVALID")


def test_buttons_need_a_text_and_may_not_be_too_many() -> None:
    nature = types.InlineButtonTypeCallback(b"x")
    assert refusal(check_markup, keyboard(nature, text="")) == "BUTTON_TEXT_INVALID"
    assert refusal(check_markup, keyboard(*[nature] * 101)) == "REPLY_MARKUP_TOO_LONG"
    assert refusal(check_markup, keyboard(*[nature] * 100)) is None


def test_a_forward_keeps_a_keyboard_of_links_only() -> None:
    link = types.InlineButtonTypeUrl("https://example.com/")
    links = keyboard(link, link)
    assert url_buttons_only(links) is links
    assert url_buttons_only(keyboard(link, types.InlineButtonTypeCallback(b"x"))) is None
    assert url_buttons_only(None) is None

"""Limits on what a message may say, with the names under which Telegram refuses the rest.

Lengths are counted in UTF-16 code units, as entities are: the strictest of the readings in use.
https://core.telegram.org/api/config (message_length_max, caption_length_max),
https://core.telegram.org/bots/api#inlinekeyboardbutton
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from telethon.tl import types

from tgfake.errors import RpcError
from tgfake.world.messages import utf16_len

MESSAGE_LENGTH = 4096
CAPTION_LENGTH = 1024
CALLBACK_DATA = 64
COPY_TEXT = 256
_MOST_BUTTONS = 100  # of one message
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan")


def check_text(text: str) -> None:
    """Raise MESSAGE_EMPTY or MESSAGE_TOO_LONG for the text of a message without media."""
    if not text.strip():
        raise RpcError(400, "MESSAGE_EMPTY")
    if utf16_len(text) > MESSAGE_LENGTH:
        raise RpcError(400, "MESSAGE_TOO_LONG")


def check_caption(text: str) -> None:
    """Raise MEDIA_CAPTION_TOO_LONG for the text below media."""
    if utf16_len(text) > CAPTION_LENGTH:
        raise RpcError(400, "MEDIA_CAPTION_TOO_LONG")


def check_markup(markup: Any, *, local_urls: bool = False) -> None:
    """Raise an error of a keyboard: BUTTON_DATA_INVALID, BUTTON_URL_INVALID and their like.

    `local_urls` lets buttons lead to addresses of this machine, which Telegram refuses.
    """
    if not isinstance(markup, types.ReplyInlineMarkup):
        return
    buttons = [button for row in markup.rows for button in row.buttons]
    if len(buttons) > _MOST_BUTTONS:
        raise RpcError(400, "REPLY_MARKUP_TOO_LONG")
    for button in buttons:
        if not button.text:
            raise RpcError(400, "BUTTON_TEXT_INVALID")
        _check_nature(button.type, local_urls=local_urls)


def _check_nature(nature: Any, *, local_urls: bool) -> None:
    if isinstance(nature, types.InlineButtonTypeCallback):
        if not 0 < len(nature.data) <= CALLBACK_DATA:
            raise RpcError(400, "BUTTON_DATA_INVALID")
    elif isinstance(nature, types.InlineButtonTypeCopy):
        if not 0 < utf16_len(nature.copy_text) <= COPY_TEXT:
            raise RpcError(400, "BUTTON_COPY_TEXT_INVALID")
    elif isinstance(nature, types.InlineButtonTypeUrl):
        _check_url(nature.url, ("http", "https", "tg"), local=local_urls)
    elif isinstance(nature, types.InlineButtonTypeWebView):
        _check_url(nature.url, ("https",))


def _check_url(url: str, schemes: Iterable[str], *, local: bool = False) -> None:
    """Buttons lead to public hosts only, by http(s), or into Telegram by tg:."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise RpcError(400, "BUTTON_URL_INVALID") from error
    if parts.scheme not in schemes:
        raise RpcError(400, "BUTTON_URL_INVALID")
    if parts.scheme != "tg" and not local and not _public(parts.hostname or ""):
        raise RpcError(400, "BUTTON_URL_INVALID")


def _public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and not host.endswith(_PRIVATE_SUFFIXES)


def url_buttons_only(markup: Any) -> Any:
    """The keyboard where a forward keeps it, that is when all of it is links; else None."""
    if not isinstance(markup, types.ReplyInlineMarkup):
        return None
    buttons = [button for row in markup.rows for button in row.buttons]
    keep = all(isinstance(button.type, types.InlineButtonTypeUrl) for button in buttons)
    return markup if keep else None

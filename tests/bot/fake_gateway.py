"""A BotGateway that records what is sent and refuses what Telegram refuses (telegram.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from ipaddress import ip_address
from urllib.parse import urlsplit

from telpher.core.model import MessageRef
from telpher.errors import RequestRejectedError, TelegramError
from telpher.telegram.gateway import Button, Keyboard

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
PRESS_LIMIT = 200
DATA_LIMIT = 64
COPY_LIMIT = 256
TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "del", "a", "code", "pre", "blockquote"}


class ParsedHtml(HTMLParser):
    """`text` without markup; `marked` the (tag, text inside) pairs. Unbalanced HTML is refused."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.marked: list[tuple[str, str]] = []
        self._open: list[tuple[str, int]] = []
        self.feed(html)
        self.close()
        if self._open:
            raise RequestRejectedError("ENTITIES_UNBALANCED")

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            raise RequestRejectedError(f"ENTITY_UNKNOWN {tag}")
        self._open.append((tag, len(self.text)))

    def handle_endtag(self, tag):
        if not self._open or self._open[-1][0] != tag:
            raise RequestRejectedError(f"ENTITIES_UNBALANCED {tag}")
        _, start = self._open.pop()
        self.marked.append((tag, self.text[start:]))

    def handle_data(self, data):
        self.text += data


def units(text: str) -> int:
    """Telegram's length of a text: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def check_keyboard(keyboard: Keyboard) -> None:
    for button in (button for row in keyboard for button in row):
        if not button.text or sum(map(bool, (button.data, button.url, button.copy))) != 1:
            raise RequestRejectedError("BUTTON_TYPE_INVALID")
        if len(button.data) > DATA_LIMIT:
            raise RequestRejectedError("BUTTON_DATA_INVALID")
        if len(button.copy) > COPY_LIMIT:
            raise RequestRejectedError("BUTTON_COPY_TEXT_INVALID")
        if button.url and not host_is_public(button.url):
            raise RequestRejectedError("BUTTON_URL_INVALID")


def host_is_public(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https"):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan"))


@dataclass
class Sent:
    """One message as its reader sees it."""

    ref: MessageRef
    html: str
    keyboard: Keyboard
    reply_to: int = 0

    @property
    def text(self) -> str:
        return ParsedHtml(self.html).text

    @property
    def buttons(self) -> list[Button]:
        return [button for row in self.keyboard for button in row]

    def marked(self, tag: str) -> list[str]:
        return [text for name, text in ParsedHtml(self.html).marked if name == tag]

    def button(self, label: str) -> Button:
        (found,) = [button for button in self.buttons if label in button.text]
        return found


@dataclass
class FakeGateway:
    """`failures` are raised one by one by the next calls, whichever they are."""

    failures: list[TelegramError] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    edited: list[Sent] = field(default_factory=list)
    pressed: list[tuple[int, str]] = field(default_factory=list)
    commands: list[tuple[str, str]] = field(default_factory=list)

    @property
    def silent(self) -> bool:
        return not (self.sent or self.edited or self.pressed)

    async def send_text(
        self, chat_id: int, html: str, keyboard: Keyboard = (), *, reply_to: int = 0
    ) -> MessageRef:
        self._check(html, keyboard, TEXT_LIMIT)
        ref = MessageRef(chat_id, 1000 + len(self.sent))
        self.sent.append(Sent(ref, html, keyboard, reply_to))
        return ref

    async def edit_text(self, ref: MessageRef, html: str, keyboard: Keyboard = ()) -> None:
        self._check(html, keyboard, TEXT_LIMIT)
        self.edited.append(Sent(ref, html, keyboard))

    async def send_picture(
        self, chat_id: int, picture: bytes, html: str, keyboard: Keyboard = ()
    ) -> MessageRef:
        self._check(html, keyboard, CAPTION_LIMIT)
        ref = MessageRef(chat_id, 1000 + len(self.sent))
        self.sent.append(Sent(ref, html, keyboard))
        return ref

    async def answer_press(self, query_id: int, text: str = "", *, alert: bool = False) -> None:
        self._fail()
        if units(text) > PRESS_LIMIT:
            raise RequestRejectedError("MESSAGE_TOO_LONG")
        self.pressed.append((query_id, text))

    async def set_commands(self, commands: Sequence[tuple[str, str]]) -> None:
        self._fail()
        self.commands = list(commands)

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    def _check(self, html: str, keyboard: Keyboard, limit: int) -> None:
        self._fail()
        parsed = ParsedHtml(html)
        if not parsed.text.strip():
            raise RequestRejectedError("MESSAGE_EMPTY")
        if units(parsed.text) > limit:
            raise RequestRejectedError("MESSAGE_TOO_LONG")
        check_keyboard(keyboard)

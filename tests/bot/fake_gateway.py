"""A BotGateway that records what is sent and refuses what Telegram refuses (telegram.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from ipaddress import ip_address
from urllib.parse import urlsplit

from telpher.core.model import MessageRef
from telpher.errors import NotFoundError, RequestRejectedError, TelegramError
from telpher.telegram.gateway import (
    CAPTION_LIMIT,
    COPY_LIMIT,
    DATA_LIMIT,
    PRESS_LIMIT,
    TEXT_LIMIT,
    Button,
    Keyboard,
    Outgoing,
)

TAGS = {"b", "strong", "i", "em", "u", "s", "del", "a", "code", "pre", "blockquote"}


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
    message: Outgoing

    @property
    def html(self) -> str:
        return self.message.html

    @property
    def reply_to(self) -> int:
        return self.message.reply_to

    @property
    def text(self) -> str:
        return ParsedHtml(self.html).text

    @property
    def buttons(self) -> list[Button]:
        return [button for row in self.message.keyboard for button in row]

    def marked(self, tag: str) -> list[str]:
        return [text for name, text in ParsedHtml(self.html).marked if name == tag]

    def button(self, label: str) -> Button:
        (found,) = [button for button in self.buttons if label in button.text]
        return found


@dataclass
class FakeGateway:
    """`failures` are raised one by one by the next calls, whichever they are; None lets one by."""

    failures: list[TelegramError | None] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    edited: list[Sent] = field(default_factory=list)
    pressed: list[tuple[int, str]] = field(default_factory=list)
    deleted: list[MessageRef] = field(default_factory=list)
    commands: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    pictures: dict[MessageRef, bytes] = field(default_factory=dict)
    named: dict[tuple[int, str], MessageRef] = field(default_factory=dict)
    local_urls: bool = False

    @property
    def silent(self) -> bool:
        return not (self.sent or self.edited or self.pressed)

    async def send(self, chat_id: int, message: Outgoing) -> MessageRef:
        self._check(message)
        named = (chat_id, message.once)
        if message.once and named in self.named:
            return self.named[named]
        ref = MessageRef(chat_id, 1000 + len(self.sent))
        self.sent.append(Sent(ref, message))
        self.named[named] = ref
        return ref

    async def edit(self, ref: MessageRef, message: Outgoing) -> None:
        self._check(message)
        self.edited.append(Sent(ref, message))

    async def delete(self, ref: MessageRef) -> None:
        self._fail()
        self.deleted.append(ref)

    async def read_picture(self, ref: MessageRef) -> bytes:
        self._fail()
        if ref not in self.pictures:
            raise NotFoundError("no picture")
        return self.pictures[ref]

    async def answer_press(self, query_id: int, text: str = "", *, alert: bool = False) -> None:
        self._fail()
        if units(text) > PRESS_LIMIT:
            raise RequestRejectedError("MESSAGE_TOO_LONG")
        self.pressed.append((query_id, text))

    async def set_commands(self, commands: Sequence[tuple[str, str]], language: str = "") -> None:
        self._fail()
        self.commands[language] = list(commands)

    def _fail(self) -> None:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure

    def _check(self, message: Outgoing) -> None:
        self._fail()
        attached = bool(message.picture or message.document)
        if message.picture and message.document:
            raise RequestRejectedError("MEDIA_INVALID")
        parsed = ParsedHtml(message.html)
        if not parsed.text.strip() and not attached:
            raise RequestRejectedError("MESSAGE_EMPTY")
        if units(parsed.text) > (CAPTION_LIMIT if attached else TEXT_LIMIT):
            raise RequestRejectedError("MESSAGE_TOO_LONG")
        check_keyboard(message.keyboard)

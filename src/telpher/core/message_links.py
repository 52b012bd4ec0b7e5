"""Links to messages, as people copy them out of Telegram's clients. Pure.

    https://t.me/name/123                 a public channel or group; also telegram.me, telegram.dog
    https://t.me/name/45/123              the same, in topic 45
    https://t.me/c/1234567890/123         a private one, by the id of the channel
    https://t.me/c/1234567890/45/123      in topic 45
    tg://resolve?domain=name&post=123     and tg://privatepost?channel=1234567890&post=123, with
                                          thread=45 or not

Also without https://, with www., with t.me/s/name (the web preview), name.t.me/123, and with
whatever follows the numbers (?single, ?comment=..., #...). A comment's own number is not the
post's: such links name the post [https://core.telegram.org/api/links#message-links].
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

# What Telegram's int holds; channel ids have grown beyond 2^31 (telegram.md).
_MESSAGE_IDS = range(1, 1 << 31)
_CHANNEL_IDS = range(1, 1 << 52)

_HOSTS = frozenset({"t.me", "telegram.me", "telegram.dog"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_NUMBER = re.compile(r"[0-9]{1,16}")

# Above the ids of channels in the Bot API's form: -100 followed by the id, also above 2^31.
_CHANNEL_BASE = 1_000_000_000_000

# First parts of a path that are no names.
_ROUTES = frozenset(
    {"joinchat", "addstickers", "addemoji", "addlist", "share", "proxy", "socks", "login"}
)


@dataclass(frozen=True, slots=True)
class MessageLink:
    """A message of the chat `chat`: its public name in lower case, or its chat id."""

    chat: str | int
    message_id: int


def parse(text: str) -> MessageLink | None:
    """The message that `text` names; None when it is no such link."""
    text = text.strip().strip("<>")
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    match parts.scheme:
        case "tg":
            return _of_app(host, parts.query)
        case "http" | "https":
            return _of_web(host, [each for each in parts.path.split("/") if each])
    return None


def _of_web(host: str, segments: list[str]) -> MessageLink | None:
    if host in _HOSTS:
        return _of_path(segments)
    name, _, rest = host.partition(".")
    return _of_path([name, *segments]) if rest in _HOSTS else None


def _of_path(segments: list[str]) -> MessageLink | None:
    if segments[:1] == ["c"]:
        return _made(_private(segments[1:2]), segments[2:])
    if segments[:1] == ["s"]:
        segments = segments[1:]
    return _made(_public(segments[:1]), segments[1:])


def _of_app(route: str, query: str) -> MessageLink | None:
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    post = [asked.get("post", "")]
    match route:
        case "resolve":
            return _made(_public([asked.get("domain", "")]), post)
        case "privatepost":
            return _made(_private([asked.get("channel", "")]), post)
    return None


def _made(chat: str | int | None, numbers: list[str]) -> MessageLink | None:
    """`numbers` are the message's, after the topic's where there is one."""
    if chat is None or not 1 <= len(numbers) <= 2:
        return None
    if not all(map(_NUMBER.fullmatch, numbers)):
        return None
    message_id = int(numbers[-1])
    return MessageLink(chat, message_id) if message_id in _MESSAGE_IDS else None


def _public(segment: list[str]) -> str | None:
    name = "".join(segment).lower()
    return name if _NAME.fullmatch(name) and name not in _ROUTES else None


def _private(segment: list[str]) -> int | None:
    text = "".join(segment)
    if not _NUMBER.fullmatch(text) or int(text) not in _CHANNEL_IDS:
        return None
    return -_CHANNEL_BASE - int(text)

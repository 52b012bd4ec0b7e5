"""What the visitor does: a deed is one request of the page, and one act of a person in tgfake."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from telpher.demo.chat.cast import Cast, Place
from telpher.demo.chat.facts import web_address
from telpher.demo.scene import Scene
from tgfake.errors import RpcError
from tgfake.person import Seen
from tgfake.rules import check_text
from tgfake.world import Account, File

# Seconds that a pressed button spins, as in Telegram's own clients.
_BUTTON_SPINS = 15.0
# Telegram's own: files of one album, messages of one forward.
_MOST_IN_ALBUM, _MOST_FORWARDED = 10, 100

# What the page says where Telegram would refuse; others are told by name.
_REFUSALS: Mapping[str, str] = {
    "YOU_BLOCKED_USER": "You have blocked the bot. Unblock it first.",
    "MESSAGE_EMPTY": "There is nothing to send.",
    "MESSAGE_TOO_LONG": "A message has at most 4,096 characters.",
    "CHAT_FORWARDS_RESTRICTED": "This chat does not let its messages be forwarded.",
    "CHAT_ADMIN_REQUIRED": "Only admins write here.",
    "CHAT_WRITE_FORBIDDEN": "You cannot write here.",
}

Result = dict[str, Any]


class RefusedError(Exception):
    """A deed that cannot be done; the text is for the visitor."""


class Deeds:
    """Does them. `do` is handed what the page has sent."""

    def __init__(self, scene: Scene, cast: Cast) -> None:
        self._scene = scene
        self._cast = cast
        self._deeds: dict[str, Callable[[Place, Mapping[str, Any]], Awaitable[Result]]] = {
            "send": self._send,
            "samples": self._samples,
            "forward": self._forward,
            "press": self._press,
            "delete": self._delete,
            "block": self._block,
            "unblock": self._unblock,
        }

    async def do(self, asked: object) -> Result:
        """One deed; what the page shall know of it. Raises RefusedError."""
        if not isinstance(asked, dict):
            raise RefusedError("That is no deed.")
        try:
            place = self._cast.place(_text(asked, "who"), _number(asked, "chat"))
            return await self._deeds[_text(asked, "do")](place, asked)
        except RpcError as error:
            raise RefusedError(_REFUSALS.get(error.message, error.message)) from None
        except (LookupError, TypeError, ValueError):
            raise RefusedError("That is not there any more.") from None

    async def send_file(self, who: str, chat: int, file: File, caption: str = "") -> None:
        """Sends a file that the visitor has brought. Raises RefusedError."""
        try:
            place = self._cast.place(who, chat)
            await place.person.send_file(place.chat, file, caption)
        except RpcError as error:
            raise RefusedError(_REFUSALS.get(error.message, error.message)) from None
        except LookupError:
            raise RefusedError("There is no such chat.") from None

    async def _send(self, place: Place, asked: Mapping[str, Any]) -> Result:
        text = _text(asked, "text").strip()
        check_text(text)
        if asked.get("reply") is None:
            await place.person.send(place.chat, text)
        else:
            await place.person.reply(place.message(_number(asked, "reply")), text)
        return {}

    async def _samples(self, place: Place, asked: Mapping[str, Any]) -> Result:
        files = [self._scene.sample(str(each)) for each in _list(asked, "names", _MOST_IN_ALBUM)]
        for together in _albums(files):
            if len(together) == 1:
                await place.person.send_file(place.chat, together[0])
            else:
                await place.person.send_album(place.chat, together)
        return {}

    async def _forward(self, place: Place, asked: Mapping[str, Any]) -> Result:
        to = self._cast.place(_text(asked, "who"), _number(asked, "to"))
        await place.person.forward(to.chat, *self._messages(place, asked))
        return {}

    async def _delete(self, place: Place, asked: Mapping[str, Any]) -> Result:
        messages = self._messages(place, asked)
        if not all(seen.out for seen in messages):
            raise RefusedError("You can delete what you have written yourself.")
        await place.person.delete(*messages)
        return {}

    async def _press(self, place: Place, asked: Mapping[str, Any]) -> Result:
        seen = place.message(_number(asked, "message"))
        button = seen.buttons[_number(asked, "row")][_number(asked, "column")]
        try:
            async with asyncio.timeout(_BUTTON_SPINS):
                answer = await place.person.press(seen, button.data or b"")
        except TimeoutError:
            raise RefusedError("The bot does not answer.") from None
        return {"text": answer.text, "alert": answer.alert, "url": web_address(answer.url)}

    async def _block(self, place: Place, _asked: Mapping[str, Any]) -> Result:
        await place.person.block(_bot(place))
        return self._told()

    async def _unblock(self, place: Place, _asked: Mapping[str, Any]) -> Result:
        await place.person.unblock(_bot(place))
        return self._told()

    def _told(self) -> Result:
        """Whom somebody blocks is no event of the world's: so that pages hear of it."""
        self._scene.world.changed.beat()
        return {}

    def _messages(self, place: Place, asked: Mapping[str, Any]) -> list[Seen]:
        numbers = _list(asked, "messages", _MOST_FORWARDED)
        return [place.message(int(number)) for number in numbers]


def _bot(place: Place) -> Account:
    if not isinstance(place.chat, Account):
        raise RefusedError("Only bots can be blocked here.")
    return place.chat


def _albums(files: Sequence[File]) -> list[list[File]]:
    """What Telegram's clients send as one: pictures and films, songs, documents, each by itself."""
    kinds: dict[str, list[File]] = {}
    for file in files:
        kind = "seen" if file.kind.value in {"video", "photo"} else file.kind.value
        kinds.setdefault(kind, []).append(file)
    return list(kinds.values())


def _text(asked: Mapping[str, Any], field: str) -> str:
    if not isinstance(value := asked[field], str):
        raise TypeError(field)
    return value


def _number(asked: Mapping[str, Any], field: str) -> int:
    value = asked[field]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(field)
    return value


def _list(asked: Mapping[str, Any], field: str, most: int) -> list[Any]:
    value = asked[field]
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise ValueError(field)
    return value

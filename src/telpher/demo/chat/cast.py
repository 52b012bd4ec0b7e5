"""Whom the visitor can be, and what these people see: the page's view of the world."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from telpher.core import display
from telpher.demo.scene import Part, Scene
from tgfake.person import Person, Seen
from tgfake.world import Account, Chat, ChatKind

# Messages of a chat that the page knows. tgfake keeps all; a page that is open for days need not.
MOST_SHOWN = 300

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Place:
    """One chat on somebody's list; `id` is its marked id."""

    id: int
    chat: Account | Chat
    person: Person

    def seen(self) -> list[Seen]:
        """The newest messages in it, oldest first."""
        return self.person.history(self.chat)[-MOST_SHOWN:]

    def message(self, number: int) -> Seen:
        """The message of that id. Raises LookupError."""
        for seen in self.person.history(self.chat):
            if seen.id == number:
                return seen
        raise LookupError(f"no message {number}")

    @property
    def may_write(self) -> bool:
        """Whether there is something to write with."""
        chat = self.chat
        if isinstance(chat, Account) or not chat.broadcast:
            return True
        return chat.may(self.person.user_id, "post_messages")

    def facts(self) -> dict[str, object]:
        """What the page shows of it."""
        chat = self.chat
        return {
            "id": self.id,
            "title": name(chat.first_name if isinstance(chat, Account) else chat.title),
            "kind": "bot" if isinstance(chat, Account) else chat.kind.value,
            "about": _about(chat),
            "username": chat.username,
            "writable": self.may_write,
            "blocked": self.id in self.person.account.blocked,
        }


class Cast:
    """Everybody whom the visitor can be."""

    def __init__(self, scene: Scene) -> None:
        self._bot = scene.bot
        self.directory = scene.world.directory
        self._parts = {part.key: part for part in scene.parts()}
        self._places = {
            part.key: {
                chat.peer.marked: Place(chat.peer.marked, chat, part.person) for chat in part.chats
            }
            for part in self._parts.values()
        }

    def places(self) -> Iterator[tuple[str, Place]]:
        """Every chat of everybody."""
        for who, places in self._places.items():
            for place in places.values():
                yield who, place

    def place(self, who: str, chat: int) -> Place:
        """A chat on somebody's list. Raises LookupError."""
        return self._places[who][chat]

    def facts(self) -> list[dict[str, object]]:
        """What the page shows of everybody."""
        return [self._facts(part) for part in self._parts.values()]

    def _facts(self, part: Part) -> dict[str, object]:
        return {
            "key": part.key,
            "name": name(part.person.account.first_name),
            "role": part.role,
            "chats": [place.facts() for place in self._places[part.key].values()],
            "commands": part.person.commands(self._bot),
        }


def name(text: str | None) -> str:
    """A name of somebody or something, in one line and without what turns writing around."""
    return display.one_line(text or "", _LONGEST_NAME)


def _about(chat: Account | Chat) -> str:
    if isinstance(chat, Account):
        return "bot"
    members = len(list(chat.present()))
    if chat.kind is ChatKind.CHANNEL:
        return f"{'public' if chat.username else 'private'} channel, {members} subscribers"
    return f"group, {members} members"

"""The world: what a test or a demonstration sets up.

    world = World()
    bot = world.add_bot("123456:secret", "example_bot")
    ann = world.person("Ann")
    film = world.add_file(kind="video", size=4 << 30, name="film.mp4", dc=4)

What is changed later, as Telegram's own staff could, is in `Telegram`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from telethon.tl import types

from tgfake.world.accounts import Account
from tgfake.world.chats import Chat, ChatKind, Role
from tgfake.world.files import File, FileSpec
from tgfake.world.peers import Kind, Peer
from tgfake.world.person import Person
from tgfake.world.telegram import Telegram


class World(Telegram):
    """A Telegram, and the bots, people, files and chats that are put into it."""

    def add_bot(self, token: str, username: str, **fields: Any) -> Account:
        """A bot; its id is the number before the token's colon. `fields` as of Account."""
        number = token.partition(":")[0]
        user_id = int(number) if number.isdecimal() else self.directory.next_id(Kind.USER)
        name = fields.pop("first_name", username)
        account = Account(user_id, name, username=username, token=token, **fields)
        return self.directory.add_account(account)

    def add_user(self, first_name: str, **fields: Any) -> Account:
        """A person; `fields` as of Account, `user_id` to choose the id."""
        user_id = fields.pop("user_id", None) or self.directory.next_id(Kind.USER)
        fields.setdefault("lang_code", "en")
        return self.directory.add_account(Account(user_id, first_name, **fields))

    def person(self, who: str | Account) -> Person:
        """Whoever acts as this user; a name that nobody has yet makes a new user."""
        account = who if isinstance(who, Account) else self._named_user(who)
        return Person(self, account)

    def _named_user(self, name: str) -> Account:
        accounts = self.directory.accounts.values()
        known = (one for one in accounts if one.first_name == name and not one.is_bot)
        return next(known, None) or self.add_user(name)

    def add_file(self, spec: FileSpec | None = None, **fields: Any) -> File:
        """A file by its FileSpec, or by the fields of one."""
        return self.directory.add_file(spec or FileSpec(**fields))

    def add_group(self, title: str, *members: Account, **fields: Any) -> Chat:
        """A basic group; the first member is its creator. `fields` as of Chat."""
        return self._add_chat(ChatKind.GROUP, title, members, fields)

    def add_supergroup(self, title: str, *members: Account, **fields: Any) -> Chat:
        """A supergroup; with `forum=True` one with topics, with `username` a public one."""
        return self._add_chat(ChatKind.SUPERGROUP, title, members, fields)

    def add_channel(self, title: str, *members: Account, **fields: Any) -> Chat:
        """A broadcast channel, with `username` a public one."""
        return self._add_chat(ChatKind.CHANNEL, title, members, fields)

    def _add_chat(
        self, kind: ChatKind, title: str, members: Sequence[Account], fields: dict[str, Any]
    ) -> Chat:
        peer_kind = Kind.GROUP if kind is ChatKind.GROUP else Kind.CHANNEL
        number = fields.pop("id", None) or self.directory.next_id(peer_kind)
        chat = Chat(Peer(peer_kind, number), title, kind, self.clock.now(), **fields)
        chat.invite = chat.invite or hashlib.sha256(f"{chat.peer}".encode()).hexdigest()[:16]
        self.directory.add_chat(chat)
        for account in members:
            role = Role.MEMBER if chat.members else Role.CREATOR
            self.add_member(chat, account, role, announce=False)
        if chat.forum and members:
            # Takes the id 1, which is that of the topic General.
            self.announce(chat, members[0], types.MessageActionChannelCreate(title))
        return chat

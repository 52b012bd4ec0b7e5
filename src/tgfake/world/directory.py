"""The directory: every account, chat and file of a world, by id, name and token."""

from __future__ import annotations

from pathlib import Path

from tgfake.clock import Clock
from tgfake.content import OnDisk
from tgfake.world.accounts import Account
from tgfake.world.chats import Chat, ChatKind
from tgfake.world.files import File, FileKind, FileSpec, source_of
from tgfake.world.peers import Kind, Peer

# Ids start where Telegram's are today: users and channels beyond 32 bits, which a client must bear.
_FIRST_USER = 6_100_000_001
_FIRST_GROUP = 4_200_000_001
_FIRST_CHANNEL = 3_300_000_001
_FIRST_FILE = 5_368_324_170_671_200_001


class Directory:
    """Finds and creates. Ids are counted up, so that the same script gives the same world."""

    def __init__(self, clock: Clock, home_dc: int) -> None:
        self.clock = clock
        self.home_dc = home_dc
        self.accounts: dict[int, Account] = {}
        self.chats: dict[Peer, Chat] = {}
        self.files: dict[tuple[str, int], File] = {}
        self._tokens: dict[str, Account] = {}
        self._names: dict[str, Account | Chat] = {}
        self._counters = {
            Kind.USER: _FIRST_USER,
            Kind.GROUP: _FIRST_GROUP,
            Kind.CHANNEL: _FIRST_CHANNEL,
        }
        self._next_file = _FIRST_FILE

    def account(self, user_id: int) -> Account:
        """The account with this id; raises KeyError."""
        return self.accounts[user_id]

    def by_token(self, token: str) -> Account | None:
        """The bot with this token."""
        return self._tokens.get(token)

    def by_name(self, name: str) -> Account | Chat | None:
        """Whoever has this public name, with or without @, in any case."""
        return self._names.get(name.removeprefix("@").lower())

    def next_id(self, kind: Kind) -> int:
        """A fresh id: one that no script has taken for itself."""
        number = self._counters[kind]
        while number in self.accounts if kind is Kind.USER else Peer(kind, number) in self.chats:
            number += 1
        self._counters[kind] = number + 1
        return number

    def add_account(self, account: Account) -> Account:
        """Enter an account; raises ValueError when the id, token or name is taken."""
        if account.user_id in self.accounts:
            raise ValueError(f"there is a user {account.user_id} already")
        self._take_name(account.username, account)
        self.accounts[account.user_id] = account
        if account.token is not None:
            self._tokens[account.token] = account
        return account

    def add_chat(self, chat: Chat) -> Chat:
        """Enter a chat; raises ValueError when the id or name is taken."""
        if chat.peer in self.chats:
            raise ValueError(f"there is a chat {chat.peer.marked} already")
        self._take_name(chat.username, chat)
        self.chats[chat.peer] = chat
        return chat

    def by_invite(self, link: str) -> Chat | None:
        """The chat that an invite link (t.me/+HASH) opens."""
        code = link.rpartition("+")[2]
        return next((chat for chat in self.chats.values() if chat.invite == code), None)

    def rename(self, owner: Account | Chat, name: str | None) -> None:
        """Give somebody another public name, or none; raises ValueError when it is taken."""
        self._take_name(name, owner)
        if owner.username is not None and owner.username.lower() != (name or "").lower():
            del self._names[owner.username.lower()]
        owner.username = name

    def add_file(self, spec: FileSpec) -> File:
        """Make a file; raises OSError when `spec.path` cannot be read."""
        disk = OnDisk.at(Path(spec.path)) if spec.path is not None else None
        file_id, self._next_file = self._next_file, self._next_file + 1
        kind = FileKind(spec.kind)
        source = source_of(spec, file_id, disk)
        file = File(file_id, spec, kind, source, spec.dc or self.home_dc, self.clock.now())
        self.files[file.access_kind, file_id] = file
        return file

    def has_met(self, account: Account, user_id: int) -> bool:
        """Whether `account` knows this user: a private chat, or a chat that both are in."""
        if user_id == account.user_id or user_id in account.contacts:
            return True
        return any(
            chat.has(account.user_id) and chat.has(user_id) and chat.kind is not ChatKind.CHANNEL
            for chat in self.chats.values()
        )

    def _take_name(self, name: str | None, owner: Account | Chat) -> None:
        if name is None:
            return
        if self._names.setdefault(name.lower(), owner) is not owner:
            raise ValueError(f"the name {name} is taken")

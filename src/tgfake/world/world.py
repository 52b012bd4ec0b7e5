"""The world: what a test or a demonstration sets up and changes, as Telegram's own staff could.

    world = World()
    bot = world.add_bot("123456:secret", "example_bot")
    ann = world.person("Ann")
    film = world.add_file(kind="video", size=4 << 30, name="film.mp4", dc=4)

Bots act through MTProto (`tgfake.services`), people through `Person`; both end here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from telethon.tl import types

from tgfake.clock import Clock, SystemClock
from tgfake.limits import Limits
from tgfake.world.access import Access
from tgfake.world.accounts import Account
from tgfake.world.callbacks import Callbacks
from tgfake.world.chats import ALL_RIGHTS, Chat, ChatKind, Member, Role
from tgfake.world.delivery import Cause, Delivery, OnUpdate
from tgfake.world.directory import Directory
from tgfake.world.files import File, FileSpec
from tgfake.world.messages import Body, Message
from tgfake.world.peers import Kind, Peer
from tgfake.world.person import Person
from tgfake.world.script import build, demo_script, load, settings
from tgfake.world.sent import SentLog
from tgfake.world.sight import Sight
from tgfake.world.uploads import Uploads
from tgfake.world.view import View

# The same by default in every process, so that a client's stored hashes outlive a restart.
_SEED = b"a world on loopback"


class World:
    """Everything that exists. Needs no event loop until somebody waits."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        limits: bool = False,
        local_urls: bool = False,
        home_dc: int = 2,
        seed: bytes = _SEED,
    ) -> None:
        self.clock = clock or SystemClock()
        self.home_dc = home_dc
        self.limits = Limits(self.clock, limits)
        # Buttons may lead to this machine: for demonstrations. Telegram refuses such addresses.
        self.local_urls = local_urls
        self.access = Access(seed)
        self.directory = Directory(self.clock, home_dc)
        self.view = View(self.directory, self.access)
        self.sight = Sight(self.directory)
        self.delivery = Delivery(self.directory, self.view, self.sight)
        self.changed = self.delivery.changed
        self.sent = SentLog()
        self.uploads = Uploads()
        self.callbacks = Callbacks()
        self._people: dict[int, Person] = {}

    # -- seam to the cluster --------------------------------------------------------------------

    @property
    def on_update(self) -> OnUpdate | None:
        """Called with every update for a bot; the cluster sets it while it runs."""
        return self.delivery.on_update

    @on_update.setter
    def on_update(self, listener: OnUpdate | None) -> None:
        self.delivery.on_update = listener

    def account_for_token(self, token: str) -> Account | None:
        """The bot that may log in with `token`."""
        account = self.directory.by_token(token)
        return None if account is None or account.deactivated else account

    def self_user(self, account: Account) -> Any:
        """The TL user of an account as it sees itself."""
        return self.view.user(account, account)

    @classmethod
    def from_json(cls, path: Path, **options: Any) -> World:
        """A world by a file in the form that `tgfake.world.script` describes.

        `options` as of the constructor; they win over those in the file. Raises OSError or
        ValueError.
        """
        script = load(path)
        world = cls(**(settings(script) | options))
        build(world, script, path.parent)
        return world

    @classmethod
    def demo(cls, **options: Any) -> World:
        """One bot, one user and a few computed files in different data centres; rates limited."""
        world = cls(**({"limits": True} | options))
        build(world, demo_script(), Path())
        return world

    # -- who and what there is ------------------------------------------------------------------

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
        return self._people.setdefault(account.user_id, Person(self, account))

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

    # -- membership -----------------------------------------------------------------------------

    def add_member(
        self, chat: Chat, account: Account, role: Role = Role.MEMBER, *, announce: bool = True
    ) -> None:
        """Let somebody in, or change his role; admins get every right (see `set_rights`)."""
        new = not chat.has(account.user_id)
        rights = ALL_RIGHTS if role is Role.ADMIN else frozenset[str]()
        chat.members[account.user_id] = Member(role, self.clock.now(), rights)
        if not new:
            return
        if chat.box is not None:
            account.seen[chat.peer.id] = account.delivered[chat.peer.id] = chat.box.pts
            news = types.UpdateChannel(chat.peer.id)
            self.delivery.tell(account, news, [], also=[chat.peer])
        if announce and not chat.broadcast:
            self.announce(chat, account, types.MessageActionChatAddUser([account.user_id]))

    def set_rights(self, chat: Chat, account: Account, *rights: str) -> None:
        """Make an admin with exactly these rights, named as in chatAdminRights."""
        self.add_member(chat, account, Role.ADMIN)
        chat.members[account.user_id].rights = frozenset(rights)

    def remove_member(self, chat: Chat, account: Account, *, ban: bool = False) -> None:
        """Put somebody out, for good with `ban`."""
        if chat.has(account.user_id) and not chat.broadcast:
            self.announce(chat, account, types.MessageActionChatDeleteUser(account.user_id))
        chat.members.pop(account.user_id, None)
        if ban:
            chat.members[account.user_id] = Member(Role.BANNED, self.clock.now())
        if chat.box is not None:
            news = types.UpdateChannel(chat.peer.id)
            self.delivery.tell(account, news, [], also=[chat.peer])

    def add_topic(self, chat: Chat, title: str, by: Account) -> int:
        """A forum topic; its id is that of the service message that opens it."""
        action = types.MessageActionTopicCreate(title, icon_color=0x6FB9F0)
        number = self.announce(chat, by, action).ids[chat.peer]
        chat.topics[number] = title
        return number

    def announce(self, chat: Chat, by: Account, action: Any) -> Message:
        """Post a service message."""
        now = self.clock.now()
        message = Message(by.peer, chat.peer, by.user_id, now, Body(), action=action)
        self.delivery.post(message, Cause(by))
        return message

    # -- what only Telegram can do --------------------------------------------------------------

    def rename(self, owner: Account | Chat, name: str | None) -> None:
        """Change a public name, or take it away."""
        self.directory.rename(owner, name)

    def expire_references(self, file: File | None = None) -> None:
        """Make the references handed out so far stale: of one file, or of all."""
        if file is None:
            self.access.expire_references()
        else:
            file.epoch += 1

    def move_file(self, file: File, dc: int) -> None:
        """Move a file to another data centre."""
        file.dc = dc

    def deactivate(self, account: Account) -> None:
        """Delete an account; what it wrote stays."""
        account.deactivated = True

    def delete(self, *messages: Message) -> None:
        """Delete messages as their author would, on every side."""
        for message in messages:
            self.delivery.delete([message], Cause(self.directory.account(message.author)))

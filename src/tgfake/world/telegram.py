"""Telegram itself: what is kept, how it moves, and what the service does of its own accord.

Bots act on it through MTProto (`tgfake.services`), people through `Person`. Who and what there is
besides is for the `World`.
"""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from tgfake.clock import Clock, SystemClock
from tgfake.limits import Limits
from tgfake.world.access import Access
from tgfake.world.accounts import Account
from tgfake.world.callbacks import Callbacks
from tgfake.world.chats import ALL_RIGHTS, Chat, Member, Role
from tgfake.world.delivery import Cause, Delivery, OnUpdate
from tgfake.world.directory import Directory
from tgfake.world.files import File
from tgfake.world.messages import Body, Message
from tgfake.world.sent import SentLog
from tgfake.world.sight import Sight
from tgfake.world.uploads import Uploads
from tgfake.world.view import View

# The same by default in every process, so that a client's stored hashes outlive a restart.
_SEED = b"a world on loopback"


class Telegram:
    """What bots and people find. Needs no event loop until somebody waits."""

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

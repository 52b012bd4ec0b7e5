"""A world with one bot and one person, and the services called without a network.

Requests, answers and updates go through their bytes and back, so that what cannot be serialised
fails here.
"""

from typing import Any, NamedTuple

import pytest
from telethon.extensions import BinaryReader
from telethon.tl import TLObject, types

from tgfake.clock import ManualClock
from tgfake.counters import Counters
from tgfake.dispatch import Call
from tgfake.errors import RpcError
from tgfake.faults import Faults
from tgfake.keyring import Keyring
from tgfake.person import Person
from tgfake.services import dispatcher
from tgfake.site import Site
from tgfake.world import Account, Chat, File, World


class Session(NamedTuple):
    """A session without a connection."""

    auth_key_id: int = 1
    session_id: int = 1


def through_bytes(value: Any) -> Any:
    """What a client reads of `value`."""
    if isinstance(value, list):
        return [through_bytes(item) for item in value]
    return BinaryReader(bytes(value)).tgread_object() if isinstance(value, TLObject) else value


class Stage:
    """Calls services as a bot, and keeps what is pushed to bots while `online`."""

    def __init__(self, **options: Any) -> None:
        self.clock = ManualClock()
        self.world = World(self.clock, **options)
        self.bot: Account = self.world.add_bot("77:token", "stage_bot")
        self.other_bot: Account = self.world.add_bot("78:token", "other_bot")
        self.ann: Person = self.world.person("Ann")
        self.bob: Person = self.world.person("Bob")
        self.site = Site(
            world=self.world,
            clock=self.clock,
            counters=Counters(),
            faults=Faults(self.clock),
            keys=Keyring(),
            home_dc=self.world.home_dc,
        )
        self.online = True
        self.pushed: list[tuple[Account, Any]] = []
        self.world.on_update = self._take
        self._services = dispatcher()

    def _take(self, account: Account, updates: Any, session: Any) -> bool:
        read = through_bytes(updates)
        if self.online and session is None:
            self.pushed.append((account, read))
        return self.online

    def updates(self, account: Account | None = None) -> list[Any]:
        """The single updates pushed to a bot so far, oldest first."""
        who = account or self.bot
        return [one for reader, box in self.pushed if reader is who for one in box.updates]

    def news(self, account: Account | None = None) -> list[Any]:
        """The messages pushed to a bot so far, new and edited ones."""
        updates = self.updates(account)
        return [update.message for update in updates if hasattr(update, "message")]

    async def call(self, request: Any, account: Account | None = None, dc: int = 2) -> Any:
        """The answer to a request of a bot."""
        who = account or self.bot
        call = Call(through_bytes(request), who, dc, False, 229, Session(), self.world, self.site)
        return through_bytes(await self._services(call))

    async def fails(self, error: str, request: Any, account: Account | None = None) -> RpcError:
        """The error of a request, whose message must be `error`."""
        with pytest.raises(RpcError) as caught:
            await self.call(request, account)
        assert caught.value.message == error
        return caught.value

    async def met(self) -> None:
        """Let Ann write to the bot, so that it may answer."""
        await self.ann.send(self.bot, "/start")

    def peer(self, of: Person | Account | Chat, account: Account | None = None) -> Any:
        """The inputPeer of somebody, with the right hash."""
        who = account or self.bot
        access = self.world.access
        if isinstance(of, Chat):
            number = of.peer.id
            if of.box is None:
                return types.InputPeerChat(number)
            return types.InputPeerChannel(number, access.hash("channel", number, who.user_id))
        return types.InputPeerUser(of.user_id, access.hash("user", of.user_id, who.user_id))

    def channel(self, chat: Chat, account: Account | None = None) -> Any:
        """The inputChannel of a channel, with the right hash."""
        peer = self.peer(chat, account)
        return types.InputChannel(peer.channel_id, peer.access_hash)

    def document(self, file: File, account: Account | None = None) -> Any:
        """The document or photo as a bot sees it."""
        media = through_bytes(self.world.view.media(file, account or self.bot))
        return media.photo if file.is_photo else media.document

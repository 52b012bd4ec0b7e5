"""The main connection of an account: login, updates, and every request that is not a file.

One `MainConnection` lives as long as its TCP connection. The library's client is built inside the
running loop, for one connection, and never reconnects by itself: whoever owns it opens another
one on the same session, which asks Telegram for the updates missed in between. What the client
does in its own tasks otherwise (its update loop) runs in the owner's task group.

The client's own caller is used by its update loop only: it remembers flood waits by the kind of
request, so one chat's flood would stop every chat, and it keeps the servers' addresses for the
whole process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from telethon import TelegramClient
from telethon._updates import ChannelState, Entity, EntityType, SessionState
from telethon.errors import RPCError
from telethon.events import Raw
from telethon.tl import types
from telethon.tl.functions import PingRequest
from telethon.tl.functions.help import GetConfigRequest
from telethon.tl.functions.updates import GetStateRequest
from telethon.tl.functions.users import GetUsersRequest

from telpher.errors import (
    AuthorisationLostError,
    MigrateError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram.adapter.errors import to_error
from telpher.telegram.adapter.identity import Identity
from telpher.telegram.adapter.network import Connection, Unheard, addresses, introduced
from telpher.telegram.adapter.outgoing import random_id
from telpher.telegram.adapter.peers import chat_id_of
from telpher.telegram.adapter.wire import Wire
from telpher.telegram.custody.state import UpdateState
from telpher.telegram.servers import DcAddress

OnUpdate = Callable[[Any, dict[int, Any]], None]


class MainConnection:
    """One connection to the home data centre. Raises TelegramError throughout.

    With `hears` it receives the account's updates, those since `begin_from` first; without, nothing
    that it ever asks makes Telegram send them.
    """

    def __init__(
        self, identity: Identity, *, hears: bool = True, begin_from: UpdateState | None = None
    ) -> None:
        self._hears = hears
        self._begin_from = begin_from
        self._credentials = identity.credentials
        self._session = identity.session
        self._directory = identity.directory
        self._timing = identity.timing
        self._client = _build_client(identity)
        self._wire = Wire(self._client._sender)
        self._receiving = False
        self._useless = asyncio.Event()

    @property
    def alive(self) -> bool:
        """Whether requests can be sent."""
        return self._wire.alive

    async def call(self, request: Any, within: float | None = None) -> Any:
        """Sends a request; see `Wire.call`. Access hashes in the result are remembered."""
        asked = request if self._hears else Unheard(request)
        result = await self._wire.call(asked, within or self._timing.request)
        self._session.process_entities(result)
        return result

    async def open(self) -> None:
        """Connects, introduces itself, and logs in where the session has no valid login.

        From its return on, updates are kept until `run` hands them out.

        Raises AccountDeadError when the token is refused, AuthorisationLostError when the
        session's key is no longer known (it is forgotten then: try again), MigrateError when the
        account lives in another data centre.
        """
        dc = self._session.dc_id
        address = self._directory.main_address(dc)
        if address is None:
            raise TelegramUnavailableError(f"no address of data centre {dc} is known")
        try:
            await self._wire.connect(address, self._timing.connect)
            hello = introduced(self._credentials.api_id, GetConfigRequest(), updates=self._hears)
            config = await self._wire.call(hello, self._timing.request)
            self._directory.learn(addresses(config.dc_options))
            self._session.allow(config.tmp_sessions)
            await self._log_in(address)
            if self._hears:
                await self._load_state()
        except AuthorisationLostError:
            self._session.drop_login()
            raise
        except MigrateError as moved:
            self._session.move_home(moved.dc)
            raise

    async def close(self) -> None:
        """Closes the connection. Safe to repeat."""
        await self._wire.close()

    def give_up(self) -> None:
        """Ends `run` soon: the connection is of no use any more."""
        self._useless.set()

    async def run(self, on_update: OnUpdate) -> None:
        """Lives until the connection is lost, and receives updates, the missed ones first.

        `on_update` gets each with the users and chats that came with it, by chat id. Raises
        AuthorisationLostError when the login ended while receiving.
        """
        self._client.add_event_handler(_handler(on_update), Raw())
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._client._update_loop() if self._hears else self._drain()),
                group.create_task(self._keep_alive()),
                group.create_task(self._close_when_useless()),
            ]
            try:
                await self._wire.lost()
            finally:
                # First of all: the update loop ends with the connection, while a cancellation
                # can be lost on it (asyncio.wait_for before Python 3.12).
                await self._wire.close()
                for task in tasks:
                    task.cancel()
        failure = self._client._updates_error
        if isinstance(failure, RPCError):
            raise to_error(failure) from failure

    def state(self) -> UpdateState | None:
        """How far updates were handed out; None when it has none."""
        account, channels = self._client._message_box.session_state()
        if not self._receiving or not account["pts"]:
            return None
        return UpdateState(
            pts=account["pts"],
            qts=account["qts"],
            date=int(account["date"].timestamp()),
            seq=account["seq"],
            channels=channels,
        )

    async def _log_in(self, address: DcAddress) -> None:
        user = await self._whoami() or await self._import_token()
        if self._useless.is_set():
            raise TelegramUnavailableError("the connection was given up while it was made")
        self._session.set_dc(address.id, address.host, address.port)
        self._session.keep_login(self._wire.sender.auth_key, int(user.id), user.username or "")
        self._session.name = user.first_name or ""
        self._client._mb_entity_cache.set_self_user(user.id, True, user.access_hash)
        self._client._authorized = True

    async def _whoami(self) -> Any | None:
        """The account that the key is logged in as; None when it is not."""
        try:
            found = await self.call(GetUsersRequest([types.InputUserSelf()]))
        except AuthorisationLostError:
            return None
        return found[0]

    async def _import_token(self) -> Any:
        result = await self.call(self._credentials.login())
        if result.tmp_sessions:
            self._session.allow(result.tmp_sessions)
        return result.user

    async def _load_state(self) -> None:
        """Where the last one left off, to be caught up from there; else from now on."""
        box = self._client._message_box
        kept = self._begin_from
        now = await self.call(GetStateRequest())
        if kept is None or kept.pts > now.pts:
            # A state ahead of the server's own is another server's: with it every update would
            # count as handled long ago.
            box.load(_state(now.pts, now.qts, int(now.date.timestamp()), now.seq), [])
        else:
            channels = [ChannelState(channel, pts) for channel, pts in kept.channels.items()]
            box.load(_state(kept.pts, kept.qts, kept.date, kept.seq), channels)
            for channel in kept.channels:
                access_hash = self._session.access_hash(chat_id_of(types.PeerChannel(channel)))
                known = Entity(EntityType.CHANNEL, channel, access_hash)
                self._client._mb_entity_cache.put(known)
            await self._client.catch_up()
        self._receiving = True

    async def _drain(self) -> None:
        """Throws away what the library queues as updates: what answers to requests bring along."""
        while True:
            await self._client._updates_queue.get()

    async def _close_when_useless(self) -> None:
        await self._useless.wait()
        await self._wire.close()

    async def _keep_alive(self) -> None:
        """Notices a connection that is dead without a word, as NATs leave them."""
        while self._wire.alive:
            await asyncio.sleep(self._timing.ping)
            try:
                await self._wire.call(PingRequest(random_id()), self._timing.pong)
            except TelegramError:
                await self._wire.close()


def _build_client(identity: Identity) -> TelegramClient:
    return TelegramClient(
        identity.session,
        identity.credentials.api_id,
        identity.credentials.api_hash,
        connection=Connection,
        timeout=identity.timing.connect,
        # One attempt: whoever owns the connection decides about the next.
        connection_retries=0,
        retry_delay=0,
        auto_reconnect=False,
        flood_sleep_threshold=0,
        raise_last_call_error=True,
        # Handlers only queue: in order, and none lost in a task of its own.
        sequential_updates=True,
    )


def _handler(on_update: OnUpdate) -> Callable[[Any], Any]:
    async def handle(update: Any) -> None:
        on_update(update, getattr(update, "_entities", {}))

    return handle


def _state(pts: int, qts: int, date: int, seq: int) -> SessionState:
    return SessionState(0, 0, True, pts, qts, date, seq, None)

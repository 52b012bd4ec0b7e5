"""The whole of tgfake: five data centres and the world that they show.

    async with Cluster(world) as cluster:
        cluster.write_servers_file(path)
        ...

Everything that must survive a lost connection (authorisation keys, sessions, logins) lives here,
in the `Site` that all listeners share. Leaving the context closes every socket and ends every task.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tgfake.clock import Clock, SystemClock
from tgfake.connection import Connection
from tgfake.counters import Counters
from tgfake.dispatch import Dispatcher
from tgfake.endpoint import Endpoint
from tgfake.faults import Faults
from tgfake.keyring import Keyring
from tgfake.keys import DC_KEYS
from tgfake.network import Bottleneck, Shape
from tgfake.server import Listener
from tgfake.services import dispatcher as all_services
from tgfake.site import Address, Site
from tgfake.tl import pack, write
from tgfake.world import Account, World
from tgfake.world.delivery import SessionHandle

HOST = "127.0.0.1"
"""Loopback only: tgfake knows no secrets and keeps none."""
_PACK_ABOVE = 512


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the data centres are, and what a login may do there."""

    first_port: int = 0
    """Ports counted up from here, data centres first, media addresses after; 0: any free ones."""
    media_dcs: Collection[int] = ()
    """Data centres that have a media_only address as well."""
    tmp_sessions: int = 1
    """Connections per key to addresses that are not media_only."""


class Cluster:
    """Five data centres on loopback."""

    def __init__(
        self,
        world: World,
        *,
        layout: Layout | None = None,
        shape: Shape | None = None,
        clock: Clock | None = None,
        services: Dispatcher | None = None,
    ) -> None:
        self._layout = layout or Layout()
        self._shape = shape or Shape()
        self._services = services or all_services()
        clock = clock or SystemClock()
        self.world = world
        self.site = Site(
            world=world,
            clock=clock,
            counters=Counters(),
            faults=Faults(clock),
            keys=Keyring(),
            home_dc=world.home_dc,
            tmp_sessions=self._layout.tmp_sessions,
        )
        self._listeners: list[Listener] = []
        self._stack = contextlib.AsyncExitStack()

    @property
    def counters(self) -> Counters:
        """What has happened so far."""
        return self.site.counters

    @property
    def faults(self) -> Faults:
        """What shall go wrong."""
        return self.site.faults

    @property
    def home_dc(self) -> int:
        """The data centre where bots log in."""
        return self.site.home_dc

    @property
    def addresses(self) -> Sequence[Address]:
        """Where the data centres listen; known once entered."""
        return self.site.addresses

    @property
    def public_keys(self) -> list[str]:
        """The data centres' RSA keys, PKCS#1 PEM."""
        return [key.public_pem() for key in DC_KEYS.values()]

    @property
    def connections(self) -> list[Connection]:
        """The connections that are open now."""
        return [c for listener in self._listeners for c in listener.connections]

    async def __aenter__(self) -> Cluster:
        """Listens everywhere; raises OSError when a port is not to be had."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                tasks = await stack.enter_async_context(asyncio.TaskGroup())
                stack.callback(self._stop)
                self.site.addresses = [a async for a in self._listen(tasks)]
                self.world.on_update = self._push
                self._stack = stack.pop_all()
        except ExceptionGroup as group:
            # The only one: there are no tasks yet.
            raise group.exceptions[0] from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The block's own exception goes on as it is, not inside the task group's.
        await self._stack.aclose()

    async def _listen(self, tasks: asyncio.TaskGroup) -> Any:
        places = [(dc, False) for dc in DC_KEYS]
        places += [(dc, True) for dc in sorted(self._layout.media_dcs)]
        rate = self._shape.dc_bandwidth
        bottlenecks = {dc: None if rate is None else Bottleneck(rate) for dc in DC_KEYS}
        for number, (dc, media) in enumerate(places):
            endpoint = Endpoint(dc, media, self.site, self._services, self._shape, bottlenecks[dc])
            listener = Listener(endpoint)
            first = self._layout.first_port
            port = await listener.start(tasks, HOST, first + number if first else 0)
            self._listeners.append(listener)
            yield Address(dc, HOST, port, media)

    def _stop(self) -> None:
        self.world.on_update = None
        for listener in self._listeners:
            listener.stop()

    def address(self, dc: int, *, media: bool = False) -> Address:
        """The address of a data centre; raises StopIteration if it has none of this kind."""
        return next(a for a in self.addresses if (a.dc, a.media_only) == (dc, media))

    def server_list(self) -> dict[str, Any]:
        """What a client must know: addresses and public keys, in the TELEGRAM_SERVERS form."""
        dcs = [
            {"id": a.dc, "host": a.host, "port": a.port, "media_only": a.media_only}
            for a in self.addresses
        ]
        told = {"home_dc": self.home_dc, "dcs": dcs, "public_keys": self.public_keys}
        return told | ({"local_urls": True} if self.world.local_urls else {})

    def write_servers_file(self, path: Path) -> None:
        """Write `server_list` as JSON."""
        path.write_text(json.dumps(self.server_list(), indent=2) + "\n", encoding="utf-8")

    def disconnect(self, dc: int | None = None) -> None:
        """Cut every connection, or those to one data centre."""
        for connection in self.connections:
            if dc in (None, connection.dc):
                connection.abort()

    def _push(self, account: Account, updates: Any, origin: SessionHandle | None) -> bool:
        """Send updates to an account's sessions, except the one that caused them.

        True if the account is online: a session took them, or one of its own caused them.
        """
        taken = origin is not None
        for session in self.site.keys.sessions(account, self.home_dc):
            if session is origin or not session.subscribed or session.connection is None:
                continue
            body = write(updates, session.key.layer)
            if len(body) > _PACK_ABOVE:
                body = min(body, pack(body), key=len)
            session.connection.push(session, body)
            self.counters.updates_pushed += 1
            taken = True
        self.counters.changed()
        return taken

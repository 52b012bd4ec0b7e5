"""One data centre's address: a listening socket, and the connections that it has accepted."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from tgfake.connection import Connection
from tgfake.network import Bottleneck, Shape

if TYPE_CHECKING:
    from tgfake.dispatch import Dispatcher
    from tgfake.site import Site


class Listener:
    """One address of one data centre."""

    def __init__(
        self, dc: int, site: Site, dispatcher: Dispatcher, shape: Shape, *, media: bool
    ) -> None:
        self.dc = dc
        self.media = media
        self.site = site
        self.dispatcher = dispatcher
        self.shape = shape
        self.connections: set[Connection] = set()
        self.dc_bottleneck: Bottleneck | None = None
        """Shared by the addresses of one data centre."""
        self._tasks: asyncio.TaskGroup
        self._server: asyncio.Server
        self._chance = random.Random()  # noqa: S311  # jitter, no secret

    async def start(self, tasks: asyncio.TaskGroup, host: str, port: int) -> int:
        """Listen; connections run in `tasks`. Returns the port."""
        self._tasks = tasks
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), host, port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def stop(self) -> None:
        """Stop listening and end all connections."""
        self._server.close()
        for connection in list(self.connections):
            connection.abort()

    def next_connection_id(self) -> int:
        """A number for a new connection, the first being 1."""
        return self.site.counters.connections_total + 1

    def bottlenecks(self) -> list[Bottleneck]:
        """The bandwidth limits that a new connection's bytes pass."""
        own = [] if self.shape.bandwidth is None else [Bottleneck(self.shape.bandwidth)]
        return own if self.dc_bottleneck is None else [*own, self.dc_bottleneck]

    def one_way(self) -> float:
        """The delay of one packet in one direction."""
        return self.shape.one_way(self._chance)

    def opened(self, connection: Connection) -> None:
        """A connection was accepted."""
        self.connections.add(connection)
        self.site.counters.connected(self.dc)
        if not self._server.is_serving():  # accepted in the very moment of stopping
            connection.abort()
            return
        self._tasks.create_task(connection.run(), name=f"connection {connection.id}")

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        self.site.counters.disconnected(self.dc)

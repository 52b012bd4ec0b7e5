"""A listening socket of one data centre, and the connections that it has accepted."""

from __future__ import annotations

import asyncio

from tgfake.connection import Connection
from tgfake.endpoint import Endpoint


class Listener:
    """Listens on one address of one data centre."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.connections: set[Connection] = set()
        self._tasks: asyncio.TaskGroup
        self._server: asyncio.Server

    async def start(self, tasks: asyncio.TaskGroup, host: str, port: int) -> int:
        """Listen; connections run in `tasks`. Returns the port."""
        self._tasks = tasks
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._endpoint, self), host, port
        )
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def stop(self) -> None:
        """Stop listening and end all connections."""
        self._server.close()
        for connection in list(self.connections):
            connection.abort()

    def opened(self, connection: Connection) -> None:
        """A connection was accepted."""
        self.connections.add(connection)
        self._endpoint.site.counters.connected(connection.dc)
        if not self._server.is_serving():  # accepted in the very moment of stopping
            connection.abort()
            return
        self._tasks.create_task(connection.run(), name=f"connection {connection.id}")

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        self._endpoint.site.counters.disconnected(connection.dc)

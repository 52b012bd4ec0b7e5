"""How media connections come about: memory, threads and time they share, and keys.

A key is made on the TCP connection that uses it first, and no key is ever seen on two connections
at once that may not be (telegram.md, "Connections").
"""

from __future__ import annotations

from weakref import WeakSet

from telpher.clock import Clock
from telpher.errors import TelegramUnavailableError
from telpher.telegram.adapter.media import FileConnection
from telpher.telegram.adapter.network import encrypt_for_server
from telpher.telegram.mtproto.connection import Connection, connect
from telpher.telegram.mtproto.decryption import Decryptor
from telpher.telegram.mtproto.frames import Frames
from telpher.telegram.mtproto.handshake import connect_anew
from telpher.telegram.mtproto.kit import AuthKey, Kit, Traffic
from telpher.telegram.mtproto.session import ServerTime
from telpher.telegram.servers import DcAddress
from telpher.telegram.timing import Timing


class FileConnector:
    """Opens the connections of one account, which share memory, threads and the servers' time.

    Accounts may share `frames`: what is kept while free is then kept once.
    """

    def __init__(self, clock: Clock, timing: Timing, frames: Frames | None = None) -> None:
        self.traffic = Traffic()
        self._timing = timing
        self._decryptor = Decryptor()
        self._kit = Kit(
            ServerTime(clock),
            frames or Frames(),
            self._decryptor,
            self.traffic,
            timing.silence,
        )
        self._keys: dict[bytes, AuthKey] = {}  # with the salts learned for them
        self._opened: WeakSet[FileConnection] = WeakSet()
        self._given_up = 0

    async def open(
        self, address: DcAddress, key: bytes, introduction: bytes = b""
    ) -> FileConnection:
        """A connection with a key that exists; see FileConnection. Raises TelegramError."""
        given_up = self._given_up
        known = self._keys.setdefault(key, AuthKey(key))
        within = self._timing.connect
        opened = await connect(address.host, address.port, known, self._kit, within)
        return await self._admit(opened, introduction, given_up)

    async def open_anew(
        self, address: DcAddress, introduction: bytes = b""
    ) -> tuple[bytes, FileConnection]:
        """A key that is made for it, and the connection. Raises TelegramError."""
        given_up = self._given_up
        key, opened = await connect_anew(
            address.host, address.port, encrypt_for_server, self._kit, self._timing.connect
        )
        self._keys[key.key] = key
        return key.key, await self._admit(opened, introduction, given_up)

    async def _admit(
        self, opened: Connection, introduction: bytes, given_up: int
    ) -> FileConnection:
        """`opened`, unless keys were given up while it was made."""
        connection = FileConnection(opened, self._timing, introduction)
        if given_up != self._given_up:
            await connection.close()
            raise TelegramUnavailableError("the account's keys were given up")
        self._opened.add(connection)
        return connection

    async def give_up(self) -> None:
        """Closes every connection, those that are being made as well: their keys are not ours."""
        self._given_up += 1
        for each in list(self._opened):
            await each.close()

    def close(self) -> None:
        """Ends the threads; connections are closed by who opened them."""
        self._decryptor.close()

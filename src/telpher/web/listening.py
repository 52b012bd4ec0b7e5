"""The listening socket. Its options are inherited by every connection (Linux)."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Final

from telpher.errors import SettingsError

# Bytes the kernel queues beyond what the network takes: without a limit a slow client holds up to
# 3.6 MiB there, which the viewer's read-ahead already covers (libraries.md, "Traps").
UNSENT_BYTES: Final = 128 << 10

# A client that takes no byte for so long is gone. The kernel counts a closed window too, and that
# is what a paused player looks like (players.md 10): it resumes with a Range after longer breaks.
STALLED_MS: Final = 15 * 60 * 1000

BACKLOG: Final = 2048


async def listen(host: str, port: int) -> socket.socket:
    """Binds; `port` 0 is any free one. Raises SettingsError when the address is not to be had."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server(
            (host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both
        )
    except OSError as error:
        raise SettingsError([_explain(error, host, port)]) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
    # asyncio does so by itself only where the protocol is named in the socket: without it the body
    # of a small answer waits 40 ms behind its head, for an acknowledgement that is delayed.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _explain(error: OSError, host: str, port: int) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"HOST: {host!r} is no address of this machine; use 0.0.0.0 for all of them"
    if error.errno == errno.EADDRINUSE:
        return f"PORT: {port} is in use by another program; stop it or set another PORT"
    if error.errno == errno.EACCES:
        return f"PORT: {port} may not be used without root rights; set one above 1023"
    return f"HOST, PORT: cannot listen on {host}:{port}: {error.strerror}"

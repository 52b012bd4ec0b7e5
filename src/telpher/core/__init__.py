"""Pure decisions: no asyncio, no sockets, no clock reads, no client library."""

"""A client for servers on loopback."""

from __future__ import annotations

import httpx

# Far beyond what any answer needs on a slow machine; only a fault makes a test wait so long.
PATIENCE = 60.0


def client(base_url: str = "", local_address: str | None = None) -> httpx.AsyncClient:
    """Asks no proxy, and reads no certificates: that takes longer than most tests. Its connections
    come from `local_address`, if one is given."""
    transport = httpx.AsyncHTTPTransport(verify=False, trust_env=False, local_address=local_address)
    return httpx.AsyncClient(
        base_url=base_url, timeout=PATIENCE, trust_env=False, transport=transport
    )

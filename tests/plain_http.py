"""A client for servers on loopback."""

from __future__ import annotations

import httpx

# Far beyond what any answer needs on a slow machine; only a fault makes a test wait so long.
PATIENCE = 60.0


def client(base_url: str = "") -> httpx.AsyncClient:
    """Asks no proxy, and reads no certificates: that takes longer than most tests."""
    return httpx.AsyncClient(base_url=base_url, timeout=PATIENCE, trust_env=False, verify=False)

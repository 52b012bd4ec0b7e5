"""Who is asking, as far as limits are concerned."""

from __future__ import annotations

import ipaddress

from starlette.types import Scope

# A home or a phone has a whole /64 of IPv6, and may change its address within it at will.
_IPV6_PREFIX = 64


def client_of(scope: Scope) -> str:
    """The client's IPv4 address, or its IPv6 network of 64 bits; empty when it is not known."""
    client = scope.get("client")
    if client is None:
        return ""
    try:
        address = ipaddress.ip_address(client[0].partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)

"""Whose request it is, behind reverse proxies (TRUSTED_PROXIES).

A proxy appends the address it was asked from to X-Forwarded-For, so the list reads from the client
to the last proxy. Each entry is as good as whoever wrote it, and all but the last may have been
sent by the client itself:

    X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.0.0.2        from 10.0.0.1
                     made up   the client   a proxy             the nearest proxy

Read from the right, therefore: the first address that is not a trusted proxy's is the client. The
header of one who is not trusted is not read at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# A home or a phone has a whole /64 of IPv6, and may change its address within it at will.
_IPV6_PREFIX: Final = 64

# More proxies than this stand in no row: whoever sends a longer list wants it to be read.
_MOST_HOPS: Final = 32

_LONGEST: Final = 64


def address_of(text: str) -> Address | None:
    """The address that `text` is, with or without a port or zone; None when it is none.

    One of IPv4 in the form of IPv6 (::ffff:192.0.2.1) is that of IPv4.
    """
    if len(text) > _LONGEST:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether any of the networks holds it."""
    return any(address in network for network in networks)


def client_behind(peer: Address, claimed: Sequence[str], trusted: Sequence[Network]) -> Address:
    """Who asks: `peer` is who is connected, `claimed` the values of X-Forwarded-For in order.

    An entry that is no address ends the search: nobody knows what wrote it.
    """
    client = peer
    hops = ",".join(claimed).split(",")[-_MOST_HOPS:]
    while within(client, trusted) and hops:
        hop = address_of(hops.pop().strip())
        if hop is None:
            break
        client = hop
    return client


def limit_key(address: Address) -> str:
    """What limits count as one client: an IPv4 address, or an IPv6 network of 64 bits."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address), _IPV6_PREFIX), strict=False))

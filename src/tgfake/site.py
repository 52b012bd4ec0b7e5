"""What all data centres of a cluster have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telethon.tl import types

from tgfake.clock import Clock
from tgfake.counters import Counters
from tgfake.faults import Faults
from tgfake.keyring import Keyring
from tgfake.world import World


@dataclass(frozen=True, slots=True)
class Address:
    """Where one data centre listens."""

    dc: int
    host: str
    port: int
    media_only: bool = False


@dataclass(slots=True)
class Site:
    """The shared state; the cluster makes one and hands it to every listener and call."""

    world: World
    clock: Clock
    counters: Counters
    faults: Faults
    keys: Keyring
    home_dc: int
    tmp_sessions: int = 1
    """Connections that one key may have to addresses that are not media_only."""
    addresses: Sequence[Address] = ()

    def dc_options(self) -> list[types.DcOption]:
        """The addresses as help.getConfig tells them."""
        return [
            types.DcOption(id=a.dc, ip_address=a.host, port=a.port, media_only=a.media_only or None)
            for a in self.addresses
        ]

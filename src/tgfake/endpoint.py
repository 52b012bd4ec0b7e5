"""One address of one data centre, as its connections know it: what they serve, and over what."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tgfake.dispatch import Dispatcher
from tgfake.network import Bottleneck, Shape
from tgfake.site import Site


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address before anybody listens on it."""

    dc: int
    media: bool
    site: Site
    dispatcher: Dispatcher
    shape: Shape
    dc_bottleneck: Bottleneck | None = None
    """Shared by the addresses of one data centre."""
    _chance: random.Random = field(default_factory=random.Random, init=False)  # for jitter

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

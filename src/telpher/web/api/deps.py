"""What the API is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from telpher.core.model import MessageRef
from telpher.service.bans import Bans
from telpher.service.figures import FigureDesk
from telpher.service.links import LinkService
from telpher.service.revocations import Revocations
from telpher.service.tokens import Tokens
from telpher.storage.base import Database


@dataclass(frozen=True, slots=True)
class ApiDeps:
    """`link_made` is told of each message that a link was made to; it never waits or fails.
    `figures` tells what telpher has done."""

    tokens: Tokens
    database: Database
    links: LinkService
    revocations: Revocations
    bans: Bans
    link_made: Callable[[MessageRef], None]
    figures: FigureDesk

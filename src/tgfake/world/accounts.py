"""Accounts: people and bots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tgfake.world.box import Box
from tgfake.world.peers import Kind, Peer


@dataclass(eq=False, slots=True)
class Account:
    """A user or a bot; a bot has a token and may be logged in, people act through `Person`."""

    user_id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    token: str | None = None
    lang_code: str | None = None
    premium: bool = False
    hides_forwards: bool = False
    """Forwards of this user's messages name the user, without a link to the account."""
    privacy: bool = True
    """Bots: privacy mode in groups."""
    deactivated: bool = False
    blocked: set[int] = field(default_factory=set)
    contacts: set[int] = field(default_factory=set)
    """Users with whom there is a private chat; a bot may write to nobody else."""
    commands: dict[tuple[bytes, str], list[Any]] = field(default_factory=dict)
    """Bots: commands by (scope, language)."""
    seen: dict[int, int] = field(default_factory=dict)
    """Channel id -> the channel's pts that the last update for this account reached."""
    delivered: dict[int, int] = field(default_factory=dict)
    """Channel id -> the same, counting only what somebody was connected to receive."""
    box: Box = field(init=False)

    def __post_init__(self) -> None:
        self.box = Box(self.peer)

    @property
    def is_bot(self) -> bool:
        return self.token is not None

    @property
    def peer(self) -> Peer:
        return Peer(Kind.USER, self.user_id)

"""Basic groups, supergroups and broadcast channels, their members and what each may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from tgfake.world.box import Box
from tgfake.world.peers import Kind, Peer


class ChatKind(StrEnum):
    """A basic group has ids of its own; the other two are channels to MTProto."""

    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class Role(StrEnum):
    """What somebody is in a chat. BANNED stays on record, leaving does not."""

    CREATOR = "creator"
    ADMIN = "admin"
    MEMBER = "member"
    BANNED = "banned"


# Names of fields of chatAdminRights.
ALL_RIGHTS = frozenset(
    (
        "change_info",
        "post_messages",
        "edit_messages",
        "delete_messages",
        "ban_users",
        "invite_users",
        "pin_messages",
        "add_admins",
        "manage_call",
        "manage_topics",
    )
)


# The topic that every forum has; its messages carry no topic.
GENERAL_TOPIC = 1


@dataclass(slots=True)
class Member:
    """Somebody's place in a chat."""

    role: Role
    date: float
    rights: frozenset[str] = frozenset()
    invited_by: int = 0
    anonymous: bool = False
    """Writes in the name of the group; for admins of supergroups."""


@dataclass(eq=False, slots=True)
class Chat:
    """A group or channel. `box` exists where it is a channel to MTProto."""

    peer: Peer
    title: str
    kind: ChatKind
    date: float
    username: str | None = None
    forum: bool = False
    protected: bool = False
    """Nothing may be forwarded from here."""
    muted: bool = False
    """Only admins may write (supergroups and groups)."""
    members_hidden: bool = False
    invite: str = ""
    """What follows the + of its invite links."""
    inviters: set[int] = field(default_factory=set)
    """Who has a link of their own: only that is shown to them."""
    members: dict[int, Member] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)
    last_bot: int | None = None
    """The bot that spoke last: commands that name no bot are meant for it."""
    box: Box | None = None

    def __post_init__(self) -> None:
        if self.peer.kind is Kind.CHANNEL:
            self.box = Box(self.peer)
        if self.forum:
            self.topics[GENERAL_TOPIC] = "General"

    @property
    def channel_box(self) -> Box:
        """The box of a channel; a basic group has none, and asking is a mistake."""
        if self.box is None:
            raise ValueError(f"{self.title} is a basic group")
        return self.box

    @property
    def broadcast(self) -> bool:
        return self.kind is ChatKind.CHANNEL

    def has(self, user_id: int) -> bool:
        """Whether this user is in the chat now."""
        member = self.members.get(user_id)
        return member is not None and member.role is not Role.BANNED

    def banned(self, user_id: int) -> bool:
        """Whether this user was thrown out for good."""
        member = self.members.get(user_id)
        return member is not None and member.role is Role.BANNED

    def is_admin(self, user_id: int) -> bool:
        """Creator or admin."""
        member = self.members.get(user_id)
        return member is not None and member.role in (Role.CREATOR, Role.ADMIN)

    def may(self, user_id: int, right: str) -> bool:
        """Whether this user has an admin's `right`, a name of chatAdminRights."""
        member = self.members.get(user_id)
        if member is None or member.role is Role.BANNED:
            return False
        return member.role is Role.CREATOR or right in member.rights

    def speaks_for(self, user_id: int) -> bool:
        """Whether what this user writes is said in the name of the chat."""
        member = self.members.get(user_id)
        return self.broadcast or (member is not None and member.anonymous)

    def present(self) -> Iterable[int]:
        """The ids of those who are in the chat."""
        return [user_id for user_id in self.members if self.has(user_id)]

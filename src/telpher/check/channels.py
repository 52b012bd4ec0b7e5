"""What the bots may do in the channels of the settings, and what they should: pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telpher.check.report import Finding, failed, ok, warning
from telpher.telegram.chats import Standing

Judge = Callable[[str, str, Standing], Finding]
"""Takes the line's name, the bot's (with @) and what it is in the channel."""

_MAKE_ADMIN: Final = "In the channel's settings, make the bot an administrator"


def log_channel(name: str, bot: str, standing: Standing) -> Finding:
    """LOG_CHANNEL: reports go there."""
    if not standing.may_post:
        return failed(name, _cannot_post(bot, standing), f"{_MAKE_ADMIN} who may post messages.")
    if standing.public:
        return warning(
            name,
            f"{_called(standing)}: everybody can read the reports there, names included.",
            "Make the channel private, or set another one.",
        )
    return ok(name, f"{_called(standing)}: {bot} may post.")


def bin_channel(name: str, bot: str, standing: Standing) -> Finding:
    """BIN_CHANNEL, for the main bot: it makes the copies."""
    if not standing.may_post:
        return failed(name, _cannot_post(bot, standing), f"{_MAKE_ADMIN} who may post messages.")
    if standing.public:
        return warning(
            name,
            f"{_called(standing)}: everybody can read the copies there, without any link.",
            "Make the channel private, or set another one.",
        )
    return ok(name, f"{_called(standing)}: {bot} may post.")


def bin_channel_of_extra(name: str, bot: str, standing: Standing) -> Finding:
    """BIN_CHANNEL, for an extra bot: it reads there."""
    if not standing.inside:
        return failed(name, f"{_called(standing)}: {bot} is no member.", f"{_MAKE_ADMIN}.")
    if not standing.admin:
        return warning(
            name,
            f"{_called(standing)}: {bot} is a member, but no administrator.",
            f"{_MAKE_ADMIN}; it need not be allowed to post.",
        )
    return ok(name, f"{_called(standing)}: {bot} may read.")


def force_sub_channel(name: str, bot: str, standing: Standing) -> Finding:
    """FORCE_SUB_CHANNEL: the bot must see who is a member."""
    if not standing.sees_members:
        return failed(
            name,
            f"{_called(standing)}: {bot} cannot see who is a member, so nobody gets links.",
            f"{_MAKE_ADMIN}.",
        )
    return ok(name, f"{_called(standing)}: {bot} sees who is a member.")


def unknown(name: str, bot: str, named: int | str) -> Finding:
    """The bot sees no such channel."""
    shown = f"@{named}" if isinstance(named, str) else str(named)
    return failed(
        name,
        f"{bot} sees no channel {shown}.",
        f"Correct the name or id, and make the bot a member. {_MAKE_ADMIN}.",
    )


def _cannot_post(bot: str, standing: Standing) -> str:
    if not standing.inside:
        return f"{_called(standing)}: {bot} is no member."
    return f"{_called(standing)}: {bot} may not post there."


def _called(standing: Standing) -> str:
    return f"'{standing.title}' ({standing.chat_id})"

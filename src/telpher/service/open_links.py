"""OPEN_LINKS: the links of the bot that telpher replaces, which signed nothing.

    {URL}/stream/{chat_id}/{message_id}

Where this is on, whoever guesses the numbers of a chat and of a message reads its file, in every
chat that the bot can see, BIN_CHANNEL among them. Such a link can neither be revoked nor expire. It
is off unless asked for, and a warning at start says what it means.
"""

from __future__ import annotations

from typing import Protocol

from telpher.core.links import Claims, unsigned
from telpher.core.model import MessageRef


class Checker(Protocol):
    """Who knows signatures; see LinkService."""

    def check(self, ref: MessageRef, key: str | None) -> Claims: ...


class OpenLinks:
    """Lets in whoever comes without a signature; one that is there must be right."""

    def __init__(self, signed: Checker) -> None:
        self._signed = signed

    def check(self, ref: MessageRef, key: str | None) -> Claims:
        """What the link says. Raises what LinkService does."""
        return unsigned(ref) if key is None else self._signed.check(ref, key)

"""A broadcast: what goes to everybody, and how far it is. Pure.

Everybody gets each message once: the random id of a send follows from broadcast, user and item, so
that Telegram answers a repeat with the first send (telegram.md). That makes a checkpoint cheap: it
may lie behind, and what was sent since is sent again without anybody seeing it twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Final

from telpher.core.model import MessageRef

KIND: Final = "broadcast"  # as a job


@dataclass(frozen=True, slots=True)
class Plan:
    """`source` are the messages an admin wrote, several for an album; `status` is the bot's message
    that tells how far it is, `language` the admin's."""

    source: Sequence[MessageRef]
    status: MessageRef
    language: str = ""

    def dump(self) -> str:
        """As JSON."""
        return json.dumps(
            {
                "source": [[each.chat_id, each.message_id] for each in self.source],
                "status": [self.status.chat_id, self.status.message_id],
                "language": self.language,
            }
        )

    @classmethod
    def load(cls, text: str) -> Plan:
        """What `dump` wrote."""
        saved = json.loads(text)
        source = [MessageRef(*each) for each in saved["source"]]
        return cls(source, MessageRef(*saved["status"]), saved["language"])


@dataclass(slots=True)
class Progress:
    """Everybody up to user id `after` has been dealt with. `total` is how many there were when it
    began; `blocked` could not be reached for good. `reason` says why it failed, if it did."""

    total: int = 0
    after: int = 0
    sent: int = 0
    failed: int = 0
    blocked: int = 0
    reason: str = ""

    def dump(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Progress:
        """What `dump` wrote, or nothing yet."""
        return cls(**json.loads(text))

    @property
    def done(self) -> int:
        """How many have been dealt with."""
        return self.sent + self.failed + self.blocked


def random_ids(job_id: str, user_id: int, source: Sequence[MessageRef]) -> list[int]:
    """The random ids under which the items of broadcast `job_id` go to a user: signed numbers of 64
    bits, never 0, which Telegram does not take for one."""
    return [_random_id(f"{job_id} {user_id} {item.message_id}") for item in source]


def _random_id(name: str) -> int:
    number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
    return number or 1

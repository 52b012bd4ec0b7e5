"""Who may have links made (settings ALLOWED_USERS and ADMINS). Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """User ids. With `allowed` empty everybody may; else only those in it and the admins."""

    admins: Collection[int] = frozenset()
    allowed: Collection[int] = frozenset()

    def may_make_links(self, user_id: int) -> bool:
        return not self.allowed or user_id in self.allowed or user_id in self.admins

"""Files that an account is uploading, part by part, until a message uses them.

https://core.telegram.org/api/files: parts are of one size, which divides 512 KiB and is a multiple
of 1 KiB; only the last may be shorter; they may come in any order and over any connection.
"""

from __future__ import annotations

from typing import Any

from tgfake.errors import RpcError

_LARGEST_PART = 512 * 1024
_MOST_PARTS = 4000  # of an account without premium: 2,000 MiB in all
# Uploads that an account has begun and not used; the oldest is forgotten beyond that.
_MOST_UPLOADS = 64


class Uploads:
    """Parts by (account, file id)."""

    def __init__(self) -> None:
        self._parts: dict[tuple[int, int], dict[int, bytes]] = {}

    def save(self, account: int, file_id: int, number: int, data: bytes) -> None:
        """Keep one part; raises FILE_PART_INVALID, _EMPTY or _TOO_BIG."""
        if not 0 <= number < _MOST_PARTS:
            raise RpcError(400, "FILE_PART_INVALID")
        if not data:
            raise RpcError(400, "FILE_PART_EMPTY")
        if len(data) > _LARGEST_PART:
            raise RpcError(400, "FILE_PART_TOO_BIG")
        self._parts.setdefault((account, file_id), {})[number] = data
        self._forget_oldest(account)

    def take(self, account: int, file: Any) -> bytes:
        """The whole of an inputFile or inputFileBig, which is forgotten here.

        Raises FILE_PARTS_INVALID, FILE_PART_n_MISSING or FILE_PART_SIZE_INVALID.
        """
        if file.parts < 1:
            raise RpcError(400, "FILE_PARTS_INVALID")
        parts = self._parts.get((account, file.id), {})
        for number in range(file.parts):
            if number not in parts:
                raise RpcError(400, f"FILE_PART_{number}_MISSING")
        ordered = [parts[number] for number in range(file.parts)]
        size = len(ordered[0])
        whole = size % 1024 == 0 and _LARGEST_PART % size == 0
        if len(ordered) > 1 and not (whole and _even(ordered, size)):
            raise RpcError(400, "FILE_PART_SIZE_INVALID")
        del self._parts[account, file.id]
        return b"".join(ordered)

    def _forget_oldest(self, account: int) -> None:
        mine = [key for key in self._parts if key[0] == account]
        if len(mine) > _MOST_UPLOADS:
            del self._parts[mine[0]]


def _even(parts: list[bytes], size: int) -> bool:
    return all(len(part) == size for part in parts[:-1]) and len(parts[-1]) <= size

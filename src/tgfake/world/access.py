"""Access hashes and file references: the proofs that an account has met what it asks for.

Telegram gives every account another access_hash for the same user, channel or file, and puts into
each file a file_reference that goes stale. Both are derived here, by HMAC of a secret of this world
over what they vouch for, so that nothing needs to be stored and every check is a computation.

A reference carries its *epoch* in the clear. Moving the epoch on, of one file or of the whole
world, makes all references handed out before stale (FILE_REFERENCE_EXPIRED), which differs from
one that was never handed out (FILE_REFERENCE_INVALID).
See https://core.telegram.org/api/file-references.
"""

from __future__ import annotations

import hmac
import struct

from tgfake.errors import RpcError

_TAG = 16
_REFERENCE = struct.Struct(">BII")
_PREFIX = 2  # the first byte of real references tells their kind; 2 has no special meaning here


class Access:
    """Derives and checks hashes and references of one world."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.epoch = 0

    def expire_references(self) -> None:
        """From now on every reference handed out so far is stale."""
        self.epoch += 1

    def hash(self, kind: str, object_id: int, viewer: int) -> int:
        """The access_hash of an object for one account: 64 bits, signed, never 0."""
        digest = self._mac(f"hash {kind} {object_id} {viewer}".encode())
        return int.from_bytes(digest[:8], "big", signed=True) or 1

    def reference(self, kind: str, object_id: int, viewer: int, epoch: int) -> bytes:
        """The file_reference of a file whose own epoch is `epoch`."""
        head = _REFERENCE.pack(_PREFIX, self.epoch, epoch)
        return head + self._seal(kind, object_id, viewer, head)

    def check_reference(
        self, reference: bytes, kind: str, object_id: int, viewer: int, epoch: int
    ) -> None:
        """Raise FILE_REFERENCE_EMPTY, _INVALID or _EXPIRED unless `reference` is good."""
        if not reference:
            raise RpcError(400, "FILE_REFERENCE_EMPTY")
        head, seal = reference[: _REFERENCE.size], reference[_REFERENCE.size :]
        if not hmac.compare_digest(seal, self._seal(kind, object_id, viewer, head)):
            raise RpcError(400, "FILE_REFERENCE_INVALID")
        if head != _REFERENCE.pack(_PREFIX, self.epoch, epoch):
            raise RpcError(400, "FILE_REFERENCE_EXPIRED")

    def _seal(self, kind: str, object_id: int, viewer: int, head: bytes) -> bytes:
        return self._mac(f"ref {kind} {object_id} {viewer} ".encode() + head)[:_TAG]

    def _mac(self, data: bytes) -> bytes:
        return hmac.digest(self._secret, data, "sha256")

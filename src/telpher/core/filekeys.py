"""What strangers know files by, where figures speak of them (rule 43): a text that is the same for
the same file for as long as links are signed with the same secret, and tells nothing of it.

The first 96 bits of HMAC-SHA256(secret, label | document id), as 16 characters of base64url. The
label keeps it apart from what else is signed with that secret (core/links). Whoever knows a file's
id cannot tell whether a key is its own: that takes the secret.
"""

from __future__ import annotations

import base64
import hmac

_LABEL = b"telpher file key 1\0"
_BYTES = 12
_ID = 8


class FileKeys:
    """Makes keys with one secret, which is never shown."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, document_id: int) -> str:
        """The key of a file. Raises OverflowError for an id of more than 64 bits."""
        digest = hmac.digest(
            self._secret, _LABEL + document_id.to_bytes(_ID, "big", signed=True), "sha256"
        )
        return base64.urlsafe_b64encode(digest[:_BYTES]).decode()

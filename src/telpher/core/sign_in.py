"""Links that sign an admin in, and what a browser holds afterwards. Pure.

    invitation   version, user, expiry, nonce            what the bot hands out: good once
    session      version, user, beginning, nonce, secret what the cookie holds

Both end in 32 bytes of HMAC-SHA256 over a label and what stands before, and are written in
base64url without padding, in one spelling each. A session has the nonce of the invitation it came
of: whether that is spent, and whether the session still lives, is one row of the database
(`service/sign_in`). Of the secret it holds a digest, so that what is in the database opens nothing.

Nothing of a text is believed before its tag was compared, in constant time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from typing import Final

NONCE_BYTES: Final = 16
SECRET_BYTES: Final = 16

_TAG_BYTES: Final = 32
_VERSION: Final = 1

_INVITATION: Final = struct.Struct(f">BQQ{NONCE_BYTES}s")
_SESSION: Final = struct.Struct(f">BQQ{NONCE_BYTES}s{SECRET_BYTES}s")

_INVITATION_LABEL: Final = b"telpher invitation 1\0"
_SESSION_LABEL: Final = b"telpher session 1\0"
_FORM_LABEL: Final = b"telpher form 1\0"

_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{80,120}")


@dataclass(frozen=True, slots=True)
class Invitation:
    """Lets `user_id` in once, before `expires` (Unix seconds)."""

    user_id: int
    expires: int
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Session:
    """`user_id` is signed in since `began` (Unix seconds), by the invitation of that nonce."""

    user_id: int
    began: int
    nonce: bytes
    secret: bytes

    @property
    def name(self) -> str:
        """Which row of the database is its own."""
        return f"dashboard {self.nonce.hex()}"

    @property
    def holder(self) -> str:
        """What the row holds of the secret."""
        return hashlib.sha256(self.secret).hexdigest()


class Signet:
    """Writes and reads both with one secret of 32 bytes."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def invitation(self, invitation: Invitation) -> str:
        """What stands in the link."""
        packed = _INVITATION.pack(
            _VERSION, invitation.user_id, invitation.expires, invitation.nonce
        )
        return _text(packed + self._tag(_INVITATION_LABEL, packed))

    def read_invitation(self, text: str) -> Invitation | None:
        """What was written; None for anything else, whoever wrote it."""
        packed = self._verified(_INVITATION_LABEL, text, _INVITATION.size)
        if packed is None:
            return None
        _, user_id, expires, nonce = _INVITATION.unpack(packed)
        return Invitation(user_id, expires, nonce)

    def session(self, session: Session) -> str:
        """What stands in the cookie."""
        packed = _packed(session)
        return _text(packed + self._tag(_SESSION_LABEL, packed))

    def read_session(self, text: str) -> Session | None:
        """What was written; None for anything else."""
        packed = self._verified(_SESSION_LABEL, text, _SESSION.size)
        if packed is None:
            return None
        _, user_id, began, nonce, secret = _SESSION.unpack(packed)
        return Session(user_id, began, nonce, secret)

    def form(self, session: Session) -> str:
        """What every form of a session's pages holds: another site cannot know it."""
        return _text(self._tag(_FORM_LABEL, _packed(session)))

    def is_form(self, session: Session, text: str) -> bool:
        """Whether `text` came out of a form of the session's pages; in constant time."""
        return hmac.compare_digest(self.form(session).encode(), text.encode(errors="replace"))

    def _tag(self, label: bytes, packed: bytes) -> bytes:
        return hmac.digest(self._secret, label + packed, "sha256")

    def _verified(self, label: bytes, text: str, size: int) -> bytes | None:
        """The bytes before the tag, when it is right and they are of this version."""
        if not _TEXT.fullmatch(text):
            return None
        whole = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        packed, tag = whole[:size], whole[size:]
        right = hmac.compare_digest(tag, self._tag(label, packed))
        # Of what spells the same bytes in another way there is none.
        return packed if right and _text(whole) == text and packed[0] == _VERSION else None


def _packed(session: Session) -> bytes:
    return _SESSION.pack(_VERSION, session.user_id, session.began, session.nonce, session.secret)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

"""What the client library raises, as errors of ours: telegram.md, "Errors and what to do".

One pure function; whoever calls the library catches `FAILURES` and raises what `to_error` makes
of it. Texts of errors carry names and numbers only, never a request: requests hold the token.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from telethon import errors as tl
from telethon.errors.rpcerrorlist import rpc_errors_dict

from telpher.errors import (
    AccountDeadError,
    AuthorisationLostError,
    ChunkTimeoutError,
    FloodWaitError,
    KeyDuplicatedError,
    MigrateError,
    RecipientLostError,
    ReferenceExpiredError,
    RequestRejectedError,
    TelegramError,
    TelegramUnavailableError,
)

# Everything a connection attempt or a request may end with. EOFError is a connection closed in
# mid-packet, BufferError a transport error frame.
FAILURES: Final = (
    tl.RPCError,
    tl.SecurityError,
    tl.AuthKeyNotFound,
    tl.BadMessageError,
    tl.TypeNotFoundError,
    tl.InvalidChecksumError,
    OSError,
    EOFError,
    BufferError,
)

# The library turns the names it knows into classes and drops the name: this finds it again.
_NAMES: Final = MappingProxyType({kind: name for name, kind in rpc_errors_dict.items()})

# A key or login that Telegram no longer accepts.
_LOGIN_GONE: Final = frozenset(
    {
        "AUTH_KEY_UNREGISTERED",
        "AUTH_KEY_INVALID",
        "AUTH_KEY_PERM_EMPTY",
        "SESSION_EXPIRED",
        "SESSION_REVOKED",
    }
)

# A repeat of a message that is still being sent: code 500, yet no fault of the server.
_STILL_RUNNING: Final = "RANDOM_ID_DUPLICATE"

# A user or chat that nothing can be sent to, whatever it is. (USER_DEACTIVATED is the account's own
# end.)
_RECIPIENT_LOST: Final = frozenset(
    {
        "CHAT_RESTRICTED",
        "CHAT_WRITE_FORBIDDEN",
        "INPUT_USER_DEACTIVATED",
        "PEER_ID_INVALID",
        "USER_IS_BLOCKED",
        "USER_IS_BOT",
        "YOU_BLOCKED_USER",
    }
)

_SERVER_FAULT: Final = 500
_UNAUTHORISED: Final = 401
_UNKNOWN_KEY: Final = 404


def to_error(failure: BaseException) -> TelegramError:
    """Our error for one of `FAILURES`; one of ours is handed back as it is."""
    if isinstance(failure, TelegramError):
        return failure
    if isinstance(failure, tl.RPCError):
        return _from_rpc(failure)
    if isinstance(failure, tl.AuthKeyNotFound):
        return AuthorisationLostError("Telegram does not know the authorisation key (-404)")
    if isinstance(failure, tl.InvalidBufferError) and failure.code is not None:
        return _from_frame(int(failure.code))
    return TelegramUnavailableError(f"connection to Telegram: {type(failure).__name__}")


def rpc_name(failure: tl.RPCError) -> str:
    """The error's name as Telegram writes it, such as "PEER_ID_INVALID"."""
    return str(_NAMES.get(type(failure)) or failure.message or "UNKNOWN")


def _from_rpc(failure: tl.RPCError) -> TelegramError:
    if isinstance(failure, (tl.FloodWaitError, tl.SlowModeWaitError)):
        return FloodWaitError(int(failure.seconds))
    if isinstance(failure, tl.FloodPremiumWaitError):
        return FloodWaitError(int(failure.seconds), premium=True)
    moved = getattr(failure, "new_dc", None)
    if moved is not None:
        return MigrateError(int(moved))
    return _from_name(rpc_name(failure), int(failure.code or 0))


def _from_name(name: str, code: int) -> TelegramError:
    if name.startswith(("FILE_REFERENCE_", "FILEREF_")):
        return ReferenceExpiredError(name)
    if name.startswith("ACCESS_TOKEN_"):
        return AccountDeadError(f"Telegram refused the bot's token: {name}")
    if name == "AUTH_KEY_DUPLICATED":
        return KeyDuplicatedError(name)
    if name in _LOGIN_GONE or code == _UNAUTHORISED:
        return AuthorisationLostError(name)
    if name == _STILL_RUNNING:
        return RequestRejectedError(name, _SERVER_FAULT)
    if abs(code) >= _SERVER_FAULT or code < 0:
        return ChunkTimeoutError(f"{name} ({code})")
    rejected = RecipientLostError if name in _RECIPIENT_LOST else RequestRejectedError
    return rejected(name, code)


def _from_frame(code: int) -> TelegramError:
    """A transport error: a packet of four bytes with a negated HTTP-like code."""
    if code == _UNKNOWN_KEY:
        return AuthorisationLostError("Telegram does not know the authorisation key (-404)")
    return TelegramUnavailableError(f"transport error -{code}")

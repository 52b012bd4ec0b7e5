"""Telegram's errors as ours: the table of telegram.md."""

import struct

import pytest
from telethon import errors as tl
from telethon.errors import rpc_message_to_error
from telethon.tl.functions.auth import ImportBotAuthorizationRequest
from telethon.tl.types import RpcError

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
from telpher.telegram.adapter.errors import FAILURES, to_error

SECRET = "5000000001:secret"


def rpc(code: int, message: str) -> BaseException:
    """The exception that the library makes of an rpc_error."""
    request = ImportBotAuthorizationRequest(0, 1, "hash", SECRET)
    return rpc_message_to_error(RpcError(code, message), request)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (400, "FILE_REFERENCE_EXPIRED", ReferenceExpiredError),
        (400, "FILE_REFERENCE_INVALID", ReferenceExpiredError),
        (400, "FILE_REFERENCE_EMPTY", ReferenceExpiredError),
        (400, "FILE_REFERENCE_3_EXPIRED", ReferenceExpiredError),
        (406, "FILEREF_UPGRADE_NEEDED", ReferenceExpiredError),
        (-503, "Timeout", ChunkTimeoutError),
        (500, "RPC_CALL_FAIL", ChunkTimeoutError),
        (-500, "No workers running", ChunkTimeoutError),
        (500, "SOMETHING_NEW", ChunkTimeoutError),
        (400, "SOMETHING_NEW", RequestRejectedError),
        (400, "LIMIT_INVALID", RequestRejectedError),
        (400, "OFFSET_INVALID", RequestRejectedError),
        (400, "AUTH_BYTES_INVALID", RequestRejectedError),
        (403, "CHAT_WRITE_FORBIDDEN", RecipientLostError),
        (400, "PEER_ID_INVALID", RecipientLostError),
        (400, "USER_IS_BLOCKED", RecipientLostError),
        (403, "USER_IS_BLOCKED", RecipientLostError),
        (400, "INPUT_USER_DEACTIVATED", RecipientLostError),
        (401, "USER_DEACTIVATED", AuthorisationLostError),
        (406, "CHANNEL_PRIVATE", RequestRejectedError),
        (500, "RANDOM_ID_DUPLICATE", RequestRejectedError),
        (401, "AUTH_KEY_UNREGISTERED", AuthorisationLostError),
        (401, "SESSION_REVOKED", AuthorisationLostError),
        (401, "SOMETHING_NEW", AuthorisationLostError),
        (406, "AUTH_KEY_DUPLICATED", KeyDuplicatedError),
        (400, "ACCESS_TOKEN_INVALID", AccountDeadError),
        (400, "ACCESS_TOKEN_EXPIRED", AccountDeadError),
        (401, "ACCESS_TOKEN_EXPIRED", AccountDeadError),
    ],
)
def test_the_table(code: int, message: str, kind: type[TelegramError]) -> None:
    error = to_error(rpc(code, message))

    assert type(error) is kind
    assert SECRET not in str(error)
    if isinstance(error, RequestRejectedError):
        assert error.name == message


@pytest.mark.parametrize("message", ["FILE_MIGRATE_4", "USER_MIGRATE_4", "NETWORK_MIGRATE_4"])
def test_migrations_name_the_data_centre(message: str) -> None:
    error = to_error(rpc(303, message))

    assert isinstance(error, MigrateError)
    assert error.dc == 4


@pytest.mark.parametrize(
    ("message", "seconds", "premium"),
    [
        ("FLOOD_WAIT_17", 17, False),
        ("FLOOD_PREMIUM_WAIT_3", 3, True),
        ("SLOWMODE_WAIT_9", 9, False),
    ],
)
def test_flood_waits_tell_how_long_and_of_which_kind(
    message: str, seconds: int, premium: bool
) -> None:
    error = to_error(rpc(420, message))

    assert isinstance(error, FloodWaitError)
    assert (error.seconds, error.premium) == (seconds, premium)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (404, AuthorisationLostError),
        (429, TelegramUnavailableError),
        (444, TelegramUnavailableError),
    ],
)
def test_transport_errors(code: int, kind: type[TelegramError]) -> None:
    failure = tl.InvalidBufferError(struct.pack("<i", -code))

    assert type(to_error(failure)) is kind


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionResetError(),
        TimeoutError(),
        EOFError(),
        tl.InvalidBufferError(b"??"),
        tl.SecurityError(),
        tl.BadMessageError(None, 64),
        tl.TypeNotFoundError(1, b""),
    ],
)
def test_a_connection_in_trouble_is_unavailable(failure: BaseException) -> None:
    assert isinstance(failure, FAILURES)
    assert type(to_error(failure)) is TelegramUnavailableError


def test_a_forgotten_key_is_a_lost_login() -> None:
    assert isinstance(tl.AuthKeyNotFound(), FAILURES)
    assert type(to_error(tl.AuthKeyNotFound())) is AuthorisationLostError


def test_ours_stay_as_they_are() -> None:
    error = FloodWaitError(5)

    assert to_error(error) is error

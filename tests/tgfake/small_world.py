"""The least that a cluster needs behind it, for tests of the protocol alone.

`files` answers upload.getFile with bytes that are computed from document and offset; `slow` methods
can be made to wait until a test lets them go.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from telethon.tl import functions, types

from tgfake.dispatch import Call, Dispatcher
from tgfake.services import auth, system

TOKEN = "7:token"
OTHER_TOKEN = "8:token"


@dataclass(eq=False)
class SmallAccount:
    user_id: int
    token: str
    is_bot: bool = True


@dataclass(eq=False)
class SmallWorld:
    home_dc: int = 2
    local_urls: bool = False
    on_update: Callable[..., bool] | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """account.declinePasswordReset waits for it."""
    started: int = 0
    cancelled: int = 0

    def __post_init__(self) -> None:
        pairs = (7, TOKEN), (8, OTHER_TOKEN)
        self.accounts = {token: SmallAccount(number, token) for number, token in pairs}

    def account_for_token(self, token: str) -> SmallAccount | None:
        return self.accounts.get(token)

    def self_user(self, account: SmallAccount) -> Any:
        return types.User(
            id=account.user_id,
            is_self=True,
            bot=True,
            bot_info_version=1,
            access_hash=1,
            first_name="bot",
        )


def file_bytes(document: int, offset: int, size: int) -> bytes:
    """Incompressible enough, and different everywhere."""
    words = range(offset // 8, (offset + size) // 8)
    return b"".join((w * 2654435761 + document).to_bytes(8, "little") for w in words)


async def get_file(call: Call) -> Any:
    query = call.request
    data = file_bytes(query.location.id, query.offset, query.limit)
    return types.upload.File(type=types.storage.FileUnknown(), mtime=0, bytes=data)


async def wait_at_gate(call: Call) -> Any:
    call.world.started += 1
    call.cluster.counters.changed()
    try:
        await call.world.gate.wait()
    except asyncio.CancelledError:
        call.world.cancelled += 1
        raise
    return True


async def long_answer(call: Call) -> Any:
    user = call.world.self_user(call.me)
    return [user] * 100


async def crash(call: Call) -> Any:
    raise KeyError("a service's mistake")


def small_services() -> Dispatcher:
    """auth.* and help.*, getFile, something slow, something long, something broken."""
    table = Dispatcher()
    for module in (auth, system):
        table.register_all(module.HANDLERS)
        table.register_all(module.OPEN_HANDLERS, needs_login=False)
    table.register(functions.upload.GetFileRequest, get_file)
    table.register(functions.account.DeclinePasswordResetRequest, wait_at_gate)
    table.register(functions.users.GetUsersRequest, long_answer)
    table.register(functions.account.GetPasswordRequest, crash)
    return table


SLOW = functions.account.DeclinePasswordResetRequest()
LONG = functions.users.GetUsersRequest([])
BROKEN = functions.account.GetPasswordRequest()


def file_request(document: int, offset: int = 0, limit: int = 64 * 1024) -> Any:
    """upload.getFile for a made-up document."""
    location = types.InputDocumentFileLocation(document, 1, b"reference", "")
    return functions.upload.GetFileRequest(location, offset, limit)

"""The table of handlers."""

import dataclasses

import pytest
from telethon.tl import functions

from tests.tgfake.small_world import SmallAccount
from tgfake.dispatch import Call, Dispatcher
from tgfake.errors import RpcError
from tgfake.services import dispatcher

CONFIG = functions.help.GetConfigRequest
CALL = Call(CONFIG(), None, 2, False, 229, None, None, None)


async def answer(call):
    return call.dc


async def test_a_login_is_asked_for_first():
    table = Dispatcher()
    table.register_all({CONFIG: answer})
    with pytest.raises(RpcError, match="401 AUTH_KEY_UNREGISTERED"):
        await table(CALL)
    assert await table(dataclasses.replace(CALL, account=SmallAccount(7, "7:token"))) == 2


async def test_what_is_open_needs_none():
    table = Dispatcher()
    table.register(CONFIG, answer, needs_login=False)
    assert await table(CALL) == 2
    with pytest.raises(RpcError, match="AUTH_KEY_UNREGISTERED"):
        _ = CALL.me


async def test_an_unknown_method_is_named_in_the_log(caplog):
    call = dataclasses.replace(CALL, account=SmallAccount(7, "7:token"))
    with pytest.raises(RpcError, match="INPUT_METHOD_INVALID"):
        await Dispatcher()(call)
    assert "GetConfigRequest" in caplog.text


def test_two_handlers_for_one_method_are_a_mistake():
    table = dispatcher()
    with pytest.raises(ValueError, match="GetConfigRequest"):
        table.register(CONFIG, answer)

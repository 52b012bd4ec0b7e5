"""Queries inside queries."""

import pytest
from telethon.tl import functions, types
from telethon.tl.core import GzipPacked

from tgfake.tl import TlError
from tgfake.wrappers import unwrap

CONFIG = functions.help.GetConfigRequest()


def init(query):
    return functions.InitConnectionRequest(1, "device", "system", "app", "en", "", "en", query)


def test_a_bare_query():
    asked = unwrap(CONFIG)
    assert (asked.query, asked.layer, asked.updates, asked.after) == (CONFIG, None, True, [])


def test_all_of_them_at_once():
    inner = functions.InvokeAfterMsgsRequest([2, 3], GzipPacked(bytes(CONFIG)))
    wrapped = functions.InvokeWithoutUpdatesRequest(functions.InvokeAfterMsgRequest(1, inner))
    asked = unwrap(functions.InvokeWithLayerRequest(229, init(wrapped)))
    assert isinstance(asked.query, functions.help.GetConfigRequest)
    assert (asked.layer, asked.updates, asked.after) == (229, False, [1, 2, 3])


def test_rubbish_inside():
    with pytest.raises(TlError):
        unwrap(functions.InvokeWithLayerRequest(229, GzipPacked(b"rubbish")))


def test_an_object_that_is_no_method_is_left_to_the_dispatcher():
    assert isinstance(unwrap(types.Pong(1, 2)).query, types.Pong)

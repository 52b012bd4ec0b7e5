import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import functions, types
from telethon.tl.core import GzipPacked, MessageContainer, RpcResult
from telethon.tl.tlobject import TLObject

from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.schema import MalformedError

CONSTRUCTORS = {
    "MSG_CONTAINER": MessageContainer,
    "GZIP_PACKED": GzipPacked,
    "RPC_RESULT": RpcResult,
    "RPC_ERROR": types.RpcError,
    "RPC_DROP_ANSWER": functions.RpcDropAnswerRequest,
    "RPC_ANSWER_UNKNOWN": types.RpcAnswerUnknown,
    "RPC_ANSWER_DROPPED_RUNNING": types.RpcAnswerDroppedRunning,
    "RPC_ANSWER_DROPPED": types.RpcAnswerDropped,
    "MSGS_ACK": types.MsgsAck,
    "BAD_MSG_NOTIFICATION": types.BadMsgNotification,
    "BAD_SERVER_SALT": types.BadServerSalt,
    "NEW_SESSION_CREATED": types.NewSessionCreated,
    "PING": functions.PingRequest,
    "PONG": types.Pong,
    "MSG_DETAILED_INFO": types.MsgDetailedInfo,
    "MSG_NEW_DETAILED_INFO": types.MsgNewDetailedInfo,
    "MSGS_STATE_REQ": types.MsgsStateReq,
    "MSGS_STATE_INFO": types.MsgsStateInfo,
    "MSG_RESEND_REQ": types.MsgResendReq,
    "INVOKE_AFTER_MSG": functions.InvokeAfterMsgRequest,
    "REQ_PQ_MULTI": functions.ReqPqMultiRequest,
    "RES_PQ": types.ResPQ,
    "P_Q_INNER_DATA": types.PQInnerData,
    "REQ_DH_PARAMS": functions.ReqDHParamsRequest,
    "SERVER_DH_PARAMS_OK": types.ServerDHParamsOk,
    "SERVER_DH_INNER_DATA": types.ServerDHInnerData,
    "CLIENT_DH_INNER_DATA": types.ClientDHInnerData,
    "SET_CLIENT_DH_PARAMS": functions.SetClientDHParamsRequest,
    "DH_GEN_OK": types.DhGenOk,
    "UPLOAD_GET_FILE": functions.upload.GetFileRequest,
    "UPLOAD_FILE": types.upload.File,
    "UPLOAD_FILE_CDN_REDIRECT": types.upload.FileCdnRedirect,
}


@pytest.mark.parametrize("name", sorted(CONSTRUCTORS))
def test_constructors_are_the_schemas(name):
    assert getattr(schema, name) == CONSTRUCTORS[name].CONSTRUCTOR_ID


def test_no_constructor_is_left_unchecked():
    numbers = {name for name, value in vars(schema).items() if name.isupper() and value is not None}
    numbers = {name for name in numbers if not name.startswith("_") and len(name) > 3}
    assert numbers - {"VECTOR"} == set(CONSTRUCTORS)


@given(st.binary(max_size=1000))
def test_strings_of_bytes_are_as_the_library_writes_them(value):
    text = schema.serialised(value)
    assert text == TLObject.serialize_bytes(value)
    assert bytes(schema.byte_string(memoryview(b"head" + text + b"tail"), 4)) == value


@pytest.mark.parametrize("value", [b"", b"a" * 253, b"a" * 254, b"a" * 70_000])
def test_truncated_strings_of_bytes_are_refused(value):
    text = schema.serialised(value)
    needed = len(value) + (1 if len(value) < 254 else 4)
    for size in {0, 1, 3, needed - 1} - {needed}:
        if size < needed:
            with pytest.raises(MalformedError):
                schema.byte_string(memoryview(text[:size]), 0)


def test_vectors_of_longs():
    numbers = (1, -1, 1 << 62)
    text = schema.vector_of_longs(schema.MSGS_ACK, numbers)
    assert text == bytes(types.MsgsAck(list(numbers)))
    assert schema.longs(memoryview(text), 4) == numbers
    for size in range(4, len(text)):
        with pytest.raises(MalformedError):
            schema.longs(memoryview(text[:size]), 4)
    with pytest.raises(MalformedError):
        schema.longs(memoryview(bytes(100)), 0)


def test_bodies_without_constructor_are_refused():
    for size in range(4):
        with pytest.raises(MalformedError):
            schema.constructor(memoryview(bytes(size)))

"""Messages about messages, over a connection that a test can misuse."""

import asyncio
import time

import pytest
from telethon.tl import functions, types
from telethon.tl.core import GzipPacked, RpcResult

from tests.tgfake.raw_client import TransportError, opened, raw_client
from tests.tgfake.small_world import (
    LONG,
    SLOW,
)
from tgfake.authkeys import AuthKey
from tgfake.session import Message

DC = 2


async def test_a_new_session_is_announced_once(cluster):
    async with raw_client(cluster, DC) as client:
        first = client.send(functions.PingRequest(1), content=False)
        _, created = await client.next()
        assert isinstance(created, types.NewSessionCreated)
        assert created.first_msg_id == first
        assert client.key.accepts(created.server_salt, time.time())
        assert isinstance((await client.next())[1], types.Pong)
        client.send(functions.PingRequest(2), content=False)
        assert isinstance((await client.next())[1], types.Pong)


async def test_a_session_survives_its_connection(cluster, client):
    async with raw_client(cluster, DC, key=client.key) as again:
        await client.close()
        again.session_id, again.content = client.session_id, client.content
        again.last_id = client.last_id
        again.send(functions.PingRequest(2), content=False)
        assert isinstance((await again.next())[1], types.Pong)
        assert isinstance(await again.call(functions.help.GetNearestDcRequest()), types.NearestDc)


async def test_ping(client):
    msg_id = client.send(functions.PingRequest(99), content=False)
    message, pong = await client.next(types.Pong)
    assert (pong.msg_id, pong.ping_id) == (msg_id, 99)
    assert message.msg_id % 4 == 1


async def test_ping_delay_disconnect_closes(client):
    client.send(functions.PingDelayDisconnectRequest(1, 0), content=False)
    await client.next(types.Pong)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await client.packet()


async def test_a_wrong_salt_is_corrected(client):
    right, client.salt = client.salt, 12345
    msg_id = client.send(functions.help.GetNearestDcRequest())
    _, notice = await client.next()
    assert isinstance(notice, types.BadServerSalt)
    assert (notice.bad_msg_id, notice.error_code) == (msg_id, 48)
    assert notice.new_server_salt == right
    client.salt = notice.new_server_salt
    assert isinstance(await client.call(functions.help.GetNearestDcRequest()), types.NearestDc)


@pytest.mark.parametrize(("shift", "code"), [(-400, 16), (60, 17)])
async def test_a_wrong_clock_is_told(client, shift, code):
    wrong = int((time.time() + shift) * 2**32) & ~3
    client.write(Message(wrong, 1, bytes(functions.PingRequest(1))))
    _, notice = await client.next()
    assert (notice.bad_msg_id, notice.error_code) == (wrong, code)


@pytest.mark.parametrize(
    ("body", "content", "code"),
    [
        (functions.help.GetNearestDcRequest(), False, 35),
        (types.MsgsAck([1]), True, 34),
    ],
)
async def test_parity_of_sequence_numbers(client, body, content, code):
    client.send(body, content=content)
    _, notice = await client.next()
    assert isinstance(notice, types.BadMsgNotification)
    assert notice.error_code == code


async def test_an_unknown_key_is_minus_404(cluster):
    key = AuthKey(b"x" * 256, DC, 0, time.time())
    async with raw_client(cluster, DC, key=key) as client:
        client.send(functions.PingRequest(1))
        with pytest.raises(TransportError) as caught:
            await client.packet()
        assert caught.value.code == -404


async def test_a_tampered_packet_is_refused(cluster, client):
    client.key = AuthKey(client.key.key[:100] + b"y" * 156, DC, 0, time.time())
    client.key.wire_id = next(iter(cluster.connections))._keys.copy().pop().wire_id
    client.send(functions.PingRequest(1))
    with pytest.raises(TransportError):
        await client.packet()


async def test_a_key_of_another_data_centre_is_unknown(cluster, client):
    async with raw_client(cluster, 4, key=client.key) as elsewhere:
        elsewhere.send(functions.PingRequest(1))
        with pytest.raises(TransportError):
            await elsewhere.packet()


async def test_container_and_gzip_inwards(client):
    nearest = bytes(functions.help.GetNearestDcRequest())
    packed = client.message(bytes(GzipPacked(nearest)))
    plain = client.message(nearest)
    client.write(client.container([packed, plain]))
    answers = {}
    while len(answers) < 2:
        _, found = await client.next(RpcResult)
        answers[found.req_msg_id] = opened(found)
    assert set(answers) == {packed.msg_id, plain.msg_id}
    assert all(isinstance(a, types.NearestDc) for a in answers.values())


async def test_a_repeated_message_is_done_once(cluster, client):
    message = client.message(functions.help.GetNearestDcRequest())
    client.write(message)
    client.write(message)
    kinds = {type((await client.next(RpcResult, types.MsgsAck))[1]) for _ in range(2)}
    assert kinds == {RpcResult, types.MsgsAck}
    assert cluster.counters.calls["help.getNearestDc"] == 1


async def test_future_salts(client):
    msg_id = client.send(functions.GetFutureSaltsRequest(4))
    _, found = await client.next(types.FutureSalts)
    assert found.req_msg_id == msg_id
    assert [s.salt for s in found.salts] == [
        s.salt for s in client.key.future_salts(time.time(), 4)
    ]


async def test_states(client, cluster, world):
    slow = client.send(SLOW)
    await cluster.counters.wait(lambda _: world.started == 1)
    done = client.send(functions.help.GetNearestDcRequest())
    await client.result(done)
    client.send(types.MsgsStateReq([slow, done, slow - 400]))
    _, found = await client.next(types.MsgsStateInfo)
    assert [ord(c) for c in found.info] == [4 | 32, 4 | 64, 2]


async def test_a_message_is_sent_again(client):
    client.send(functions.help.GetNearestDcRequest())
    message, _ = await client.next(RpcResult)
    client.send(types.MsgResendReq([message.msg_id]))
    assert (await client.packet()).msg_id == message.msg_id
    client.send(types.MsgsAck([message.msg_id]), content=False)
    client.send(types.MsgResendReq([message.msg_id]))
    _, found = await client.next()
    assert isinstance(found, types.MsgsStateInfo)


async def test_destroy_session(cluster, client):
    async with raw_client(cluster, DC, key=client.key) as other:
        other.send(functions.PingRequest(1), content=False)
        await other.next(types.Pong)
        client.send(functions.DestroySessionRequest(other.session_id))
        assert isinstance((await client.next())[1], types.DestroySessionOk)
        client.send(functions.DestroySessionRequest(other.session_id))
        assert isinstance((await client.next())[1], types.DestroySessionNone)


async def test_destroy_key(client):
    client.send(functions.DestroyAuthKeyRequest())
    assert isinstance((await client.next())[1], types.DestroyAuthKeyOk)
    client.send(functions.PingRequest(1))
    with pytest.raises(TransportError):
        await client.packet()


async def test_http_wait_is_ignored(client):
    client.send(types.HttpWait(0, 0, 0), content=False)
    assert isinstance(await client.call(functions.help.GetNearestDcRequest()), types.NearestDc)


async def test_unknown_methods_and_missing_logins(client, cluster):
    error = await client.call(functions.account.GetThemesRequest("x", 0))
    assert error.error_message.startswith("INPUT_METHOD_INVALID")
    async with raw_client(cluster, DC) as stranger:
        error = await stranger.call(LONG)
        assert (error.error_code, error.error_message) == (401, "AUTH_KEY_UNREGISTERED")


async def test_bytes_that_are_no_request(client):
    msg_id = client.send(b"\x01\x02\x03\x04" * 2)
    assert (await client.result(msg_id)).error_message.startswith("INPUT_METHOD_INVALID")

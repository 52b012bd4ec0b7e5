"""Requests: side by side, one after another, and dropped."""

from telethon.tl import functions, types
from telethon.tl.core import RpcResult

from tests.tgfake.raw_client import RawClient, new_key, opened, raw_client
from tests.tgfake.small_world import (
    BROKEN,
    LONG,
    SLOW,
    file_bytes,
    file_request,
)
from tgfake.tl import GZIP_PACKED

DC = 2


async def test_long_answers_come_packed_but_file_parts_do_not(client):
    for request, packed in [(LONG, True), (file_request(5), False)]:
        client.send(request)
        message = await client.packet()
        constructor = int.from_bytes(message.body[12:16], "little")
        assert (constructor == GZIP_PACKED) == packed
    assert len(await client.call(LONG)) == 100


async def test_requests_run_at_the_same_time(client, world):
    slow = client.send(SLOW)
    fast = client.send(functions.help.GetNearestDcRequest())
    assert isinstance(await client.result(fast), types.NearestDc)
    world.gate.set()
    assert await client.result(slow) is True


async def test_invoke_after_waits(client, cluster, world):
    slow = client.send(SLOW)
    nearest = functions.help.GetNearestDcRequest()
    after = client.send(functions.InvokeAfterMsgRequest(slow, nearest))
    await cluster.counters.wait(lambda _: world.started == 1)
    world.gate.set()
    order = [(await client.next(RpcResult))[1].req_msg_id for _ in range(2)]
    assert order == [slow, after]


async def test_invoke_after_a_failure_fails(client):
    broken = client.send(BROKEN)
    await client.result(broken)
    nearest = functions.help.GetNearestDcRequest()
    error = await client.call(functions.InvokeAfterMsgsRequest([broken], nearest))
    assert error.error_message == "MSG_WAIT_FAILED"


async def test_a_service_that_crashes_costs_one_call(client, cluster, caplog):
    error = await client.call(BROKEN)
    assert (error.error_code, error.error_message) == (500, "INTERNAL_SERVER_ERROR")
    assert cluster.counters.crashes == 1
    assert "account.getPassword failed" in caplog.text
    assert isinstance(await client.call(functions.help.GetNearestDcRequest()), types.NearestDc)


async def test_a_layer_must_be_named_first(cluster):
    async with raw_client(cluster, DC, key=new_key(cluster, DC, layer=0)) as client:
        nearest = functions.help.GetNearestDcRequest()
        assert (await client.call(nearest)).error_message == "CONNECTION_NOT_INITED"
        wrapped = functions.InvokeWithLayerRequest(229, nearest)
        assert isinstance(await client.call(wrapped), types.NearestDc)
        assert isinstance(await client.call(nearest), types.NearestDc)
        assert client.key.layer == 229


async def drop(client: RawClient, msg_id: int):
    return await client.call(functions.RpcDropAnswerRequest(msg_id))


async def test_dropping_what_runs_cancels_it(client, cluster, world):
    slow = client.send(SLOW)
    await cluster.counters.wait(lambda _: world.started == 1)
    dropping = client.send(functions.RpcDropAnswerRequest(slow))
    answers = dict([(await answer(client)), (await answer(client))])
    assert isinstance(answers[slow], types.RpcAnswerDroppedRunning)
    assert isinstance(answers[dropping], types.RpcAnswerDroppedRunning)
    await cluster.counters.wait(lambda _: world.cancelled == 1)
    assert (cluster.counters.drops, cluster.counters.dropped_running) == (1, 1)


async def answer(client: RawClient):
    _, found = await client.next(RpcResult)
    return found.req_msg_id, opened(found)


async def test_dropping_what_is_answered_or_unknown(client):
    done = client.send(functions.help.GetNearestDcRequest())
    await client.result(done)
    assert isinstance(await drop(client, done), types.RpcAnswerUnknown)
    assert isinstance(await drop(client, 4444), types.RpcAnswerUnknown)


async def test_file_parts_come_whole(client):
    found = await client.call(file_request(9, offset=4096, limit=4096))
    assert found.bytes == file_bytes(9, 4096, 4096)

"""Scripted faults: aiming alone, then each kind over a connection."""

import asyncio
import random

import pytest
from telethon.tl import functions, types
from telethon.tl.core import RpcResult

from tests.tgfake.raw_client import TransportError, raw_client
from tests.tgfake.small_world import LONG, TOKEN, file_request
from tgfake.clock import ManualClock
from tgfake.errors import RpcError
from tgfake.faults import Fault, Faults, Kind, RateLimit, Subject

NEAREST = functions.help.GetNearestDcRequest()
GET_FILE = Subject("upload.getFile", dc=2, connection=1, account=7, document=5)
CONFIG = Subject("help.getConfig", dc=2, connection=1, account=None, document=None)


# ---- aiming


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({}, True),
        ({"dc": 2}, True),
        ({"dc": 3}, False),
        ({"account": 7, "document": 5}, True),
        ({"document": 6}, False),
        ({"connection": 2}, False),
        ({"method": "upload.getFile"}, True),
        ({"method": "help.getConfig"}, False),
        ({"media": True}, False),
    ],
)
def test_conditions(conditions, fits):
    assert Fault(Kind.TIMEOUT, **conditions).fits(GET_FILE) is fits


def test_kinds_of_one_method_fit_only_that():
    assert Fault(Kind.SHORT).fits(GET_FILE)
    assert not Fault(Kind.SHORT).fits(CONFIG)
    assert not Fault(Kind.AUTH_BYTES_INVALID).fits(GET_FILE)
    assert not Fault(Kind.FLOOD_WAIT, document=5).fits(CONFIG)


def test_nth_and_times():
    faults = Faults(ManualClock())
    fault = faults.add(Fault(Kind.TIMEOUT, dc=2, nth=3, times=2))
    struck = [faults.choose(GET_FILE) is fault for _ in range(6)]
    assert struck == [False, False, True, True, False, False]
    assert (fault.seen, fault.struck) == (6, 2)


def test_always_until_removed():
    faults = Faults(ManualClock())
    fault = faults.add(Fault(Kind.TIMEOUT, times=None))
    assert all(faults.choose(GET_FILE) for _ in range(50))
    faults.remove(fault)
    assert faults.choose(GET_FILE) is None


def test_probability():
    fault = Fault(Kind.TIMEOUT, times=None, probability=0.3)
    chance = random.Random(1)
    assert 200 < sum(fault.strikes(chance) for _ in range(1000)) < 400


def test_a_token_bucket_floods_beyond_its_rate():
    clock = ManualClock()
    faults = Faults(clock)
    faults.limit(RateLimit(rate=0.5, burst=3))
    for _ in range(3):
        faults.throttle(GET_FILE)
    with pytest.raises(RpcError) as caught:
        faults.throttle(GET_FILE)
    assert (caught.value.code, caught.value.message) == (420, "FLOOD_WAIT_2")
    faults.throttle(CONFIG)
    faults.throttle(Subject("upload.getFile", dc=4, connection=1, account=7, document=5))
    faults.throttle(Subject("upload.getFile", dc=2, connection=1, account=8, document=5))
    clock.advance(2)
    faults.throttle(GET_FILE)
    with pytest.raises(RpcError):
        faults.throttle(GET_FILE)
    faults.clear()
    faults.throttle(GET_FILE)


# ---- striking


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (Fault(Kind.FLOOD_WAIT, seconds=5), 420, "FLOOD_WAIT_5"),
        (Fault(Kind.FLOOD_PREMIUM_WAIT, seconds=2.5), 420, "FLOOD_PREMIUM_WAIT_3"),
        (Fault(Kind.REFERENCE_EXPIRED), 400, "FILE_REFERENCE_EXPIRED"),
        (Fault(Kind.MIGRATE, code=4), 303, "FILE_MIGRATE_4"),
        (Fault(Kind.TIMEOUT), -503, "Timeout"),
        (Fault(Kind.INTERNAL), 500, "RPC_CALL_FAIL"),
        (Fault(Kind.ERROR, code=400, message="LIMIT_INVALID"), 400, "LIMIT_INVALID"),
    ],
)
async def test_errors(cluster, client, fault, code, message):
    cluster.faults.add(fault)
    error = await client.call(file_request(1))
    assert (error.error_code, error.error_message) == (code, message)
    assert isinstance(await client.call(file_request(1)), types.upload.File)
    assert cluster.counters.errors[message] == 1
    assert cluster.counters.faults[fault.kind] == 1
    assert cluster.counters.floods == message.startswith("FLOOD")


async def test_the_bucket_floods_over_a_connection(cluster, client):
    cluster.faults.limit(RateLimit(rate=0.001, burst=1))
    assert isinstance(await client.call(file_request(1)), types.upload.File)
    error = await client.call(file_request(1))
    assert error.error_message == "FLOOD_WAIT_1000"
    assert cluster.counters.floods == 1


async def test_a_lost_login(cluster, client):
    cluster.faults.add(Fault(Kind.UNREGISTERED, method="users.getUsers"))
    for _ in range(2):
        assert (await client.call(LONG)).error_message == "AUTH_KEY_UNREGISTERED"
    await client.log_in(TOKEN)
    assert len(await client.call(LONG)) == 100


async def test_a_destroyed_login(cluster, client):
    cluster.faults.add(Fault(Kind.DUPLICATED))
    assert (await client.call(LONG)).error_code == 406
    assert (await client.call(LONG)).error_code == 401


async def test_bytes_refused_at_import(cluster, client):
    cluster.faults.add(Fault(Kind.AUTH_BYTES_INVALID))
    async with raw_client(cluster, 4) as foreign:
        answers = []
        for _ in range(2):
            exported = await client.call(functions.auth.ExportAuthorizationRequest(4))
            request = functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes)
            answers.append(await foreign.call(request))
    assert answers[0].error_message == "AUTH_BYTES_INVALID"
    assert answers[1].user.id == 7


async def test_never_answered(cluster, client):
    fault = cluster.faults.add(Fault(Kind.SILENT))
    silent = client.send(NEAREST)
    _, found = await client.next(types.MsgsAck)
    assert found.msg_ids == [silent]
    assert fault.struck == 1
    answered = client.send(NEAREST)
    _, result = await client.next(RpcResult)
    assert result.req_msg_id == answered
    dropping = client.send(functions.RpcDropAnswerRequest(silent))
    assert isinstance(await client.result(dropping), types.RpcAnswerDroppedRunning)


@pytest.mark.parametrize(
    ("kind", "order"), [(Kind.LATE, [1, 0]), (Kind.REORDER, [1, 0]), (Kind.TWICE, [0, 0, 1])]
)
async def test_order_of_answers(cluster, client, kind, order):
    cluster.faults.add(Fault(kind, seconds=0.2))
    sent = [client.send(NEAREST), client.send(NEAREST)]
    got = [(await client.next(RpcResult))[1].req_msg_id for _ in order]
    assert got == [sent[n] for n in order]


async def test_a_reordered_answer_comes_even_if_nothing_overtakes_it(cluster, client):
    cluster.faults.add(Fault(Kind.REORDER, seconds=0.01))
    assert isinstance(await client.call(NEAREST), types.NearestDc)


async def test_reordered_answers_whose_time_is_up_at_once(cluster, client):
    cluster.faults.add(Fault(Kind.REORDER, seconds=0, times=2))
    sent = [client.message(NEAREST), client.message(NEAREST)]
    client.write(client.container(sent))
    got = {(await client.next(RpcResult))[1].req_msg_id for _ in sent}
    assert got == {message.msg_id for message in sent}


async def test_short_parts(cluster, client):
    cluster.faults.add(Fault(Kind.SHORT))
    assert len((await client.call(file_request(1, limit=8192))).bytes) == 4096
    assert len((await client.call(file_request(1, limit=8192))).bytes) == 8192
    assert cluster.counters.bytes_served[1] == 4096 + 8192


async def test_cdn_redirect(cluster, client):
    cluster.faults.add(Fault(Kind.CDN_REDIRECT, document=3))
    assert isinstance(await client.call(file_request(1)), types.upload.File)
    assert isinstance(await client.call(file_request(3)), types.upload.FileCdnRedirect)


async def test_a_reset_in_mid_packet(cluster, client):
    cluster.faults.add(Fault(Kind.RESET, document=1))
    client.send(file_request(1))
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await client.packet()
    async with raw_client(cluster, 2, key=client.key) as again:
        assert isinstance(await again.call(file_request(1)), types.upload.File)


async def test_half_open(cluster, client):
    cluster.faults.add(Fault(Kind.HALF_OPEN))
    client.send(NEAREST)
    await cluster.counters.wait(lambda c: c.faults[Kind.HALF_OPEN] == 1)
    client.send(functions.PingRequest(1))
    async with raw_client(cluster, 2, key=client.key) as again:
        assert isinstance(await again.call(file_request(1)), types.upload.File)
    assert not client.reader.at_eof()
    assert not client.reader._buffer
    assert len(cluster.connections) >= 1


@pytest.mark.parametrize(("kind", "code"), [(Kind.NO_KEY, -404), (Kind.TOO_MANY, -429)])
async def test_transport_errors(cluster, client, kind, code):
    cluster.faults.add(Fault(kind))
    client.send(NEAREST)
    with pytest.raises(TransportError) as caught:
        await client.packet()
    assert caught.value.code == code
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await client.packet()


async def test_a_bad_salt(cluster, client):
    cluster.faults.add(Fault(Kind.BAD_SALT))
    msg_id = client.send(NEAREST)
    _, notice = await client.next()
    assert (notice.bad_msg_id, notice.error_code) == (msg_id, 48)
    assert client.key.accepts(notice.new_server_salt, cluster.site.clock.now())


async def test_a_bad_message(cluster, client):
    cluster.faults.add(Fault(Kind.BAD_MESSAGE, code=17))
    msg_id = client.send(NEAREST)
    _, notice = await client.next()
    assert isinstance(notice, types.BadMsgNotification)
    assert (notice.bad_msg_id, notice.error_code) == (msg_id, 17)
    assert cluster.counters.in_flight == 0


async def test_a_fault_of_one_connection(cluster, client):
    async with raw_client(cluster, 2) as other:
        await other.log_in(TOKEN)
        number = next(iter(other.key.connections)).id
        cluster.faults.add(Fault(Kind.TIMEOUT, connection=number, times=None))
        assert (await other.call(NEAREST)).error_message == "Timeout"
        assert isinstance(await client.call(NEAREST), types.NearestDc)

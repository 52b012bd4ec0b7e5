"""One connection against a server that keeps no rule."""

import asyncio
import gc
import gzip
import struct
import weakref
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pytest
import uvloop
from telethon.tl import functions, types

from telpher.errors import (
    AuthorisationLostError,
    ChunkTimeoutError,
    TelegramUnavailableError,
    ThrottledError,
)
from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.connection import RpcRefusalError, connect
from telpher.telegram.mtproto.framing import MOST_FRAME, wrap
from telpher.telegram.mtproto.kit import AuthKey
from tests.telegram.mtproto.peer import container, rpc_error, rpc_result, upload_file
from tests.telegram.mtproto.server import KEY, SECONDS, Line, line, make_kit

MIB = 1 << 20


async def failure(call) -> Exception:
    """What a call ends with."""
    (outcome,) = await asyncio.gather(call, return_exceptions=True)
    assert isinstance(outcome, Exception)
    return outcome


async def broken_off(each: Line, call) -> str:
    """The reason for which the connection was broken off; it must be."""
    error = await failure(call)
    assert isinstance(error, TelegramUnavailableError)
    assert not each.connection.alive
    await each.server.closed()
    return str(error)


async def test_a_call_is_answered():
    async with line() as each:
        call = each.call(b"ask?")
        packet = await each.server.hears()
        assert packet.outer.body == b"ask?"
        each.server.answers(packet.outer.msg_id, b"yes.")
        assert await call == b"yes."
        assert each.kit.traffic.received > 0
        assert each.kit.traffic.wasted == 0


async def test_calls_of_one_turn_share_a_packet():
    async with line() as each:
        calls = [each.call(body) for body in (b"a...", b"b...", b"c...")]
        packet = await each.server.hears()
        assert [told.body for told in packet.messages] == [b"a...", b"b...", b"c..."]
        for told in reversed(packet.messages):
            each.server.answers(told.msg_id, told.body.upper())
        assert await asyncio.gather(*calls) == [b"A...", b"B...", b"C..."]


async def test_an_urgent_call_goes_first_and_alone():
    async with line() as each:
        calls = [each.call(b"a..."), each.call(b"b..."), each.call(b"u...", urgent=True)]
        assert (await each.server.hears()).outer.body == b"u..."
        assert len((await each.server.hears()).messages) == 2
        for call in calls:
            call.cancel()


async def test_message_ids_rise_and_sequence_numbers_count():
    async with line() as each:
        told = []
        for _ in range(3):
            call = each.call()
            packet = await each.server.hears()
            told += [message for message in packet.messages if message.body == b"ask?"]
            each.server.answers(told[-1].msg_id, b"yes.")
            await call
        assert all(first.msg_id < second.msg_id for first, second in pairwise(told))
        assert [message.seqno for message in told] == [1, 3, 5]


async def test_a_refusal_is_the_callers_alone():
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        each.server.answers(packet.outer.msg_id, rpc_error(420, b"FLOOD_WAIT_5"))
        error = await failure(call)
        assert isinstance(error, RpcRefusalError)
        assert (error.code, error.name) == (420, "FLOOD_WAIT_5")
        assert each.connection.alive


@pytest.mark.parametrize("most", [1, 7, 1000])
async def test_packets_may_come_in_any_pieces(most):
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        data = upload_file(bytes(range(256)) * 4)
        stream = wrap(each.server.frame(bytes(types.Pong(1, 2))))
        stream += wrap(each.server.frame(rpc_result(packet.outer.msg_id, data)))
        for at in range(0, len(stream), most):
            each.server.sends(stream[at : at + most])
            await each.server.writer.drain()
            await asyncio.sleep(0)
        assert await call == data


@pytest.mark.parametrize("threads", [0, 2])
async def test_large_answers_are_decrypted_in_place(threads):
    async with line(make_kit(threads)) as each:
        calls = [each.call(bytes([65 + number] * 4)) for number in range(6)]
        packet = await each.server.hears()
        for number, told in enumerate(packet.messages):
            each.server.answers(told.msg_id, bytes([number] * (MIB if number % 2 else 64)))
        answers = await asyncio.gather(*calls)
        assert [bytes(answer[:1]) + bytes(answer[-1:]) for answer in answers] == [
            bytes([number] * 2) for number in range(6)
        ]


async def test_an_answer_is_a_view_of_memory_that_stays():
    async with line() as each:
        answers = []
        for number in range(20):
            call = each.call()
            packet = await each.server.hears()
            msg_id = packet.messages[-1].msg_id
            each.server.answers(msg_id, bytes([number] * 65536))
            answers.append(await call)
            del answers[:-3]
        assert [set(bytes(answer)) for answer in answers] == [{17}, {18}, {19}]


def test_it_works_on_uvloop_as_well():
    async def scenario() -> None:
        async with line(make_kit(threads=2)) as each:
            calls = [each.call() for _ in range(3)]
            packet = await each.server.hears()
            for told in packet.messages[:2]:
                each.server.answers(told.msg_id, bytes(MIB))
            assert await asyncio.gather(*calls[:2]) == [bytes(MIB)] * 2
            each.server.reset()
            assert isinstance(await failure(calls[2]), TelegramUnavailableError)

    uvloop.run(scenario())


class Memory(bytearray):
    """Memory that can be watched."""


async def test_memory_is_free_when_the_caller_lets_go():
    watched = []

    def take(size: int) -> memoryview:
        memory = Memory(size)
        watched.append(weakref.ref(memory))
        return memoryview(memory)

    async with line(replace(make_kit(), frames=SimpleNamespace(take=take))) as each:
        for _ in range(3):
            call = each.call()
            packet = await each.server.hears()
            each.server.answers(packet.messages[-1].msg_id, upload_file(bytes(MIB)))
            answer = await call
            assert len(answer) > MIB
            del answer, call
        await asyncio.sleep(0)  # the loop itself holds what woke us
        gc.collect()
        assert [memory() for memory in watched] == [None] * 3


# What no server does, and what nobody can have sent but an attacker.


@pytest.mark.parametrize("at", [0, 7, 8, 23, 24, 40, -1])
async def test_a_tampered_packet_ends_it(at):
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        frame = bytearray(each.server.frame(rpc_result(packet.outer.msg_id, b"yes.")))
        frame[at] ^= 1
        each.server.sends(wrap(bytes(frame)))
        assert "protocol" in await broken_off(each, call)


@pytest.mark.parametrize("threads", [0, 2])
async def test_a_large_tampered_packet_ends_it(threads):
    async with line(make_kit(threads)) as each:
        call = each.call()
        packet = await each.server.hears()
        frame = bytearray(each.server.frame(rpc_result(packet.outer.msg_id, bytes(MIB))))
        frame[MIB // 2] ^= 1
        each.server.sends(wrap(bytes(frame)))
        assert "msg_key" in await broken_off(each, call)


@pytest.mark.parametrize("size", [5, 8, 24, 40, 55, 56, -16, -1])
async def test_a_truncated_packet_ends_it(size):
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        frame = each.server.frame(rpc_result(packet.outer.msg_id, b"yes." * 20))
        each.server.sends(wrap(frame[:size]))
        await broken_off(each, call)


async def test_a_packet_for_another_key_ends_it():
    async with line() as each:
        call = each.call()
        await each.server.hears()
        each.server.sends(wrap(bytes(100)))
        assert "key" in await broken_off(each, call)


async def test_a_message_of_another_session_ends_it():
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        each.server.says(rpc_result(packet.outer.msg_id, b"yes."), session_id=5)
        assert "session" in await broken_off(each, call)


@pytest.mark.parametrize("size", [0, 3, MOST_FRAME + 1, 0xFFFFFFFF])
async def test_a_size_that_cannot_be_ends_it(size):
    async with line() as each:
        call = each.call()
        await each.server.hears()
        each.server.sends(size.to_bytes(4, "little"))
        assert str(size) in await broken_off(each, call)


async def test_a_container_in_a_container_ends_it():
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        inner = container((each.server.next_id(), 1, rpc_result(packet.outer.msg_id, b"yes.")))
        each.server.says(container((each.server.next_id(), 2, inner)), seqno=2)
        assert "container" in await broken_off(each, call)


async def test_a_compressed_bomb_ends_it():
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        bomb = schema.serialised(gzip.compress(bytes(1 << 24)))
        each.server.answers(packet.outer.msg_id, struct.pack("<I", schema.GZIP_PACKED) + bomb)
        assert "too much" in await broken_off(each, call)


async def test_a_repeated_packet_is_ignored_but_not_without_end():
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        frame = wrap(each.server.frame(rpc_result(packet.outer.msg_id, b"yes.")))
        each.server.sends(frame * 10)
        assert await call == b"yes."
        assert each.kit.traffic.wasted == 0
        call = each.call()
        await each.server.hears()
        each.server.sends(frame)
        assert "too many" in await broken_off(each, call)


async def test_an_old_message_is_ignored():
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        each.server.says(bytes(types.Pong(1, 2)))
        old = each.server.next_id() - (400 << 32)
        each.server.says(rpc_result(packet.outer.msg_id, b"old."), msg_id=old)
        each.server.says(rpc_result(packet.outer.msg_id, b"new."))
        assert await call == b"new."


# Cancelled, late, twice.


async def test_a_cancelled_call_is_dropped_at_once():
    async with line() as each:
        calls = [each.call() for _ in range(3)]
        packet = await each.server.hears()
        calls[0].cancel()
        calls[2].cancel()
        drops = await each.server.hears()
        assert [told.said for told in drops.messages] == [
            functions.RpcDropAnswerRequest(packet.messages[number].msg_id) for number in (0, 2)
        ]
        each.server.answers(packet.messages[1].msg_id, b"yes.")
        assert await calls[1] == b"yes."


async def test_a_call_cancelled_before_it_goes_out_leaves_no_trace():
    async with line() as each:
        first, second = each.call(b"1..."), each.call(b"2...")
        await asyncio.sleep(0)  # asked; the packet goes out in the next turn
        first.cancel()
        packet = await each.server.hears()
        assert [told.body for told in packet.messages if told.body == b"1..."] == []
        assert packet.messages[-1].body == b"2..."
        second.cancel()


async def test_an_answer_after_the_drop_is_waste():
    async with line() as each:
        call, other = each.call(), each.call()
        packet = await each.server.hears()
        call.cancel()
        await each.server.hears()
        each.server.answers(packet.messages[0].msg_id, upload_file(bytes(1000)))
        each.server.answers(packet.messages[1].msg_id, b"yes.")
        assert await other == b"yes."
        assert each.kit.traffic.wasted == len(upload_file(bytes(1000)))


async def test_an_answer_that_comes_twice_counts_once():
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        for _ in range(2):
            each.server.answers(packet.outer.msg_id, b"yes.")
        assert await call == b"yes."
        assert each.connection.alive


async def test_patience_ends_and_the_answer_is_dropped():
    async with line() as each:
        call = each.call(patience=0.01)
        packet = await each.server.hears()
        assert isinstance(await failure(call), ChunkTimeoutError)
        drop = await each.server.hears()
        assert drop.outer.said == functions.RpcDropAnswerRequest(packet.outer.msg_id)
        assert each.connection.alive


async def test_answers_are_acknowledged_in_the_end():
    async with line(make_kit(acknowledge_after=0.01)) as each:
        call = each.call()
        packet = await each.server.hears()
        answer = each.server.next_id()
        each.server.says(rpc_result(packet.outer.msg_id, b"yes."), msg_id=answer)
        await call
        assert (await each.server.hears()).outer.said == types.MsgsAck([answer])


async def test_acknowledgements_ride_along_with_the_next_call():
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        answer = each.server.next_id()
        each.server.says(rpc_result(packet.outer.msg_id, b"yes."), msg_id=answer)
        await call
        call = each.call()
        told = (await each.server.hears()).messages
        assert told[0].said == types.MsgsAck([answer])
        assert told[1].body == b"ask?"
        call.cancel()


# Refused.


async def test_a_new_salt_is_known_to_the_next_connection():
    key = AuthKey(KEY)
    async with line(key=key) as each:
        call = each.call()
        packet = await each.server.hears()
        each.server.says(bytes(types.BadServerSalt(packet.outer.msg_id, 1, 48, 1234)), seqno=0)
        packet = await each.server.hears()
        assert packet.salt == 1234
        each.server.answers(packet.outer.msg_id, b"yes.")
        assert await call == b"yes."
    async with line(key=key) as each:
        call = each.call()
        assert (await each.server.hears()).salt == 1234
        call.cancel()


async def test_a_refusal_for_good_ends_it():
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        each.server.says(bytes(types.BadMsgNotification(packet.outer.msg_id, 1, 35)), seqno=0)
        assert "35" in await broken_off(each, call)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (-404, AuthorisationLostError),
        (-429, ThrottledError),
        (-444, TelegramUnavailableError),
        (-1, TelegramUnavailableError),
    ],
)
async def test_transport_errors(code, error):
    async with line() as each:
        calls = [each.call(), each.call()]
        await each.server.hears()
        each.server.sends(wrap(struct.pack("<i", code)))
        failures = [await failure(call) for call in calls]
        assert [type(each) for each in failures] == [error, error]
        assert failures[0] is not failures[1]
        assert not each.connection.alive


# The end, and silence.


async def test_a_reset_in_the_middle_of_a_packet():
    async with line() as each:
        call = each.call()
        packet = await each.server.hears()
        frame = wrap(each.server.frame(rpc_result(packet.outer.msg_id, bytes(MIB))))
        each.server.sends(frame[: MIB // 2])
        await each.server.writer.drain()
        each.server.reset()
        assert isinstance(await failure(call), TelegramUnavailableError)
        assert not each.connection.alive


async def test_a_server_that_closes():
    async with line() as each:
        call = each.call()
        await each.server.hears()
        each.server.writer.close()
        assert isinstance(await failure(call), TelegramUnavailableError)


async def test_a_connection_that_is_lost_takes_no_more_calls():
    async with line() as each:
        await each.connection.close()
        assert not each.connection.alive
        with pytest.raises(TelegramUnavailableError):
            await each.connection.call(b"ask?", SECONDS)
        with pytest.raises(TelegramUnavailableError):
            await each.connection.ping(SECONDS)


async def test_closing_ends_what_is_in_flight_and_may_be_repeated():
    async with line() as each:
        call = each.call()
        await each.server.hears()
        await asyncio.gather(each.connection.close(), each.connection.close())
        assert isinstance(await failure(call), TelegramUnavailableError)
        await each.server.closed()


@pytest.mark.parametrize("threads", [0, 2])
async def test_closing_while_packets_arrive(threads):
    async with line(make_kit(threads)) as each:
        calls = [each.call() for _ in range(4)]
        packet = await each.server.hears()
        for told in packet.messages:
            each.server.answers(told.msg_id, bytes(MIB))
        await each.server.writer.drain()
        await each.connection.close()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(each, memoryview | TelegramUnavailableError) for each in outcomes)


async def test_a_ping_is_answered():
    async with line() as each:
        ping = asyncio.create_task(each.connection.ping(SECONDS))
        packet = await each.server.hears()
        each.server.says(bytes(types.Pong(packet.outer.msg_id, packet.outer.said.ping_id)))
        await ping


async def test_a_ping_that_is_not_answered():
    async with line() as each:
        with pytest.raises(ChunkTimeoutError):
            await each.connection.ping(0.01)


async def test_silence_is_answered_by_a_ping_and_then_by_the_end():
    async with line(make_kit(silence=0.02)) as each:
        call = each.call()
        await each.server.hears()
        assert isinstance((await each.server.hears()).outer.said, functions.PingRequest)
        assert "silent" in str(await failure(call))
        assert not each.connection.alive


async def test_a_server_that_answers_pings_may_take_its_time():
    async with line(make_kit(silence=0.5)) as each:
        call = each.call()
        packet = await each.server.hears()
        for _ in range(2):
            ping = (await each.server.hears()).messages[-1]
            each.server.says(bytes(types.Pong(ping.msg_id, ping.said.ping_id)), seqno=0)
        each.server.answers(packet.outer.msg_id, b"yes.")
        assert await call == b"yes."


async def test_nobody_there():
    async with line() as each:
        port = each.server.writer.get_extra_info("sockname")[1]
    with pytest.raises(TelegramUnavailableError):
        await connect("127.0.0.1", port, AuthKey(KEY), make_kit(), SECONDS)


class Held:
    """A decryptor that does nothing until it is told to."""

    large = 0.0

    def __init__(self) -> None:
        self.waiting = []

    def take(self, job) -> None:
        self.waiting.append(job)

    def close(self) -> None:
        self.waiting.clear()


async def test_a_server_faster_than_decryption_fills_no_memory():
    held = Held()
    async with line(replace(make_kit(), decryptor=held)) as each:
        call = each.call()
        packet = await each.server.hears()
        frames = [wrap(each.server.frame(upload_file(bytes(MIB)))) for _ in range(32)]
        sending = asyncio.create_task(_send(each, frames))
        last = wrap(each.server.frame(rpc_result(packet.outer.msg_id, b"yes.")))
        most = 0
        while not call.done():
            if sending.done():
                each.server.sends(last)
                last = b""
            most = max(most, len(held.waiting))
            if held.waiting:
                job = held.waiting.pop(0)
                job.decrypt()
                job.ended()
            await asyncio.sleep(0)
        assert most <= 6
        await sending


async def _send(each: Line, frames: list[bytes]) -> None:
    for frame in frames:
        each.server.sends(frame)
        await each.server.writer.drain()

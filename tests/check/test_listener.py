"""The stand-in for telpher on PORT."""

from __future__ import annotations

import asyncio

import pytest

from telpher.check.listener import listening
from tests.ports import free_ports


async def said(port: int, question: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(question)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_each_answer_holds_its_word_and_each_listener_has_another():
    words = set()
    for _ in range(2):
        port = free_ports()
        async with listening("127.0.0.1", port) as listener:
            answer = await said(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.endswith(b"\r\n\r\n" + listener.word.encode())
        words.add(listener.word)
    assert len(words) == 2


async def test_who_claims_to_be_a_proxy_is_noted():
    port = free_ports()
    async with listening("127.0.0.1", port) as listener:
        await said(port, b"GET / HTTP/1.1\r\n\r\n")
        assert listener.peers == set()
        await said(port, b"GET / HTTP/1.1\r\nx-Forwarded-FOR: 203.0.113.7\r\n\r\n")
        assert listener.peers == {"127.0.0.1"}


@pytest.mark.parametrize("question", [b"", b"GET", b"x" * 100_000])
async def test_nonsense_is_not_answered_and_breaks_nothing(question: bytes):
    port = free_ports()
    async with listening("127.0.0.1", port):
        assert not await said(port, question) or len(question) > 1000
        assert await said(port, b"GET / HTTP/1.1\r\n\r\n")


async def test_a_port_that_is_taken_is_an_error():
    port = free_ports()
    async with listening("127.0.0.1", port):
        with pytest.raises(OSError, match="address already in use"):
            async with listening("127.0.0.1", port):
                pass

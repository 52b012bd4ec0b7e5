"""Whether URL leads here: real listeners, proxies and names, right and wrong ones."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl

import pytest

from telpher.check.address import AddressLook, silent, wrong
from telpher.check.report import Finding, Status
from telpher.config.settings import Settings
from tests.certificates import make_certificate
from tests.ports import free_ports

ALIVE = b'{"status":"alive"}'


def answer(status: int = 200, body: bytes = ALIVE, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(body)}", "Connection: close", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextlib.asynccontextmanager
async def serving(port: int, said: bytes, tls: ssl.SSLContext | None = None):
    """Something that says the same to whoever asks."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            await reader.read(4096)
            writer.write(said)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", port, ssl=tls):
        yield


@contextlib.asynccontextmanager
async def proxy(port: int, onto: int, *headers: str):
    """Passes requests on, with headers of its own."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        back, forth = await asyncio.open_connection("127.0.0.1", onto)
        forth.write(head[:-2] + "".join(f"{each}\r\n" for each in headers).encode() + b"\r\n")
        writer.write(await back.read())
        await writer.drain()
        forth.close()
        writer.close()

    async with await asyncio.start_server(pass_on, "127.0.0.1", port):
        yield


async def looked(port: int, url: str | None = None, **others: object) -> list[Finding]:
    given = {"host": "127.0.0.1", "port": port, "url": url, **others}
    return await AddressLook(Settings(**given)).look()


def http(port: int) -> str:
    return f"http://127.0.0.1:{port}"


async def test_while_nothing_listens_the_check_answers_itself():
    port = free_ports()
    (found,) = await looked(port, http(port))
    assert found.status is Status.OK
    assert "as far as this machine can tell" in found.found
    # And it is gone afterwards.
    socket.create_server(("127.0.0.1", port)).close()


async def test_while_telpher_runs_it_is_asked():
    port = free_ports()
    async with serving(port, answer()):
        (found,) = await looked(port, http(port))
    assert found.status is Status.OK


async def test_the_port_belongs_to_another_program():
    port = free_ports()
    async with serving(port, answer(body=b"hello")):
        (found,) = await looked(port, http(port))
    assert (found.name, found.status) == ("PORT", Status.FAILED)
    assert "another PORT" in found.remedy


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer(body=b"somebody else's page"), "something other than telpher"),
        (answer(404), "(404)"),
        (answer(502), "the proxy there answers 502"),
        # Another telpher than this one.
        (answer(), "something other than telpher"),
        (b"220 a server of mail\r\n", "no HTTP"),
    ],
)
async def test_url_leads_elsewhere(said, words):
    port, other = free_ports(), free_ports()
    async with serving(other, said):
        (found,) = await looked(port, http(other))
    assert found.status is Status.FAILED
    assert words in found.found
    assert found.remedy


async def test_a_redirect_is_followed():
    port, other = free_ports(), free_ports()
    there = f"Location: {http(port)}/health/live"
    async with serving(other, answer(301, b"", there)):
        (found,) = await looked(port, http(other))
    assert found.status is Status.OK


async def test_nobody_listens_where_url_leads_on_this_machine():
    port, other = free_ports(), free_ports()
    (found,) = await looked(port, http(other))
    assert found.status is Status.FAILED
    assert "refused" in found.found


async def test_a_name_that_nobody_knows():
    (found,) = await looked(free_ports(), "https://telpher.invalid")
    assert found.status is Status.FAILED
    assert "DNS" in found.remedy


async def test_a_certificate_that_nobody_accepts(tmp_path):
    port, other = free_ports(), free_ports()
    async with serving(other, answer(), make_certificate(tmp_path).server_context()):
        (found,) = await looked(port, f"https://localhost:{other}")
    assert found.status is Status.FAILED
    assert "certificate" in found.found


async def test_https_where_nothing_speaks_it():
    port, other = free_ports(), free_ports()
    async with serving(other, answer()):
        (found,) = await looked(port, f"https://localhost:{other}")
    assert found.status is Status.FAILED
    assert "TLS" in found.found


def test_a_silence_proves_nothing_and_that_is_said():
    for error in (TimeoutError(), OSError(113, "No route to host")):
        found = silent("https://203.0.113.7", error)
        assert found.status is Status.WARNING
        assert "phone" in found.remedy
        assert "Some routers" in found.remedy


def test_a_proxys_error_names_the_port_to_pass_on_to():
    assert "8123" in wrong("https://example.org", 504, 8123).remedy


@pytest.mark.parametrize(("trusted", "lines"), [("", 2), ("127.0.0.1", 1), ("10.0.0.0/8", 2)])
async def test_a_proxy_that_is_not_among_the_trusted_ones(trusted, lines):
    port, front = free_ports(), free_ports()
    async with proxy(front, port, "X-Forwarded-For: 203.0.113.7"):
        found = await looked(port, http(front), trusted_proxies=trusted)
    assert found[0].status is Status.OK
    assert len(found) == lines
    if lines > 1:
        assert (found[1].name, "127.0.0.1" in found[1].remedy) == ("TRUSTED_PROXIES", True)


async def test_an_address_that_is_not_this_machines():
    (found,) = await looked(free_ports(), host="203.0.113.7")
    assert (found.name, found.status) == ("HOST, PORT", Status.FAILED)


async def test_any_free_port_cannot_be_tried():
    (found,) = await looked(0, "https://example.org")
    assert found.status is Status.WARNING

"""Hosts, routes, connections and certificates, all on this machine."""

import asyncio
import contextlib
import socket
import ssl
import struct

import pytest

from tests.observe.diagnosis.hosts import hosting
from tests.observe.diagnosis.produced.certificates import certificate, client_side, server_side
from tests.ports import free_ports

# An abrupt end: a reset instead of a goodbye.
ABRUPT = struct.pack("ii", 1, 0)


@contextlib.asynccontextmanager
async def listening(serve=None, context=None):
    """A port where `serve` is called with each connection's writer."""

    async def meet(reader, writer):
        if serve is not None:
            serve(writer)
        await reader.read()

    async with hosting(meet, context) as port:
        yield port


async def closed(writer):
    """To the end: nothing of it is left to the next test."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def connecting(port: int, context: ssl.SSLContext | None = None) -> Exception:
    """What an attempt to talk there ends with."""
    with pytest.raises((OSError, asyncio.IncompleteReadError)) as caught:
        await _talk(port, context)
    return caught.value


async def _talk(port: int, context: ssl.SSLContext | None) -> None:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost" if context else None
    )
    try:
        writer.write(b"hello")
        await reader.readexactly(1)
    finally:
        await closed(writer)


async def refused(file, *, trusted=True) -> Exception:
    """How a client takes the certificate in `file`."""
    async with listening(context=server_side(file)) as port:
        return await connecting(port, client_side(file if trusted else None))


@pytest.mark.produces("certificate-expired")
async def test_a_certificate_of_last_year(tmp_path, diagnosed):
    diagnosed(await refused(certificate(tmp_path, begins=-9, ends=-1)))


@pytest.mark.produces("clock-wrong")
async def test_a_certificate_of_tomorrow(tmp_path, diagnosed):
    diagnosed(await refused(certificate(tmp_path, begins=1, ends=9)))


@pytest.mark.produces("certificate-wrong-host")
async def test_a_certificate_for_somebody_else(tmp_path, diagnosed):
    diagnosed(await refused(certificate(tmp_path, "films.example.org")))


@pytest.mark.produces("certificate-not-trusted")
async def test_a_certificate_of_an_unknown_authority(tmp_path, diagnosed):
    diagnosed(await refused(certificate(tmp_path), trusted=False))


@pytest.mark.produces("tls-not-spoken")
async def test_a_port_without_tls(diagnosed):
    async with listening(lambda writer: writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        diagnosed(await connecting(port, client_side()))


@pytest.mark.produces("name-not-found")
async def test_a_name_that_nobody_knows(diagnosed):
    with pytest.raises(socket.gaierror) as caught:
        await asyncio.open_connection("films.invalid", 443)
    diagnosed(caught.value)


@pytest.mark.produces("network-unreachable")
def test_an_address_without_a_way_to_it(diagnosed):
    """No TCP leads to everybody, wherever this runs."""
    with socket.socket() as tcp, pytest.raises(OSError, match="unreachable") as caught:
        tcp.connect(("255.255.255.255", 9))
    diagnosed(caught.value)


@pytest.mark.produces("connection-refused")
async def test_a_port_where_nobody_listens(diagnosed):
    diagnosed(await connecting(free_ports()))


@pytest.mark.produces("connection-broken")
async def test_a_connection_that_is_broken_off(diagnosed):
    def reset(writer):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPT)
        writer.transport.abort()

    async with listening(reset) as port:
        diagnosed(await connecting(port))


@pytest.mark.produces("no-answer-in-time")
async def test_a_server_that_says_nothing(diagnosed):
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.01):
                await reader.read()
        await closed(writer)
    diagnosed(caught.value)

"""MTProto's TCP transports: how packets are cut out of a byte stream.

Four of them, told apart by the first bytes that a client sends
(https://core.telegram.org/mtproto/mtproto-transports):

    0xef                  abridged             length / 4 in one byte, or 0x7f and three bytes
    0xeeeeeeee            intermediate         length in four bytes
    0xdddddddd            padded intermediate  as above, and up to 15 random bytes at the end
    anything else         full                 length, counter, payload, CRC-32; it has no tag

The top bit of a length asks for a quick acknowledgement; it is cleared and the wish is ignored. A
payload of four bytes is not a message but a transport error, a negative number such as -404.

No sockets here: bytes in, packets out.
"""

import os
import struct
import zlib
from typing import Protocol

MAX_PACKET = 2 * 1024 * 1024
"""Largest packet taken, in bytes: twice what Telegram's clients ever put into one."""

_ABRIDGED_TAG = 0xEF
_INTERMEDIATE_TAG = b"\xee" * 4
_PADDED_TAG = b"\xdd" * 4
_ABRIDGED_LONG = 0x7F
_FULL_OVERHEAD = 12
_MAX_PADDING = 15


class FramingError(Exception):
    """The stream is none of the four transports, or broke its rules; it cannot be read on."""


class Codec(Protocol):
    """One transport, both ways."""

    def take(self, buffer: bytearray, at: int) -> tuple[bytes, int] | None:
        """The packet that starts at `at` and where the next begins; None while incomplete."""
        ...

    def wrap(self, payload: bytes) -> bytes:
        """`payload` as it goes onto the wire."""
        ...


def _check(length: int) -> int:
    if not 0 < length <= MAX_PACKET:
        raise FramingError(f"packet of {length} bytes")
    return length


def _slice(buffer: bytearray, start: int, length: int) -> tuple[bytes, int] | None:
    end = start + _check(length)
    return (bytes(buffer[start:end]), end) if len(buffer) >= end else None


class Abridged:
    """Lengths counted in words of four bytes."""

    def take(self, buffer: bytearray, at: int) -> tuple[bytes, int] | None:
        if len(buffer) <= at:
            return None
        words = buffer[at] & 0x7F
        if words < _ABRIDGED_LONG:
            return _slice(buffer, at + 1, words * 4)
        if len(buffer) < at + 4:
            return None
        return _slice(buffer, at + 4, int.from_bytes(buffer[at + 1 : at + 4], "little") * 4)

    def wrap(self, payload: bytes) -> bytes:
        words = len(payload) // 4
        if words < _ABRIDGED_LONG:
            return bytes((words,)) + payload
        return b"\x7f" + words.to_bytes(3, "little") + payload


class Intermediate:
    """A four-byte length before each packet."""

    def take(self, buffer: bytearray, at: int) -> tuple[bytes, int] | None:
        if len(buffer) < at + 4:
            return None
        length = int.from_bytes(buffer[at : at + 4], "little") & 0x7FFFFFFF
        return _slice(buffer, at + 4, length)

    def wrap(self, payload: bytes) -> bytes:
        return len(payload).to_bytes(4, "little") + payload


class PaddedIntermediate(Intermediate):
    """Intermediate with random bytes behind the payload; the reader of the payload cuts them."""

    def wrap(self, payload: bytes) -> bytes:
        if len(payload) == 4:  # an error is told by its length, so it travels without padding
            return super().wrap(payload)
        return super().wrap(payload + os.urandom(os.urandom(1)[0] & _MAX_PADDING))


class Full:
    """Counted and checked packets; the oldest transport and Telethon's default."""

    def __init__(self) -> None:
        self._received = 0
        self._sent = 0

    def take(self, buffer: bytearray, at: int) -> tuple[bytes, int] | None:
        if len(buffer) < at + 4:
            return None
        length = int.from_bytes(buffer[at : at + 4], "little")
        _check(length - _FULL_OVERHEAD)
        packet = _slice(buffer, at, length)
        if packet is None:
            return None
        self._verify(packet[0])
        return packet[0][8:-4], packet[1]

    def _verify(self, packet: bytes) -> None:
        (number,) = struct.unpack_from("<I", packet, 4)
        (checksum,) = struct.unpack_from("<I", packet, len(packet) - 4)
        if checksum != zlib.crc32(packet[:-4]):
            raise FramingError("checksum does not match")
        if number != self._received:
            raise FramingError(f"packet {number} where {self._received} was due")
        self._received += 1

    def wrap(self, payload: bytes) -> bytes:
        head = struct.pack("<II", len(payload) + _FULL_OVERHEAD, self._sent)
        self._sent += 1
        body = head + payload
        return body + zlib.crc32(body).to_bytes(4, "little")


def detect(start: bytes | bytearray) -> tuple[Codec, int] | None:
    """The transport that a stream begins with, and how many bytes its tag takes.

    None while too few bytes are there to tell.
    """
    if start and start[0] == _ABRIDGED_TAG:
        return Abridged(), 1
    if len(start) < 4:
        return None
    tag = bytes(start[:4])
    if tag == _INTERMEDIATE_TAG:
        return Intermediate(), 4
    if tag == _PADDED_TAG:
        return PaddedIntermediate(), 4
    return Full(), 0


class FrameReader:
    """The server's side of one stream: finds out the transport, then cuts packets."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._codec: Codec | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are complete now that `data` has come; raises FramingError."""
        self._buffer += data
        packets: list[bytes] = []
        at = 0
        if self._codec is None:
            found = detect(self._buffer)
            if found is None:
                return packets
            self._codec, at = found
        while (taken := self._codec.take(self._buffer, at)) is not None:
            packet, at = taken
            packets.append(packet)
        del self._buffer[:at]
        return packets

    def wrap(self, payload: bytes) -> bytes:
        """`payload` in the client's transport; nothing can be sent before one is known."""
        if self._codec is None:
            raise FramingError("the client has not chosen a transport")
        return self._codec.wrap(payload)


def error_frame(code: int) -> bytes:
    """The payload of a transport error: -404 (unknown key), -429 (flood), -444 (wrong DC)."""
    return struct.pack("<i", code)

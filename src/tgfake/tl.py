"""Reading and writing TL, the one place where tgfake leans on the client library's schema.

Everything that is written for a client goes through `write`, which is told the client's layer:
constructors that differ from layer to layer would be chosen here. Only layer 229 is spoken so far.
"""

import gzip
import struct
import zlib
from functools import cache
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import TLObject

VECTOR = 0x1CB5C415
BOOL_TRUE = 0x997275B5
BOOL_FALSE = 0xBC799737
GZIP_PACKED = 0x3072CFA1
MSG_CONTAINER = 0x73F1F8DC
RPC_RESULT = 0xF35C6D01
RPC_ERROR = 0x2144CA19

MAX_UNPACKED = 16 * 1024 * 1024
"""Most bytes that one gzip_packed may grow to: a small packet must not fill the memory."""


_UNREADABLE = (
    TypeNotFoundError,
    ValueError,
    TypeError,
    BufferError,
    struct.error,
    RuntimeError,
    AttributeError,
)
"""What the client library's readers raise on bytes that are not theirs."""


class TlError(Exception):
    """Bytes that are no TL object of the schema.

    Tells only what kind of mistake it is: the bytes themselves may hold a bot's token.
    """


def constructor_id(data: bytes) -> int:
    """The number that a serialised object begins with."""
    if len(data) < 4:
        raise TlError("no room for a constructor")
    return int.from_bytes(data[:4], "little")


def read(data: bytes) -> Any:
    """The object serialised in `data`; raises TlError."""
    try:
        return BinaryReader(data).tgread_object()
    except _UNREADABLE as e:
        raise TlError(type(e).__name__) from e


def read_with_size(data: bytes) -> tuple[Any, int]:
    """The object at the start of `data`, and how many bytes it takes; raises TlError."""
    reader = BinaryReader(data)
    try:
        found = reader.tgread_object()
    except _UNREADABLE as e:
        raise TlError(type(e).__name__) from e
    return found, int(reader.tell_position())


def write(value: Any, layer: int) -> bytes:
    """A result as bytes, for a client of this layer.

    Takes TL objects, bools, lists of these or of ints (as Vector<int>), and ready bytes.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return (BOOL_TRUE if value else BOOL_FALSE).to_bytes(4, "little")
    if isinstance(value, int):
        return struct.pack("<i", value)
    if isinstance(value, list):
        head = struct.pack("<II", VECTOR, len(value))
        return head + b"".join(write(item, layer) for item in value)
    return bytes(value)


def tl_bytes(data: bytes) -> bytes:
    """`data` as TL's `bytes`: its length before it, filled up to a multiple of four."""
    serialised: bytes = TLObject.serialize_bytes(data)
    return serialised


def pack(data: bytes) -> bytes:
    """`data` as gzip_packed."""
    return GZIP_PACKED.to_bytes(4, "little") + tl_bytes(gzip.compress(data, 6))


def unpack(data: bytes) -> bytes:
    """What a gzip_packed object holds; raises TlError."""
    try:
        packed = BinaryReader(data[4:]).tgread_bytes()
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        plain = inflater.decompress(packed, MAX_UNPACKED)
    except (BufferError, struct.error, zlib.error) as e:
        raise TlError("gzip_packed cannot be read") from e
    if inflater.unconsumed_tail or not inflater.eof:
        raise TlError("gzip_packed is cut off or too large")
    return plain


def method_name(request: Any) -> str:
    """A request's name in the schema, such as `upload.getFile`."""
    kind: type = type(request)
    return _class_name(kind)


@cache
def _class_name(request: type) -> str:
    name = request.__name__.removesuffix("Request")
    name = name[:1].lower() + name[1:]
    module = request.__module__.rpartition(".")[2]
    return name if module == "functions" else f"{module}.{name}"

import pytest
from telethon.tl import functions, types

from telpher.errors import RequestRejectedError
from telpher.telegram.mtproto.files import file_bytes, get_file, request_prefix
from telpher.telegram.mtproto.schema import MalformedError
from tests.telegram.mtproto.peer import upload_file

LOCATION = types.InputDocumentFileLocation(1 << 60, -5, b"reference", "")


@pytest.mark.parametrize(("offset", "limit"), [(0, 4096), (1 << 41, 1 << 20)])
def test_requests_are_as_the_library_writes_them(offset, limit):
    request = functions.upload.GetFileRequest(LOCATION, offset, limit)
    assert get_file(request_prefix(bytes(LOCATION)), offset, limit) == bytes(request)


@pytest.mark.parametrize("size", [0, 1, 253, 254, 4096, 1 << 20])
def test_the_bytes_of_an_answer(size):
    data = bytes(range(256)) * (size // 256 + 1)
    answer = bytes(types.upload.File(types.storage.FileMp4(), 0, data[:size]))
    assert answer == upload_file(data[:size])[:4] + answer[4:]
    found = file_bytes(memoryview(answer))
    assert found == data[:size]
    assert found.readonly


def test_they_are_no_copy_where_they_are_most_of_the_packet():
    packet = bytearray(bytes(100) + upload_file(b"x" * 65536) + bytes(1000))
    assert file_bytes(memoryview(packet)[100:]).obj is packet


def test_they_are_a_copy_where_they_would_keep_others_in_memory():
    packet = bytearray(upload_file(b"x" * 65536) + bytes(65536))
    found = file_bytes(memoryview(packet))
    assert found.obj is not packet
    assert found == b"x" * 65536


def test_a_cdn_is_not_followed():
    redirect = types.upload.FileCdnRedirect(203, b"", b"", b"", [])
    with pytest.raises(RequestRejectedError, match="CDN"):
        file_bytes(memoryview(bytes(redirect)))


def test_anything_else_is_refused():
    with pytest.raises(RequestRejectedError):
        file_bytes(memoryview(bytes(types.Pong(1, 2))))


def test_truncated_answers_are_refused():
    answer = upload_file(b"x" * 300)
    for size in (0, 3, 4, 11, 12, 15, 16, 315):
        with pytest.raises(MalformedError):
            file_bytes(memoryview(answer[:size]))

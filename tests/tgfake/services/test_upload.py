import pytest
from telethon.tl import functions, types

from tests.tgfake.stage import Stage
from tgfake.content import expected_bytes
from tgfake.errors import RpcError
from tgfake.services.upload import check_range
from tgfake.world import File
from tgfake.world.files import TINY_JPEG

K = 1024
M = 1024 * K


@pytest.mark.parametrize(
    ("offset", "limit", "precise", "error"),
    [
        (0, 4 * K, False, None),
        (0, M, False, None),
        (M, M, False, None),
        (4 * K, 8 * K, False, None),
        (M - 4 * K, 4 * K, False, None),
        (0, 12 * K, False, "LIMIT_INVALID"),
        (0, 1000, False, "LIMIT_INVALID"),
        (0, 2 * M, False, "LIMIT_INVALID"),
        (0, 0, False, "LIMIT_INVALID"),
        (0, -4 * K, False, "LIMIT_INVALID"),
        (M - 4 * K, 8 * K, False, "LIMIT_INVALID"),
        (4 * K, M, False, "LIMIT_INVALID"),
        (2 * K, 4 * K, False, "OFFSET_INVALID"),
        (1, 4 * K, False, "OFFSET_INVALID"),
        (-4 * K, 4 * K, False, "OFFSET_INVALID"),
        (K, K, True, None),
        (K, 3 * K, True, None),
        (0, M, True, None),
        (3 * K, M - 3 * K, True, None),
        (3 * K, M - 2 * K, True, "LIMIT_INVALID"),
        (0, 500, True, "LIMIT_INVALID"),
        (0, M + K, True, "LIMIT_INVALID"),
        (500, K, True, "OFFSET_INVALID"),
    ],
)
def test_ranges(offset: int, limit: int, precise: bool, error: str | None) -> None:
    if error is None:
        check_range(offset, limit, precise)
        return
    with pytest.raises(RpcError, match=error):
        check_range(offset, limit, precise)


def document_at(stage: Stage, file: File, *, thumb: str = "", account=None):
    seen = stage.document(file, account)
    kind = types.InputPhotoFileLocation if file.is_photo else types.InputDocumentFileLocation
    return kind(seen.id, seen.access_hash, seen.file_reference, thumb)


def get(location, offset: int = 0, limit: int = 64 * K):
    return functions.upload.GetFileRequest(location, offset, limit)


async def test_a_piece_has_the_expected_bytes(stage: Stage) -> None:
    file = stage.world.add_file(kind="video", size=3 * M)
    answer = await stage.call(get(document_at(stage, file), M, M))
    assert answer.bytes == expected_bytes(file.id, M, M)
    assert isinstance(answer.type, types.storage.FileMp4)


@pytest.mark.parametrize(("offset", "length"), [(0, 1000), (4 * K, 0), (64 * M, 0)])
async def test_past_the_end_the_answer_is_short(stage: Stage, offset: int, length: int) -> None:
    file = stage.world.add_file(size=1000)
    answer = await stage.call(get(document_at(stage, file), offset, 4 * K))
    assert len(answer.bytes) == length


async def test_another_data_centre_sends_the_client_on(stage: Stage) -> None:
    file = stage.world.add_file(size=M, dc=4)
    location = document_at(stage, file)
    assert (await stage.fails("FILE_MIGRATE_4", get(location))).code == 303
    assert len((await stage.call(get(location), dc=4)).bytes) == 64 * K
    stage.world.move_file(file, 2)
    assert len((await stage.call(get(location))).bytes) == 64 * K


async def test_references_expire_for_one_file_or_for_all(stage: Stage) -> None:
    one, two = stage.world.add_file(), stage.world.add_file()
    old_one, old_two = document_at(stage, one), document_at(stage, two)
    stage.world.expire_references(one)
    await stage.fails("FILE_REFERENCE_EXPIRED", get(old_one))
    await stage.call(get(old_two))
    stage.world.expire_references()
    await stage.fails("FILE_REFERENCE_EXPIRED", get(old_two))
    await stage.call(get(document_at(stage, one)))
    await stage.call(get(document_at(stage, two)))


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        (b"", "FILE_REFERENCE_EMPTY"),
        (b"x", "FILE_REFERENCE_INVALID"),
        (b"x" * 25, "FILE_REFERENCE_INVALID"),
    ],
)
async def test_made_up_references(stage: Stage, reference: bytes, error: str) -> None:
    location = document_at(stage, stage.world.add_file())
    location.file_reference = reference
    await stage.fails(error, get(location))


async def test_locations_belong_to_one_account(stage: Stage) -> None:
    file = stage.world.add_file()
    location = document_at(stage, file)
    await stage.fails("FILE_ID_INVALID", get(location), stage.other_bot)
    location.access_hash = document_at(stage, file, account=stage.other_bot).access_hash
    await stage.fails("FILE_REFERENCE_INVALID", get(location), stage.other_bot)


async def test_a_photo_is_no_document(stage: Stage) -> None:
    photo = document_at(stage, stage.world.add_file(kind="photo"), thumb="x")
    wrong = types.InputDocumentFileLocation(photo.id, photo.access_hash, photo.file_reference, "x")
    await stage.fails("FILE_ID_INVALID", get(wrong))


@pytest.mark.parametrize(("kind", "thumb"), [("photo", "m"), ("photo", "x"), ("video", "m")])
async def test_sizes_and_thumbnails_are_jpegs(stage: Stage, kind: str, thumb: str) -> None:
    file = stage.world.add_file(kind=kind, thumb=True)
    answer = await stage.call(get(document_at(stage, file, thumb=thumb)))
    assert answer.bytes == TINY_JPEG
    assert isinstance(answer.type, types.storage.FileJpeg)


async def test_thumbnails_are_told_of_as_they_are(stage: Stage) -> None:
    """A preview that cannot be fetched, and a JPEG with its own sides and length."""
    file = stage.world.add_file(kind="video", thumb=True)
    preview, thumb = stage.document(file).thumbs
    assert isinstance(preview, types.PhotoStrippedSize)
    assert (thumb.type, thumb.w, thumb.h, thumb.size) == ("m", 16, 16, len(TINY_JPEG))
    await stage.fails("LOCATION_INVALID", get(document_at(stage, file, thumb=preview.type)))


@pytest.mark.parametrize(("side", "letter"), [(640, "x"), (1280, "y"), (2560, "w")])
async def test_the_type_of_a_photos_size_tells_how_large_it_is(
    stage: Stage, side: int, letter: str
) -> None:
    photo = stage.world.add_file(kind="photo", width=side, height=side // 2)
    assert [each.type for each in photo.sizes()] == ["i", "m", letter]
    answer = await stage.call(get(document_at(stage, photo, thumb=letter)))
    assert answer.bytes == TINY_JPEG


@pytest.mark.parametrize(("kind", "thumb"), [("photo", ""), ("photo", "z"), ("video", "m")])
async def test_sizes_that_are_not_there(stage: Stage, kind: str, thumb: str) -> None:
    location = document_at(stage, stage.world.add_file(kind=kind), thumb=thumb)
    await stage.fails("LOCATION_INVALID", get(location))


async def test_other_locations_are_refused(stage: Stage) -> None:
    location = types.InputPeerPhotoFileLocation(types.InputPeerSelf(), 1)
    await stage.fails("LOCATION_INVALID", get(location))


async def test_there_are_no_hashes(stage: Stage) -> None:
    location = document_at(stage, stage.world.add_file())
    assert await stage.call(functions.upload.GetFileHashesRequest(location, 0)) == []


@pytest.mark.parametrize(
    ("number", "data", "error"),
    [
        (0, b"", "FILE_PART_EMPTY"),
        (0, b"x" * (512 * K + 1), "FILE_PART_TOO_BIG"),
        (-1, b"x", "FILE_PART_INVALID"),
        (4000, b"x", "FILE_PART_INVALID"),
    ],
)
async def test_parts_that_are_refused(stage: Stage, number: int, data: bytes, error: str) -> None:
    await stage.fails(error, functions.upload.SaveFilePartRequest(1, number, data))


async def upload(stage: Stage, *parts: bytes, file_id: int = 1, name: str = "a.txt"):
    for number, part in enumerate(parts):
        assert await stage.call(functions.upload.SaveFilePartRequest(file_id, number, part))
    return types.InputFile(file_id, len(parts), name, "")


def as_document(file, **fields):
    media = types.InputMediaUploadedDocument(file, "text/plain", [], **fields)
    return functions.messages.UploadMediaRequest(types.InputPeerSelf(), media)


async def test_parts_become_a_file_that_can_be_read_back(stage: Stage) -> None:
    named = await upload(stage, b"a" * K, b"b" * K, b"c")
    document = (await stage.call(as_document(named))).document
    assert (document.size, document.mime_type, document.dc_id) == (2 * K + 1, "text/plain", 2)
    location = types.InputDocumentFileLocation(
        document.id, document.access_hash, document.file_reference, ""
    )
    assert (await stage.call(get(location))).bytes == b"a" * K + b"b" * K + b"c"


async def test_parts_may_come_in_any_order_and_as_a_big_file(stage: Stage) -> None:
    for number in (1, 0):
        part = functions.upload.SaveBigFilePartRequest(9, number, 2, b"%d" % number * 512 * K)
        assert await stage.call(part)
    media = await stage.call(as_document(types.InputFileBig(9, 2, "big.bin")))
    assert media.document.size == M


async def test_missing_and_uneven_parts(stage: Stage) -> None:
    named = await upload(stage, b"a" * K)
    named.parts = 2
    await stage.fails("FILE_PART_1_MISSING", as_document(named))
    named.parts = 0
    await stage.fails("FILE_PARTS_INVALID", as_document(named))
    uneven = await upload(stage, b"a" * K, b"b" * 2 * K, b"c", file_id=2)
    await stage.fails("FILE_PART_SIZE_INVALID", as_document(uneven))


async def test_an_upload_is_used_once_and_by_its_owner(stage: Stage) -> None:
    named = await upload(stage, b"a")
    await stage.fails("FILE_PART_0_MISSING", as_document(named), stage.other_bot)
    await stage.call(as_document(named))
    await stage.fails("FILE_PART_0_MISSING", as_document(named))


async def test_begun_uploads_are_forgotten_when_there_are_too_many(stage: Stage) -> None:
    first = await upload(stage, b"a", file_id=1)
    for number in range(2, 66):
        await upload(stage, b"a", file_id=number)
    await stage.fails("FILE_PART_0_MISSING", as_document(first))


@pytest.mark.parametrize(
    ("attribute", "check"),
    [
        (types.DocumentAttributeVideo(12.5, 640, 360), "video"),
        (types.DocumentAttributeVideo(12.5, 240, 240, round_message=True), "video_note"),
        (types.DocumentAttributeAudio(12, title="Song", performer="Ann"), "audio"),
        (types.DocumentAttributeAudio(12, voice=True), "voice"),
    ],
)
async def test_attributes_tell_the_kind(stage: Stage, attribute, check: str) -> None:
    named = await upload(stage, b"a")
    request = as_document(named)
    request.media.attributes = [attribute]
    document = (await stage.call(request)).document
    assert stage.world.directory.files["document", document.id].kind == check
    assert type(attribute) in {type(one) for one in document.attributes}


async def test_a_photo_must_be_an_image(stage: Stage) -> None:
    peer = types.InputPeerSelf()
    text = types.InputMediaUploadedPhoto(await upload(stage, b"no image"))
    await stage.fails("IMAGE_PROCESS_FAILED", functions.messages.UploadMediaRequest(peer, text))
    image = types.InputMediaUploadedPhoto(await upload(stage, TINY_JPEG))
    media = await stage.call(functions.messages.UploadMediaRequest(peer, image))
    assert [size.type for size in media.photo.sizes] == ["i", "m", "x"]

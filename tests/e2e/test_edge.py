"""deploy/nginx-edge.conf: telpher decides upon each request, nginx sends what it has."""

from __future__ import annotations

import asyncio
import random
import re

import pytest

from telpher.config.settings import Settings
from tests import plain_http
from tests.e2e.edge import MIB, at_port, edge, nginx, two
from tests.e2e.house import bytes_of, eventually
from tests.ports import free_ports
from tgfake.world import FileSpec

pytestmark = [pytest.mark.slow, pytest.mark.system]


async def test_random_ranges_are_right_to_the_byte_cold_and_warm(tmp_path):
    async with edge(tmp_path) as cache:
        spec = cache.home.add_file(size=11 * MIB + 12_345, dc=2)
        link = cache.at(await cache.home.share(spec))
        whole = bytes_of(spec)
        random_ = random.Random(7)
        wanted = [sorted(random_.sample(range(spec.size), 2)) for _ in range(60)]
        last_byte = spec.size - 1
        wanted += [[0, 0], [last_byte, last_byte], [4 * MIB - 1, 4 * MIB], [0, last_byte]]
        for _ in range(2):
            for first, last in wanted:
                answer = await cache.http.get(link, headers={"Range": f"bytes={first}-{last}"})
                assert answer.status_code == 206
                assert answer.headers["content-range"] == f"bytes {first}-{last}/{spec.size}"
                assert answer.content == whole[first : last + 1]
        answer = await cache.http.get(link)
        assert (answer.status_code, answer.content) == (200, whole)
        direct = await cache.home.http.head(cache.straight(link))
        for name in ("etag", "content-type", "content-disposition", "last-modified"):
            assert answer.headers[name] == direct.headers[name], name


async def test_fifty_viewers_cost_one_fetch_whatever_their_links_are(tmp_path):
    async with edge(tmp_path) as cache:
        file = cache.home.add_file(size=9 * MIB, dc=2)
        one, other = [cache.at(await cache.home.share(file)) for _ in range(2)]
        named = re.sub(r"/[^/?]+[?]", "/another%20name.mkv?", other)
        answers = await asyncio.gather(*(cache.http.get(each) for each in [one, other, named] * 17))
        for each in answers:
            assert each.content == bytes_of(file)
        assert cache.home.served(file) <= 1.05 * file.size


async def test_a_link_that_is_revoked_stops_at_once_although_its_bytes_are_there(tmp_path):
    async with edge(tmp_path) as cache:
        link = cache.at(await cache.home.share(FileSpec(size=5 * MIB, dc=2)))
        assert (await cache.http.get(link)).status_code == 200
        revocations, ann = cache.home.app.books.revocations, cache.home.ann.user_id
        assert await revocations.revoke(cache.link_id(link), ann, is_admin=False)
        assert (await cache.http.get(link)).status_code == 410
        wrong = re.sub(r"k=.{4}", "k=AAAA", link)
        assert (await cache.http.get(wrong)).status_code == 404


async def test_what_nginx_sends_is_counted_and_limited(tmp_path):
    async with edge(tmp_path, max_streams_per_user=1) as cache:
        link = cache.at(await cache.home.share(FileSpec(size=3 * MIB, dc=2)))
        for _ in range(4):
            assert len((await cache.http.get(link)).content) == 3 * MIB

        await cache.counted(streams=1, count=12 * MIB)
        other = cache.at(await cache.home.share(FileSpec(size=MIB, dc=2)))

        async def refused() -> bool:
            return (await cache.http.get(other)).status_code == 429

        await eventually(refused)


async def test_what_telpher_alone_can_answer_it_answers(tmp_path):
    async with edge(tmp_path) as cache:
        link = cache.at(await cache.home.share(FileSpec(size=3 * MIB, dc=2)))
        whole = await cache.http.get(link)
        tag = whole.headers["etag"]
        same = await cache.http.get(link, headers={"If-None-Match": tag})
        assert same.status_code == 304
        several = await cache.http.get(link, headers={"Range": "bytes=0-1,5-6"})
        assert several.status_code == 206
        assert several.headers["content-type"].startswith("multipart/byteranges")
        beyond = await cache.http.get(link, headers={"Range": f"bytes={3 * MIB}-"})
        assert beyond.status_code == 416
        head = await cache.http.head(link)
        assert int(head.headers["content-length"]) == 3 * MIB
        assert (await cache.http.get(f"http://127.0.0.1:{cache.port}/health")).status_code == 200


async def test_a_slice_is_asked_for_by_the_name_it_is_kept_under(tmp_path):
    """Whoever swaps the file of a message in between puts nothing under another file's name."""
    asked: list[bytes] = []

    async def as_telpher(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lets /edge/auth speak of a file, and then has another one."""
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        about = b"204 No Content\r\nX-Telpher-File: the-first"
        other = b"412 Precondition Failed\r\nContent-Length: 0"
        said = about if asked[-1].startswith(b"GET /edge/auth ") else other
        writer.write(b"HTTP/1.1 %b\r\nConnection: close\r\n\r\n" % said)
        writer.close()

    port, log = free_ports(), free_ports()
    async with (
        await asyncio.start_server(as_telpher, "127.0.0.1") as upstream,
        plain_http.client() as http,
    ):
        settings = Settings(port=upstream.sockets[0].getsockname()[1], edge_log=("127.0.0.1", log))
        async with nginx(tmp_path / "nginx", port, settings):
            answer = await http.get(f"http://127.0.0.1:{port}/stream/1/2?k=3")
    assert answer.status_code == 412
    assert b'\r\nIf-Match: "the-first"\r\n' in asked[1]


async def test_strangers_get_nothing_by_what_is_meant_for_nginx(tmp_path):
    async with edge(tmp_path) as cache:
        link = await cache.home.share(FileSpec(size=2 * MIB, dc=2))
        headers = {"X-Original-Uri": link.partition("/stream/")[2], "X-Original-Method": "GET"}
        for port in (cache.port, cache.home.settings.port):
            url = f"http://127.0.0.1:{port}/edge/auth"
            assert (await cache.http.get(url, headers=headers)).status_code == 404
            # As if nginx had asked for a slice: bytes that nobody counts.
            answer = await cache.http.get(at_port(port, link), headers={"X-Telpher-Slice": "1"})
            assert answer.status_code == 200
        await cache.counted(streams=1, count=4 * MIB)


async def test_two_instances_fetch_once_between_them_and_count_each_answer_once(tmp_path):
    async with two(tmp_path) as pair:
        cache = pair.cache
        files = [cache.home.add_file(size=5 * MIB, dc=2) for _ in range(5)]
        wanted = [(cache.at(await cache.home.share(each)), each) for each in files * 2]
        answers = await asyncio.gather(*(cache.http.get(link) for link, _ in wanted * 5))
        for answer, (_, file) in zip(answers, wanted * 5, strict=True):
            assert answer.content == bytes_of(file)
        for file in files:
            assert cache.home.served(file) <= 1.05 * file.size
        await cache.counted(streams=len(wanted), count=len(answers) * 5 * MIB)


async def test_what_one_instance_revokes_no_cache_sends_whoever_decides(tmp_path):
    async with two(tmp_path) as pair:
        cache, ann = pair.cache, pair.cache.home.ann.user_id
        links = [cache.at(await cache.home.share(FileSpec(size=3 * MIB, dc=2))) for _ in range(4)]
        for link in links:
            assert (await cache.http.get(link)).status_code == 200
        for link in links:
            await pair.second.books.revocations.revoke(cache.link_id(link), ann, is_admin=True)

        async def all_gone() -> bool:
            answers = [await cache.http.get(link) for link in links]
            return [each.status_code for each in answers] == [410] * len(links)

        await eventually(all_gone)


async def test_when_one_instance_ends_the_other_one_decides_and_fills_the_cache(tmp_path):
    async with two(tmp_path) as pair:
        cache = pair.cache
        old, new = ([cache.home.add_file(size=5 * MIB, dc=2) for _ in range(4)] for _ in range(2))
        links = {cache.at(await cache.home.share(each)): each for each in old + new}
        for link, file in links.items():
            if file in old:
                assert (await cache.http.get(link)).content == bytes_of(file)
        await pair.life.aclose()
        for link, file in links.items():
            answer = await cache.http.get(link)
            assert (answer.status_code, answer.content) == (200, bytes_of(file))
        wrong = re.sub(r"k=.{4}", "k=AAAA", link)
        assert (await cache.http.get(wrong)).status_code == 404

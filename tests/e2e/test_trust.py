"""Whom a link lets in, and for how long: signatures, OPEN_LINKS, deleted messages (rules 3-7)."""

from __future__ import annotations

import contextlib
from pathlib import Path

import httpx
import pytest

from telpher.clock import SystemClock
from telpher.core.model import MessageRef
from tests.e2e.house import PATIENCE, TOKEN, House, Time, bytes_of, house, link_to
from tgfake.world import FileSpec, World
from tgfake.world.chats import Role

SPEC = FileSpec("video", 300_000, "film.mp4", "video/mp4")
HOUR = 3600.0
MIB = 1 << 20


class Later(SystemClock):
    """The time of day as it is; what is believed for an hour is believed until `pass_by`."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def pass_by(self, seconds: float) -> None:
        self._ahead += seconds


def place_of(url: str) -> str:
    """`chat/message` of a link."""
    chat, message = httpx.URL(url).path.split("/")[2:4]
    return f"{chat}/{message}"


def told(answer: httpx.Response) -> dict[str, object]:
    """All of an answer but what is of this one request."""
    # What is left of the client's share grows less by each request, whatever it asks for.
    own = ("date", "x-request-id", "ratelimit")
    headers = {n: v for n, v in answer.headers.items() if n not in own}
    body = answer.content.replace(answer.headers["x-request-id"].encode(), b"")
    return {"status": answer.status_code, "headers": headers, "raw": body}


def asked_of_telegram(home: House) -> int:
    calls = home.cluster.counters.calls
    return calls["messages.getMessages"] + calls["channels.getMessages"]


@contextlib.asynccontextmanager
async def with_copies(work_dir: Path, clock: SystemClock, **settings: object):
    """A telpher with a BIN_CHANNEL; it, and the channel's id."""
    world = World()
    bot = world.add_bot(TOKEN, "telpher_bot")
    channel = world.add_channel("Bin", world.add_user("Owner"))
    world.add_member(channel, bot, Role.ADMIN)
    world.set_rights(channel, bot, "post_messages")
    number = channel.peer.marked
    async with house(
        work_dir, world=world, time=Time(clock=clock), bin_channel=number, **settings
    ) as home:
        yield home, number


async def share(home: House) -> tuple[str, object]:
    """A link of Ann's, and her message."""
    sent = await home.ann.send_file(home.bot, home.world.add_file(SPEC))
    answer = await home.answer_to(sent)
    return link_in(answer.text), sent


def link_in(text: str) -> str:
    """The link in an answer of the bot."""
    return "http" + text.split("http", 1)[1].split()[0]


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
@pytest.mark.parametrize("route", ["stream", "download", "watch"])
async def test_a_wrong_signature_is_answered_like_an_unknown_file(home, accept, route):
    """All of it is compared, headers included; and nothing was looked up that takes its time."""
    url = httpx.URL(await home.share(SPEC))
    place, key = place_of(str(url)), url.params["k"]
    forged = key[:-2] + ("AA" if key[-2:] != "AA" else "BA")
    before = asked_of_telegram(home)
    unknown = [f"/{route}/0/0", f"/{route}/77/99?k={key}"]
    wrong = [
        f"/{route}/{place}",
        f"/{route}/{place}/film.mp4?k={forged}",
        f"/{route}/{place}?k=",
        f"/{route}/{place}?k={key}&k={key}",
        f"/{route}/{place}1?k={key}",
    ]
    answers = [await home.http.get(path, headers={"Accept": accept}) for path in (*unknown, *wrong)]
    assert answers[0].status_code == 404
    for answer in answers[1:]:
        assert told(answer) == told(answers[0])
    assert asked_of_telegram(home) == before
    assert place.split("/")[0] not in answers[-1].text


async def test_links_without_a_signature_open_only_where_they_may(tmp_path):
    async with house(tmp_path, open_links=True) as home:
        file = home.world.add_file(SPEC)
        url = await home.share(file)
        place = place_of(url)
        for path in (f"/stream/{place}", f"/stream/{place}/any%20name.mp4", f"/download/{place}"):
            answer = await home.http.get(path)
            assert (answer.status_code, answer.content) == (200, bytes_of(file))
        page = await home.http.get(f"/watch/{place}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "?k=" not in page.text
        assert (await home.http.get(url)).status_code == 200
        unknown = await home.http.get(f"/stream/{home.ann.user_id}/99999")
        wrong = await home.http.get(f"/stream/{place}?k=wrong")
        assert told(unknown) == told(wrong)
        assert wrong.status_code == 404
        assert (await home.http.get("/stream/0/0")).status_code == 404


async def test_a_deleted_message_is_noticed_when_its_time_is_over(tmp_path):
    clock = Later()
    async with house(tmp_path, time=Time(clock=clock)) as home:
        url, sent = await share(home)
        assert (await home.http.get(url)).status_code == 200
        await home.ann.delete(sent)
        clock.pass_by(HOUR)
        for route in ("stream", "download", "watch"):
            gone = await home.http.get(url.replace("/stream/", f"/{route}/"))
            assert gone.status_code == 410
            assert gone.json()["detail"]["error"] == "message_deleted"
            assert gone.headers["cache-control"] == "no-store"
        assert (await home.http.head(url)).status_code == 410


async def test_a_copy_lets_the_link_live_on_also_after_a_restart(tmp_path):
    clock = Later()
    async with with_copies(tmp_path, clock) as (home, channel):
        url, sent = await share(home)
        await home.cluster.counters.wait(lambda c: c.messages[channel] > 0, PATIENCE)
        await home.ann.delete(sent)
        clock.pass_by(HOUR)
        again = await home.http.get(url)
        assert again.content == bytes_of(sent.file)
        world, port = home.world, home.settings.port
    async with house(tmp_path, world=world, port=port, bin_channel=channel) as home:
        assert (await home.http.get(url)).content == bytes_of(sent.file)
        ref = MessageRef(*map(int, place_of(url).split("/")))
        never = link_to(home, MessageRef(ref.chat_id, ref.message_id + 77))
        assert (await home.http.get(never.replace("localhost", "127.0.0.1"))).status_code == 410


async def test_while_nobody_can_tell_of_copies_a_link_is_not_said_to_be_dead(tmp_path):
    clock = Later()
    async with with_copies(tmp_path, clock) as (home, channel):
        url, sent = await share(home)
        await home.cluster.counters.wait(lambda c: c.messages[channel] > 0, PATIENCE)
        await home.ann.delete(sent)
        world, port = home.world, home.settings.port
    # The database's server cannot be reached, and what was known of copies is not known here.
    away = {"database_url": "mongodb://127.0.0.1:9/telpher"}
    async with house(tmp_path, world=world, port=port, bin_channel=channel, **away) as home:
        answer = await home.http.get(url)
        assert (answer.status_code, answer.json()["detail"]["error"]) == (503, "storage")
        assert answer.headers["retry-after"] == "5"


async def test_another_file_put_into_the_message_never_comes_in_the_midst_of_the_first(tmp_path):
    clock = Later()
    async with house(tmp_path, time=Time(clock=clock), chunk_cache_mb=8) as home:
        first, second = (home.add_file(kind="video", size=32 * MIB, dc=4) for _ in range(2))
        sent = await home.ann.send_file(home.bot, first)
        url = link_in((await home.answer_to(sent)).text)
        got = bytearray()
        with contextlib.suppress(httpx.RemoteProtocolError):
            async with home.http.stream("GET", url) as answer:
                tag = answer.headers["etag"]
                async for piece in answer.aiter_raw():
                    if not got:
                        await home.ann.swap_file(sent, second)
                        clock.pass_by(HOUR)
                    got += piece
        assert len(got) < first.size
        assert got == bytes_of(first, 0, len(got))
        # From then on the link names what the message holds; a player that goes on is told so.
        assert (await home.http.get(url, headers={"If-Match": tag})).status_code == 412
        assert await home.get(url) == bytes_of(second)

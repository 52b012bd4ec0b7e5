"""VLC, mpv and ffprobe play through telpher out of tgfake, to the end and with a seek."""

from __future__ import annotations

import json

import pytest

from tests.players.programs import mpv, output_of, program, vlc

pytestmark = pytest.mark.system

FILMS = ["moov-at-the-end", "fast-start", "fragmented", "two-languages"]
SECONDS = 60


@pytest.mark.parametrize("film", FILMS)
async def test_vlc_plays_to_the_end(share, film):
    url, _ = await share(film)
    async with vlc(url) as player:
        times = [time async for time in player.times()]
        await player.ended_well()
    assert max(times) >= SECONDS - 10
    assert len(set(times)) >= 4


@pytest.mark.parametrize("film", FILMS)
async def test_vlc_seeks(share, film):
    url, _ = await share(film)
    async with vlc(url) as player:
        times = []
        async for time in player.times():
            if time and not any(times):
                await player.say("seek 40")
            times.append(time)
        await player.ended_well()
    assert max(times) >= SECONDS - 10
    assert not any(20 < time < 35 for time in times)


@pytest.mark.parametrize("film", FILMS)
async def test_mpv_plays_to_the_end_after_a_seek(share, film):
    url, _ = await share(film)
    async with mpv(url) as player:
        sought, times, reason = False, [], None
        async for event in player.events():
            if event.get("event") == "end-file":
                reason = event["reason"]
                break
            position = event.get("data") if event.get("event") == "property-change" else None
            if isinstance(position, float):
                times.append(position)
                if not sought and position > 2:
                    sought = True
                    await player.say("seek", 40, "absolute")
    assert reason == "eof"
    assert max(times) > SECONDS - 2
    assert not any(15 < time < 35 for time in times)


@pytest.mark.parametrize("film", FILMS)
async def test_ffprobe_and_ffmpeg_see_every_frame(share, film):
    url, _ = await share(film)
    probed = json.loads(
        await output_of(
            program("ffprobe"),
            *("-v", "error", "-of", "json", "-show_format", "-show_streams", "-count_packets"),
            url,
        )
    )
    assert float(probed["format"]["duration"]) == pytest.approx(SECONDS, abs=0.2)
    streams = [stream["codec_type"] for stream in probed["streams"]]
    assert streams.count("video") == 1
    if film == "two-languages":
        assert streams.count("audio") == 2
        assert "subtitle" in streams
    video = next(stream for stream in probed["streams"] if stream["codec_type"] == "video")
    assert int(video["nb_read_packets"]) == SECONDS * 25


async def test_the_song_has_its_cover(share):
    url, _ = await share("song")
    probed = json.loads(
        await output_of(program("ffprobe"), "-v", "error", "-of", "json", "-show_streams", url)
    )
    assert [stream["codec_type"] for stream in probed["streams"]] == ["audio", "video"]

"""Records the demo's films and song with PyAV (FFmpeg inside its wheel).

The pictures are encoded once, into a master; the films are the same packets in other containers,
which is what makes them different to stream:

    MP4, moov at the end    a player must fetch the tail before it can begin
    MP4, fast start         the index is in front
    MP4, fragmented         no index at all, one piece a second
    Matroska                two sound tracks, subtitles

Runs in a process of its own, `python -m telpher.demo.studio FOLDER`: FFmpeg stays out of the
server, which works without PyAV as well.
"""

from __future__ import annotations

import contextlib
import io
import sys
from array import array
from fractions import Fraction
from pathlib import Path

import av
from av.stream import Disposition

from telpher.demo import pattern, titles

# One key picture a second: a seek lands within a second of where it was meant to.
_X264 = {"preset": "ultrafast", "g": str(pattern.FRAME_RATE), "sc_threshold": "0"}
_VIDEO_BITS, _SOUND_BITS = 1_500_000, 128_000  # a second

# Language, codec and pitch of the sound tracks. Films often have such pairs; AC-3 takes no time.
_TRACKS = (("eng", "aac", 440.0), ("deu", "ac3", 660.0))
_FRAME = 1024  # samples: what AAC takes at once; PyAV cuts it to what other encoders take


def record(folder: Path) -> None:
    """Writes all films and the song into `folder`."""
    master = folder / "master"
    record_master(master)
    write_mp4(master, folder / titles.MOOV_AT_THE_END)
    write_mp4(master, folder / titles.FAST_START, "faststart")
    write_mp4(master, folder / titles.FRAGMENTED, "frag_keyframe+empty_moov+default_base_moof")
    write_matroska(master, folder / titles.MATROSKA)
    write_song(folder / titles.SONG)
    for name, second in titles.PICTURED_AT.items():
        write_picture(master, titles.picture_of(folder / name), second)
    master.unlink()


def record_master(path: Path) -> None:
    """A minute of pictures with two sound tracks, as Matroska."""
    with av.open(str(path), "w", format="matroska") as out:
        video = out.add_stream("libx264", rate=pattern.FRAME_RATE, options=_X264)
        video.width, video.height, video.pix_fmt = pattern.WIDTH, pattern.HEIGHT, "yuv420p"
        video.bit_rate = _VIDEO_BITS
        tracks = [_Sound(out, codec, pitch) for _, codec, pitch in _TRACKS]
        for number, planes in enumerate(pattern.pictures()):
            out.mux(video.encode(_picture(number, planes)))
            for track in tracks:
                track.play_until((number + 1) / pattern.FRAME_RATE)
        out.mux(video.encode())
        for track in tracks:
            track.finish()


def write_mp4(master: Path, path: Path, movflags: str = "") -> None:
    """The master's pictures and first sound track as an MP4."""
    options = {"movflags": movflags} if movflags else {}
    with av.open(str(master)) as source, av.open(str(path), "w", "mp4", options=options) as out:
        streams = [source.streams.video[0], source.streams.audio[0]]
        copies = {stream.index: out.add_stream_from_template(stream) for stream in streams}
        for packet in source.demux(streams):
            _copy(packet, copies[packet.stream.index], out)


def write_matroska(master: Path, path: Path) -> None:
    """All of the master, and subtitles that count the seconds."""
    with (
        av.open(str(master)) as source,
        av.open(io.BytesIO(_subtitles().encode()), format="srt") as words,
        av.open(str(path), "w", "matroska") as out,
    ):
        copies = {each.index: out.add_stream_from_template(each) for each in source.streams}
        for (language, _, _), track in zip(_TRACKS, source.streams.audio, strict=True):
            copies[track.index].metadata["language"] = language
        lines = out.add_stream_from_template(words.streams[0])
        lines.metadata["language"] = "eng"
        for packet in words.demux():
            _copy(packet, lines, out)
        for packet in source.demux():
            _copy(packet, copies[packet.stream.index], out)


def write_song(path: Path) -> None:
    """A minute of sound as an MP3, with its first picture as the cover."""
    with av.open(str(path), "w", format="mp3") as out:
        out.metadata.update({"title": titles.TITLE, "artist": titles.PERFORMER})
        track = _Sound(out, "libmp3lame", _TRACKS[0][2])
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = pattern.WIDTH, pattern.HEIGHT, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        picture = _picture(0, next(pattern.pictures())).reformat(format="yuvj420p")
        out.mux([*cover.encode(picture), *cover.encode()])
        track.play_until(pattern.SECONDS)
        track.finish()


def write_picture(master: Path, path: Path, second: int) -> None:
    """A thumbnail: the picture at `second`, at half the width and height, as a JPEG."""
    with av.open(str(master)) as source, av.open(str(path), "w", format="mjpeg") as out:
        source.seek(second * av.time_base)
        picture = next(source.decode(source.streams.video[0]))
        width, height = picture.width // 2, picture.height // 2
        stream = out.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        picture = picture.reformat(width=width, height=height, format="yuvj420p")
        picture.pts, picture.time_base = 0, Fraction(1, 1)
        out.mux([*stream.encode(picture), *stream.encode()])


class _Sound:
    """A sound track that is encoded as far as the pictures are, so that both lie side by side."""

    def __init__(self, out: av.container.OutputContainer, codec: str, pitch: float) -> None:
        self._out = out
        self._stream = out.add_stream(codec, rate=pattern.SAMPLE_RATE, layout="stereo")
        self._stream.bit_rate = _SOUND_BITS
        self._second = pattern.sound(pitch)
        self._second.extend(self._second)  # so that a frame never has to wrap around
        self._played = 0

    def play_until(self, seconds: float) -> None:
        while self._played < seconds * pattern.SAMPLE_RATE:
            start = self._played % pattern.SAMPLE_RATE
            self._out.mux(self._stream.encode(self._frame(self._second[start : start + _FRAME])))
            self._played += _FRAME

    def finish(self) -> None:
        self._out.mux(self._stream.encode())

    def _frame(self, samples: array[float]) -> av.AudioFrame:
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=_FRAME)
        for plane in frame.planes:
            plane.update(samples.tobytes())
        frame.rate = pattern.SAMPLE_RATE
        frame.pts = self._played
        frame.time_base = Fraction(1, pattern.SAMPLE_RATE)
        return frame


def _picture(number: int, planes: tuple[bytes, ...]) -> av.VideoFrame:
    frame = av.VideoFrame(pattern.WIDTH, pattern.HEIGHT, "yuv420p")
    for plane, data in zip(frame.planes, planes, strict=True):
        plane.update(_padded(data, plane))
    frame.pts = number
    frame.time_base = Fraction(1, pattern.FRAME_RATE)
    return frame


def _padded(data: bytes, plane: av.video.plane.VideoPlane) -> bytes:
    """FFmpeg may want rows longer than the picture is wide."""
    if plane.line_size == plane.width:
        return data
    rows = (data[at : at + plane.width] for at in range(0, len(data), plane.width))
    return b"".join(row.ljust(plane.line_size, b"\0") for row in rows)


def _copy(packet: av.Packet, stream: av.stream.Stream, out: av.container.OutputContainer) -> None:
    if packet.dts is not None:  # the empty packet that ends a stream has none
        packet.stream = stream
        out.mux(packet)


def _subtitles() -> str:
    return "\n".join(_subtitle(second) for second in range(pattern.SECONDS))


def _subtitle(second: int) -> str:
    return f"{second + 1}\n00:00:{second:02},000 --> 00:00:{second:02},900\nSecond {second}\n"


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # the terminal interrupts the demo as well
        record(Path(sys.argv[1]))

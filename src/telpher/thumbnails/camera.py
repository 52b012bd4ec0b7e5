"""Which frame of a file is its picture, and how it becomes a JPEG (FFmpeg, by PyAV).

A film's first picture is often black, so a later one is taken: the key picture before a tenth of
the film, or a later one where that is dark. A key picture needs no other: one packet is decoded.
Where a film cannot be entered in the middle (no index, no length) it is its first picture.

An index may be what costs most: without one, FFmpeg reads the head of each fragment of an MP4, all
through the film. So each step has its ration, and where it is spent the file is opened once more,
without index, for its first picture.

Only in the process that `helper` locks in.
"""

from __future__ import annotations

import importlib
import pkgutil
from fractions import Fraction
from typing import Any, Final

import av
import av.logging

from telpher.thumbnails.piped import RationedFile, RationSpentError
from telpher.thumbnails.wire import BLOCK

# What films and pictures come in. Not what leads to other files (HLS, DASH, concat), and none of
# the hundred formats of games and old hardware, which nobody sends and nobody audits.
_FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,ogg,rm,ivf,"
    "h264,hevc,m4v,gif,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe"
)
_OPTIONS: Final = {
    "format_whitelist": _FORMATS,
    # What is read to learn of the tracks where no index tells of them (MPEG-TS).
    "probesize": str(1 << 20),
    "analyzeduration": "2000000",
    "fpsprobesize": "0",
}

_WITHOUT_INDEX: Final = {**_OPTIONS, "fflags": "+ignidx"}

# (jumps, bytes) that opening and each look may cost. A film of hours has an index of 10 MB in one
# piece, and it takes few jumps to find; MPEG-TS is searched in some twenty.
_TO_OPEN: Final = (12, 16 << 20)
_TO_LOOK: Final = (32, 8 << 20)

# Where to look, as parts of the duration.
_PLACES: Final = (0.1, 0.3, 0.6)

# The mean of the brightness (0 to 255, black is 16) below which a picture shows nothing.
_DARK: Final = 28

# Packets that are looked at for a key picture: ten seconds of film with two sound tracks.
_MOST_PACKETS: Final = 2000

# The largest picture that is decoded: 8K, and photographs of 50 megapixels.
_MOST_PIXELS: Final = 52_000_000

# Of mjpeg, 2 (best) to 31: at 4 a picture of 640 by 360 has some 40 kB and no visible fault.
_QUALITY: Final = 4


def load() -> None:
    """Loads whatever PyAV loads when it is needed: later nothing can be opened."""
    av.logging.set_level(None)
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name != "av.__main__":
            importlib.import_module(module.name)


def take(file: RationedFile, longest: int) -> bytes | None:
    """A JPEG whose longer side has at most `longest` pixels; None where there is no picture.

    Raises whatever FFmpeg does with a file that is broken.
    """
    try:
        shots = _look(file, longest, _OPTIONS)
    except (av.FFmpegError, RationSpentError):
        if not file.spent:
            raise
        shots = []
    shots = shots or _look(file, longest, _WITHOUT_INDEX, places=False)
    return _jpeg(max(shots, key=_brightness)) if shots else None


def _look(
    file: RationedFile, longest: int, options: dict[str, str], *, places: bool = True
) -> list[Any]:
    """Small pictures of the film, the last of which is not dark, if any is."""
    file.ration(*_TO_OPEN)
    file.seek(0)
    shots: list[Any] = []
    with av.open(file, "r", options=options, buffer_size=BLOCK) as container:
        tracks = container.streams.video
        if not tracks or tracks[0].width * tracks[0].height > _MOST_PIXELS:
            return []
        tracks[0].thread_count, tracks[0].thread_type = 1, "NONE"
        for place in _places(container) if places else [None]:
            file.ration(*_TO_LOOK)
            frame = _frame_at(container, tracks[0], place)
            if frame is None:
                break
            shots.append(_small(frame, _pixel_shape(tracks[0]), longest))
            if _brightness(shots[-1]) >= _DARK:
                break
    return shots


def _places(container: Any) -> list[int | None]:
    """Where to look, in microseconds; None is the beginning."""
    duration = container.duration or 0
    begin = container.start_time or 0
    return [begin + int(duration * part) for part in _PLACES] if duration > 0 else [None]


def _frame_at(container: Any, track: Any, place: int | None) -> Any:
    """The key picture before `place`, or the next one; None where there is none."""
    try:
        if place is not None:
            container.seek(place)
        for number, packet in enumerate(container.demux(track)):
            if number > _MOST_PACKETS or packet.size == 0:
                return None
            if packet.is_keyframe:
                return next(iter([*track.decode(packet), *track.decode(None)]), None)
    except (av.FFmpegError, RationSpentError):
        return None
    finally:
        track.codec_context.flush_buffers()
    return None


def _pixel_shape(track: Any) -> Fraction:
    """How much wider than high a pixel is."""
    shape = track.sample_aspect_ratio
    return shape or Fraction(1)


def _small(frame: Any, pixel: Fraction, longest: int) -> Any:
    """The picture as it is to be shown, but not yet turned."""
    width, height = float(frame.width * pixel), float(frame.height)
    scale = min(1.0, longest / max(width, height))
    even = [max(2, round(side * scale / 2) * 2) for side in (width, height)]
    small = frame.reformat(*even, "yuvj420p", threads=1)
    return _turned(small, round(frame.rotation / 90) % 4)


def _turned(frame: Any, quarters: int) -> Any:
    """The picture, `quarters` of a turn against the clock."""
    for _ in range(quarters):
        turned = av.VideoFrame(frame.height, frame.width, "yuvj420p")
        for old, new in zip(frame.planes, turned.planes, strict=True):
            data = bytes(old)
            rows = [data[y * old.line_size :][: old.width] for y in range(old.height)]
            whole = b"".join(rows)
            columns = (whole[x :: old.width] for x in reversed(range(old.width)))
            new.update(b"".join(each.ljust(new.line_size, b"\0") for each in columns))
        frame = turned
    return frame


def _brightness(frame: Any) -> float:
    plane = frame.planes[0]
    data = bytes(plane)
    return sum(data) / max(1, len(data))


def _jpeg(frame: Any) -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
    encoder.thread_count = 1
    encoder.time_base = Fraction(1, 1)
    encoder.qmin = encoder.qmax = _QUALITY
    frame.pts = 0
    return b"".join(bytes(each) for each in [*encoder.encode(frame), *encoder.encode(None)])

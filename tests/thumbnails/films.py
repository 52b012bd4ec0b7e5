"""Films and pictures of every kind, made on the spot with PyAV."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction

import av


@dataclass(frozen=True)
class Film:
    """`dark`: so many black pictures come first; `pixel`: how much wider than high one is."""

    container: str = "mp4"
    codec: str = "libx264"
    width: int = 320
    height: int = 240
    pictures: int = 50
    pixel_format: str = "yuv420p"
    dark: int = 0
    pixel: Fraction = Fraction(1)
    movflags: str = ""


def film(spec: Film) -> bytes:
    """The file."""
    body = io.BytesIO()
    options = {"movflags": spec.movflags} if spec.movflags else {}
    with av.open(body, "w", format=spec.container, options=options) as out:
        track = out.add_stream(spec.codec, rate=25)
        track.width, track.height = spec.width, spec.height
        track.pix_fmt, track.gop_size = spec.pixel_format, 25
        track.codec_context.sample_aspect_ratio = spec.pixel
        track.thread_count = 1
        for number in range(spec.pictures):
            out.mux(track.encode(_picture(spec, number)))
        out.mux(track.encode())
    return body.getvalue()


def _picture(spec: Film, number: int) -> av.VideoFrame:
    """A grey that brightens to the right; the colours are none."""
    frame = av.VideoFrame(spec.width, spec.height, spec.pixel_format)
    for index, plane in enumerate(frame.planes):
        row = bytes(
            128 if index else 16 if number < spec.dark else 60 + 128 * x // plane.line_size
            for x in range(plane.line_size)
        )
        plane.update(row * plane.height)
    frame.pts, frame.time_base = number, Fraction(1, 25)
    return frame


def seen(jpeg: bytes) -> av.VideoFrame:
    """The picture in a JPEG."""
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe") as container:
        return next(container.decode(video=0))


def brightness(frame: av.VideoFrame) -> float:
    """The mean of its pixels, 0 to 255."""
    data = bytes(frame.reformat(format="gray").planes[0])
    return sum(data) / len(data)

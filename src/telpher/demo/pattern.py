"""Moving pictures and sound that show at a glance where a player is; made of bytes alone.

A picture shows, from top to bottom: the second as a binary number, one cell a bit; a block that
crosses a grained field once every four seconds and bounces once every three; how much is over, as
a bar. The colour turns with time. A picture costs no more than some copies of memory. Sound is a
tone, with a higher one at the start of every second.
"""

from __future__ import annotations

import colorsys
import math
import random
from array import array
from collections.abc import Iterator

WIDTH, HEIGHT = 640, 360
FRAME_RATE = 25
SAMPLE_RATE = 48_000
SECONDS = 60

_CELLS = 8  # of the binary number: 256 seconds
_NUMBER_ROWS, _BAR_ROWS = 64, 32
_FIELD_ROWS = HEIGHT - _NUMBER_ROWS - _BAR_ROWS
_BLOCK = 64
_CROSSES_IN, _BOUNCES_IN = 4.0, 3.0  # seconds
# Luma in the range of television, 16 to 235.
_DARK, _GREY, _BRIGHT = bytes([16]), bytes([96]), bytes([235])
# The field is grained like film: without it a minute would take up a few hundred kB, not enough
# to see a player read ahead and seek.
_GRAIN = bytes(40 + value % 24 for value in range(256))

_TICK_SECONDS = 0.1
_LOUDNESS = 0.2  # of full scale


def pictures() -> Iterator[tuple[bytes, bytes, bytes]]:
    """The planes Y (WIDTH x HEIGHT), U and V (half of it in each direction) of every picture."""
    chance = random.Random(0)  # noqa: S311 grain, no secret; the same in every sample
    area = WIDTH * _FIELD_ROWS
    grain = chance.randbytes(2 * area).translate(_GRAIN)
    for number in range(SECONDS * FRAME_RATE):
        cut = chance.randrange(area)
        time = number / FRAME_RATE
        yield _luma(time, grain[cut : cut + area]), *_colour(time)


def sound(frequency: float) -> array[float]:
    """One second of sound, between -1 and 1; it may be repeated without a click."""
    tick = round(SAMPLE_RATE * _TICK_SECONDS)
    return array("f", (_sample(i, frequency * (2 if i < tick else 1)) for i in range(SAMPLE_RATE)))


def _sample(index: int, frequency: float) -> float:
    return _LOUDNESS * math.sin(2 * math.pi * frequency * index / SAMPLE_RATE)


def _luma(time: float, grain: bytes) -> bytes:
    left = round((WIDTH - _BLOCK) * _there_and_back(time / _CROSSES_IN))
    down = round((_FIELD_ROWS - _BLOCK) * _there_and_back(time / _BOUNCES_IN))
    field = bytearray(grain)
    for row in range(down, down + _BLOCK):
        start = row * WIDTH + left
        field[start : start + _BLOCK] = _BRIGHT * _BLOCK
    over = round(WIDTH * time / SECONDS)
    bar = _BRIGHT * over + _DARK * (WIDTH - over)
    return _binary(int(time)) * _NUMBER_ROWS + field + bar * _BAR_ROWS


def _binary(number: int) -> bytes:
    """A row of pixels with a bright cell for each 1, a grey one for each 0, highest bit first."""
    cell = WIDTH // _CELLS
    bits = (number >> bit & 1 for bit in reversed(range(_CELLS)))
    return b"".join(_DARK * 4 + (_BRIGHT if bit else _GREY) * (cell - 4) for bit in bits)


def _colour(time: float) -> tuple[bytes, bytes]:
    red, green, blue = colorsys.hsv_to_rgb(time / SECONDS, 0.6, 0.6)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    area = WIDTH * HEIGHT // 4
    u, v = round(128 + 126 * (blue - luma)), round(128 + 126 * (red - luma))
    return bytes([u]) * area, bytes([v]) * area


def _there_and_back(turns: float) -> float:
    """0 to 1 and back to 0 in one turn."""
    return 1 - abs(2 * (turns % 1) - 1)

"""QR codes hold what they are asked to."""

from __future__ import annotations

import re

import segno

from telpher.web import qr

ADDRESS = "https://files.example.org/watch/-1001234567890/42?k=" + "A" * 46


async def test_the_drawing_is_the_code_of_the_address_with_a_border() -> None:
    drawn = (await qr.svg(ADDRESS)).decode()
    code = segno.make_qr(ADDRESS, error="m")
    width = code.symbol_size(border=4)[0]
    assert f'viewBox="0 0 {width} {width}"' in drawn
    assert squares(drawn, width) == [list(row) for row in code.matrix_iter(border=4)]


async def test_it_is_black_on_white_and_runs_nothing() -> None:
    drawn = (await qr.svg(ADDRESS)).decode()
    assert 'fill="#fff"' in drawn
    assert 'stroke="#000"' in drawn
    assert not re.search(r"<script|style=|href", drawn)


def squares(drawn: str, width: int) -> list[list[int]]:
    """The drawing's dark lines as rows of squares."""
    found = re.search(r'stroke="#000" d="([^"]+)"', drawn)
    assert found
    rows = [[0] * width for _ in range(width)]
    x, y = 0.0, 0.0
    for kind, numbers in re.findall(r"([Mmh])([-\d. ]+)", found[1]):
        values = [float(each) for each in re.findall(r"-?[\d.]+", numbers)]
        if kind == "h":
            for at in range(int(x), int(x + values[0])):
                rows[int(y)][at] = 1
            x += values[0]
        elif kind == "M":
            x, y = values
        else:
            x, y = x + values[0], y + values[1]
    return rows

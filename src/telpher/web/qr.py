"""QR codes of addresses, for the camera of a phone or the screen of a television."""

from __future__ import annotations

import asyncio
import io
from typing import Final

import segno

# White around the squares, in squares: with less, cameras miss the code [ISO/IEC 18004, 6.3.8].
_BORDER: Final = 4


async def svg(text: str) -> bytes:
    """`text` as a drawing, black on white in any colour scheme: cameras expect it.

    Ten milliseconds of work for a link's address, so it is done beside the loop.
    """
    return await asyncio.to_thread(_drawn, text)


def _drawn(text: str) -> bytes:
    # Level M stands up to a screen's reflections; squares stay large.
    code = segno.make_qr(text, error="m")
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", border=_BORDER, light="#fff", omitsize=True, xmldecl=False)
    return drawn.getvalue()

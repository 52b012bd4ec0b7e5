"""A file sent to the bot plays."""

from __future__ import annotations

MIB = 1 << 20


async def test_a_file_sent_to_the_bot_comes_out_of_the_link(home):
    file = home.add_file(kind="video", name="a film.mp4", size=3 * MIB + 17, dc=4)
    url = await home.share(file)
    assert await home.get(url) == file.read(0, file.size)

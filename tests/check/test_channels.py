"""What a standing in a channel means for what the channel is for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telpher.check import channels
from telpher.check.report import Status
from telpher.telegram.chats import Standing

WELL = Standing(
    -1001, "Bin", public=False, inside=True, admin=True, may_post=True, sees_members=True
)


@pytest.mark.parametrize(
    ("judge", "change", "status", "words"),
    [
        (channels.log_channel, {}, Status.OK, "may post"),
        (channels.log_channel, {"may_post": False}, Status.FAILED, "may not post"),
        (channels.log_channel, {"public": True}, Status.WARNING, "everybody"),
        (channels.bin_channel, {}, Status.OK, "may post"),
        (channels.bin_channel, {"may_post": False, "inside": False}, Status.FAILED, "no member"),
        (channels.bin_channel, {"public": True}, Status.WARNING, "without any link"),
        (channels.bin_channel_of_extra, {"may_post": False}, Status.OK, "may read"),
        (channels.bin_channel_of_extra, {"inside": False}, Status.FAILED, "no member"),
        (channels.bin_channel_of_extra, {"admin": False}, Status.WARNING, "no administrator"),
        (channels.force_sub_channel, {}, Status.OK, "sees who"),
        (channels.force_sub_channel, {"sees_members": False}, Status.FAILED, "nobody gets links"),
    ],
)
def test_it_is_judged_by_its_purpose(judge, change, status, words) -> None:
    found = judge("CHANNEL", "@bot", replace(WELL, **change))
    assert (found.name, found.status) == ("CHANNEL", status)
    assert words in found.found
    assert bool(found.remedy) == (status is not Status.OK)


def test_a_channel_that_is_not_there_is_named() -> None:
    assert "@news" in channels.unknown("LOG_CHANNEL", "@bot", "news").found
    assert "-1005" in channels.unknown("LOG_CHANNEL", "@bot", -1005).found

"""Several instances on one database: what they share, and what they must agree on."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from telpher.app import running
from telpher.errors import SettingsError
from tests.e2e.house import TOKEN, settings_for, telegram
from tgfake.world import World

pytestmark = pytest.mark.slow


def disk(root: Path, name: str) -> Path:
    """A WORK_DIR of its own on the database of all."""
    folder = root / name
    folder.mkdir()
    (folder / "telpher.sqlite3").symlink_to(root / "shared.sqlite3")
    return folder


async def test_another_link_secret_or_another_bot_is_refused_with_the_reason(tmp_path):
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    async with telegram(world, tmp_path) as (_, servers):
        first = settings_for(servers, disk(tmp_path, "first"))
        other = settings_for(
            servers,
            disk(tmp_path, "second"),
            bot_token=SecretStr("4343:AAF-a_token_of_no_secrecy_for_the_tests1"),
            link_secret=SecretStr("something quite different"),
        )
        async with running(first):
            with pytest.raises(ExceptionGroup) as caught:
                async with running(other):
                    raise AssertionError("it began to serve")
        group = caught.value.subgroup(SettingsError)
        assert group is not None
        [refused] = group.exceptions
        assert isinstance(refused, SettingsError)
        assert [each.partition(":")[0] for each in refused.problems] == ["BOT_TOKEN", "LINK_SECRET"]
        # Nobody is in its way any more.
        async with running(other):
            pass

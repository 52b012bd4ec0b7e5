import pytest
from telethon.tl import functions, types

from tests.tgfake.stage import Stage


def resolve(name: str) -> functions.contacts.ResolveUsernameRequest:
    return functions.contacts.ResolveUsernameRequest(name)


async def test_channels_users_and_bots_have_names(stage: Stage) -> None:
    films = stage.world.add_channel("Films", stage.ann.account, username="Films_of_ann")
    found = await stage.call(resolve("films_OF_ann"))
    assert found.peer == types.PeerChannel(films.peer.id)
    assert found.chats[0].access_hash == stage.channel(films).access_hash
    carl = stage.world.add_user("Carl", username="carl_example")
    found = await stage.call(resolve("@carl_example"))
    assert (found.peer, found.users[0].id) == (types.PeerUser(carl.user_id), carl.user_id)
    assert (await stage.call(resolve("other_bot"))).users[0].bot is True


async def test_names_that_nobody_has(stage: Stage) -> None:
    await stage.fails("USERNAME_NOT_OCCUPIED", resolve("nobody_here"))


@pytest.mark.parametrize("name", ["", "ab", "1film", "fi lm", "film-s", "ünïcode", "a" * 33])
async def test_names_that_cannot_be(stage: Stage, name: str) -> None:
    await stage.fails("USERNAME_INVALID", resolve(name))

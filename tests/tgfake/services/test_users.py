from telethon.tl import functions, types

from tests.tgfake.stage import Stage


async def test_a_bot_asks_who_it_is(stage: Stage) -> None:
    (me,) = await stage.call(functions.users.GetUsersRequest([types.InputUserSelf()]))
    assert (me.id, me.is_self, me.bot, me.username) == (77, True, True, "stage_bot")


async def test_a_user_as_a_bot_sees_him(stage: Stage) -> None:
    await stage.met()
    stage.ann.account.premium = True
    stage.ann.account.last_name = "Example"
    stage.ann.account.lang_code = "de"
    named = types.InputUser(stage.ann.user_id, 0)
    (ann,) = await stage.call(functions.users.GetUsersRequest([named]))
    assert (ann.first_name, ann.last_name, ann.lang_code) == ("Ann", "Example", "de")
    assert (ann.premium, ann.bot, ann.is_self) == (True, False, False)


async def test_strangers_are_left_out(stage: Stage) -> None:
    named = [types.InputUser(stage.ann.user_id, 0), types.InputUser(stage.bob.user_id, 7)]
    assert await stage.call(functions.users.GetUsersRequest(named)) == []


async def test_sharing_a_group_is_meeting(stage: Stage) -> None:
    stage.world.add_supergroup("G", stage.ann.account, stage.bot)
    named = types.InputUser(stage.ann.user_id, 0)
    assert len(await stage.call(functions.users.GetUsersRequest([named]))) == 1


async def test_at_length(stage: Stage) -> None:
    answer = await stage.call(functions.users.GetFullUserRequest(types.InputUserSelf()))
    assert (answer.full_user.id, answer.users[0].id) == (77, 77)
    stranger = types.InputUser(stage.ann.user_id, 0)
    await stage.fails("USER_ID_INVALID", functions.users.GetFullUserRequest(stranger))


async def test_a_deleted_account_has_no_name(stage: Stage) -> None:
    await stage.met()
    stage.world.deactivate(stage.ann.account)
    named = types.InputUser(stage.ann.user_id, 0)
    (ann,) = await stage.call(functions.users.GetUsersRequest([named]))
    assert (ann.deleted, ann.first_name) == (True, None)

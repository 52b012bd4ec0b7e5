from typing import Any

import pytest
from telethon.tl import functions, types

from tests.tgfake.stage import Stage
from tgfake.world import Chat, Role


def participant(stage: Stage, chat: Chat, who: Any) -> Any:
    named = who if isinstance(who, types.TLObject) else stage.peer(who)
    return functions.channels.GetParticipantRequest(stage.channel(chat), named)


async def test_channels_as_a_member_sees_them(stage: Stage) -> None:
    forum = stage.world.add_supergroup(
        "F", stage.ann.account, stage.bot, forum=True, protected=True, username="the_forum"
    )
    channel = stage.world.add_channel("C", stage.ann.account)
    stage.world.set_rights(channel, stage.bot, "post_messages", "invite_users")
    request = functions.channels.GetChannelsRequest([stage.channel(c) for c in (forum, channel)])
    one, two = (await stage.call(request)).chats
    assert (one.title, one.username, one.forum, one.megagroup) == ("F", "the_forum", True, True)
    assert (one.noforwards, one.broadcast, one.admin_rights) == (True, False, None)
    assert (two.broadcast, two.admin_rights.post_messages) == (True, True)
    assert not two.admin_rights.delete_messages


async def test_zero_for_the_hash_of_a_channel_that_was_met(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account)
    request = functions.channels.GetChannelsRequest([types.InputChannel(channel.peer.id, 0)])
    await stage.fails("CHANNEL_INVALID", request)
    stage.world.add_member(channel, stage.bot)
    assert (await stage.call(request)).chats[0].access_hash == stage.channel(channel).access_hash
    stage.world.remove_member(channel, stage.bot)
    await stage.fails("CHANNEL_PRIVATE", request)


async def test_who_comes_and_goes_is_told_to_the_bot(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account)
    stage.world.add_member(channel, stage.bot)
    stage.world.remove_member(channel, stage.bot)
    (_, came), (_, went) = stage.pushed
    assert came.updates == went.updates == [types.UpdateChannel(channel.peer.id)]
    assert [type(c) for c in came.chats + went.chats] == [types.Channel, types.ChannelForbidden]


async def test_a_basic_group(stage: Stage) -> None:
    group = stage.world.add_group("G", stage.ann.account, stage.bot)
    seen = await stage.call(functions.messages.GetChatsRequest([group.peer.id]))
    assert (seen.chats[0].title, seen.chats[0].participants_count) == ("G", 2)
    full = await stage.call(functions.messages.GetFullChatRequest(group.peer.id))
    members = full.full_chat.participants.participants
    assert [type(member) for member in members] == [
        types.ChatParticipantCreator,
        types.ChatParticipant,
    ]
    await stage.fails(
        "PEER_ID_INVALID", functions.messages.GetChatsRequest([group.peer.id]), stage.other_bot
    )


async def test_a_channel_at_length(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account, stage.bot)
    request = functions.channels.GetFullChannelRequest(stage.channel(channel))
    full = (await stage.call(request)).full_chat
    assert (full.participants_count, full.admins_count, full.exported_invite) == (2, 1, None)
    assert (full.pts, full.can_view_participants) == (channel.channel_box.pts, False)
    stage.world.set_rights(channel, stage.bot, "invite_users")
    assert (await stage.call(request)).full_chat.exported_invite is None
    await stage.call(functions.messages.ExportChatInviteRequest(stage.peer(channel)))
    full = (await stage.call(request)).full_chat
    assert full.exported_invite.link == f"https://t.me/+{channel.invite}"
    assert full.can_view_participants is True


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        (Role.CREATOR, types.ChannelParticipantCreator),
        (Role.ADMIN, types.ChannelParticipantAdmin),
        (Role.MEMBER, types.ChannelParticipant),
        (Role.BANNED, types.ChannelParticipantBanned),
    ],
)
async def test_participants(stage: Stage, role: Role, kind: Any) -> None:
    channel = stage.world.add_channel("C")
    stage.world.add_member(channel, stage.bot, Role.ADMIN)
    stage.world.add_member(channel, stage.ann.account, role)
    answer = await stage.call(participant(stage, channel, stage.ann))
    assert type(answer.participant) is kind
    assert {user.id for user in answer.users} == {stage.ann.user_id}


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        (Role.MEMBER, types.ChannelParticipantSelf),
        (Role.ADMIN, types.ChannelParticipantAdmin),
    ],
)
async def test_a_bot_may_always_ask_about_itself(stage: Stage, role: Role, kind: Any) -> None:
    channel = stage.world.add_channel("C", stage.ann.account)
    stage.world.add_member(channel, stage.bot, role)
    answer = await stage.call(participant(stage, channel, types.InputPeerSelf()))
    assert type(answer.participant) is kind


async def test_who_may_ask_about_others(stage: Stage) -> None:
    await stage.met()
    channel = stage.world.add_channel("C", stage.bob.account, stage.bot, stage.ann.account)
    group = stage.world.add_supergroup("G", stage.bob.account, stage.bot, stage.ann.account)
    await stage.fails("CHAT_ADMIN_REQUIRED", participant(stage, channel, stage.ann))
    await stage.call(participant(stage, group, stage.ann))
    group.members_hidden = True
    await stage.fails("CHAT_ADMIN_REQUIRED", participant(stage, group, stage.ann))
    stage.world.add_member(group, stage.bot, Role.ADMIN)
    await stage.call(participant(stage, group, stage.ann))


async def test_participants_who_are_not_there(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.bob.account)
    stage.world.add_member(channel, stage.bot, Role.ADMIN)
    await stage.fails("USER_NOT_PARTICIPANT", participant(stage, channel, stage.ann))
    unmet = types.InputPeerUser(stage.ann.user_id, 0)
    await stage.fails("PARTICIPANT_ID_INVALID", participant(stage, channel, unmet))


async def test_invite_links_need_a_right(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account)
    stage.world.set_rights(channel, stage.bot, "post_messages")
    request = functions.messages.ExportChatInviteRequest(stage.peer(channel))
    await stage.fails("CHAT_ADMIN_REQUIRED", request)
    stage.world.set_rights(channel, stage.bot, "invite_users")
    link = (await stage.call(request)).link
    await stage.bob.join(link)
    assert channel.has(stage.bob.user_id)
    await stage.met()
    own = functions.messages.ExportChatInviteRequest(stage.peer(stage.ann))
    await stage.fails("PEER_ID_INVALID", own)


async def test_a_group_shows_its_link_to_who_made_it(stage: Stage) -> None:
    group = stage.world.add_group("G", stage.ann.account)
    stage.world.add_member(group, stage.bot, Role.ADMIN)
    request = functions.messages.GetFullChatRequest(group.peer.id)
    assert (await stage.call(request)).full_chat.exported_invite is None
    link = (await stage.call(functions.messages.ExportChatInviteRequest(stage.peer(group)))).link
    assert (await stage.call(request)).full_chat.exported_invite.link == link
    stage.world.set_rights(group, stage.bot)
    assert (await stage.call(request)).full_chat.exported_invite is None


async def test_leaving(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account, stage.bot, username="leave_me")
    request = functions.channels.LeaveChannelRequest(stage.channel(channel))
    await stage.call(request)
    assert not channel.has(stage.bot.user_id)
    await stage.fails("USER_NOT_PARTICIPANT", request)


async def test_reading_is_accepted(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account, stage.bot)
    request = functions.channels.ReadHistoryRequest(stage.channel(channel), 1)
    assert await stage.call(request) is True

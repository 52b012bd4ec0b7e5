"""Groups and channels: what they are, who is in them, invite links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telethon.tl import functions, types

from tgfake.dispatch import Call
from tgfake.errors import RpcError
from tgfake.services.peers import channel_named, group_named, peer_named, user_named
from tgfake.world import Account, Chat, Kind, Peer, Role
from tgfake.world.chats import ALL_RIGHTS, Member
from tgfake.world.view import moment, rights_tl


async def get_channels(call: Call) -> Any:
    """Channels that the account can look into; one it cannot fails the request."""
    found = [channel_named(call, named) for named in call.request.id]
    return types.messages.Chats([call.world.view.chat(chat, call.me) for chat in found])


async def get_chats(call: Call) -> Any:
    """Basic groups by id."""
    found = [group_named(call, number) for number in call.request.id]
    return types.messages.Chats([call.world.view.chat(chat, call.me) for chat in found])


async def get_full_channel(call: Call) -> Any:
    """A channel at length: counts of members, the own invite link of those who may invite."""
    chat = channel_named(call, call.request.channel)
    admins = sum(chat.is_admin(user_id) for user_id in chat.members)
    full = types.ChannelFull(
        chat.peer.id,
        about="",
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        chat_photo=types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=chat.channel_box.pts,
        participants_count=len(list(chat.present())),
        admins_count=admins,
        can_view_participants=_may_list(call, chat),
        exported_invite=_own_invite(call, chat),
    )
    return types.messages.ChatFull(full, [call.world.view.chat(chat, call.me)], [])


async def get_full_chat(call: Call) -> Any:
    """A basic group at length, with its members."""
    chat = group_named(call, call.request.chat_id)
    members = [_group_member(user_id, chat.members[user_id]) for user_id in chat.present()]
    full = types.ChatFull(
        chat.peer.id,
        about="",
        participants=types.ChatParticipants(chat.peer.id, members, version=1),
        notify_settings=types.PeerNotifySettings(),
        exported_invite=_own_invite(call, chat),
    )
    also = [Peer(Kind.USER, user_id) for user_id in chat.present()]
    users, chats = call.world.view.people([], call.me, [chat.peer, *also])
    return types.messages.ChatFull(full, chats, users)


def _group_member(user_id: int, member: Member) -> Any:
    if member.role is Role.CREATOR:
        return types.ChatParticipantCreator(user_id)
    admin = member.role is Role.ADMIN
    kind = types.ChatParticipantAdmin if admin else types.ChatParticipant
    return kind(user_id, member.invited_by, moment(member.date))


async def get_participant(call: Call) -> Any:
    """Somebody's place in a channel.

    Of broadcast channels, and of supergroups that hide their members, only admins may ask about
    others: CHAT_ADMIN_REQUIRED. Who is not there: USER_NOT_PARTICIPANT.
    """
    chat = channel_named(call, call.request.channel)
    account = user_named(call, call.request.participant, "PARTICIPANT_ID_INVALID")
    if account is not call.me and not _may_list(call, chat):
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    member = chat.members.get(account.user_id)
    if member is None:
        raise RpcError(400, "USER_NOT_PARTICIPANT")
    participant = _PARTICIPANT[member.role](call, account, member)
    users, chats = call.world.view.people([], call.me, [chat.peer, account.peer])
    return types.channels.ChannelParticipant(participant, chats, users)


def _may_list(call: Call, chat: Chat) -> bool:
    if chat.broadcast or chat.members_hidden:
        return chat.is_admin(call.me.user_id)
    return chat.has(call.me.user_id)


def _creator(call: Call, account: Account, member: Member) -> Any:
    return types.ChannelParticipantCreator(account.user_id, rights_tl(ALL_RIGHTS))


def _admin(call: Call, account: Account, member: Member) -> Any:
    return types.ChannelParticipantAdmin(
        account.user_id,
        member.invited_by,
        moment(member.date),
        rights_tl(member.rights),
        is_self=account is call.me,
        # Telegram's layer joins these two under one flag.
        inviter_id=member.invited_by if account is call.me else None,
    )


def _plain(call: Call, account: Account, member: Member) -> Any:
    if account is call.me:
        return types.ChannelParticipantSelf(account.user_id, member.invited_by, moment(member.date))
    return types.ChannelParticipant(account.user_id, moment(member.date))


def _banned(call: Call, account: Account, member: Member) -> Any:
    rights = types.ChatBannedRights(moment(0), view_messages=True, send_messages=True)
    peer = account.peer.tl()
    return types.ChannelParticipantBanned(peer, 0, moment(member.date), rights, left=True)


_PARTICIPANT: dict[Role, Callable[[Call, Account, Member], Any]] = {
    Role.CREATOR: _creator,
    Role.ADMIN: _admin,
    Role.MEMBER: _plain,
    Role.BANNED: _banned,
}


async def export_chat_invite(call: Call) -> Any:
    """The invite link of a group or channel; needs the right to invite."""
    chat = call.world.directory.chats.get(peer_named(call, call.request.peer))
    if chat is None:
        raise RpcError(400, "PEER_ID_INVALID")
    if not _may_invite(call, chat):
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    chat.inviters.add(call.me.user_id)
    return _invite(chat, call.me)


def _own_invite(call: Call, chat: Chat) -> Any:
    """The permanent link of whoever asks, once it was exported; each admin has one."""
    known = call.me.user_id in chat.inviters and _may_invite(call, chat)
    return _invite(chat, call.me) if known else None


def _may_invite(call: Call, chat: Chat) -> bool:
    return chat.may(call.me.user_id, "invite_users")


def _invite(chat: Chat, by: Account) -> Any:
    link = f"https://t.me/+{chat.invite}"
    return types.ChatInviteExported(link, by.user_id, moment(chat.date), permanent=True)


async def leave_channel(call: Call) -> Any:
    """Go out of a supergroup or channel."""
    chat = channel_named(call, call.request.channel)
    if not chat.has(call.me.user_id):
        raise RpcError(400, "USER_NOT_PARTICIPANT")
    call.world.remove_member(chat, call.me)
    return call.world.view.updates([types.UpdateChannel(chat.peer.id)], call.me, [], [chat.peer])


async def read_history(call: Call) -> bool:
    """Mark a channel as read."""
    channel_named(call, call.request.channel)
    return True


HANDLERS = {
    functions.channels.GetChannelsRequest: get_channels,
    functions.messages.GetChatsRequest: get_chats,
    functions.channels.GetFullChannelRequest: get_full_channel,
    functions.messages.GetFullChatRequest: get_full_chat,
    functions.channels.GetParticipantRequest: get_participant,
    functions.messages.ExportChatInviteRequest: export_chat_invite,
    functions.channels.LeaveChannelRequest: leave_channel,
    functions.channels.ReadHistoryRequest: read_history,
}

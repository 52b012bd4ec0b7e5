"""The state behind tgfake: who is there, what has been said, who may see it.

What is not imitated: people's own logins (they act through `Person`), secret chats, calls, stories,
polls, stickers, payments, business and guest bots, inline queries, scheduled and disappearing
messages, pins, reactions, photos of users and chats, web page previews, content delivery networks,
read marks, `qts` and the updates that carry it (a bot is not told who blocks it), and the limits on
logins, edits and deletions. Message ids of a basic group that becomes a supergroup do not move.
"""

from tgfake.world.accounts import Account
from tgfake.world.chats import Chat, ChatKind, Role
from tgfake.world.files import File, FileKind, FileSpec
from tgfake.world.messages import Body, Message, Origin
from tgfake.world.peers import Kind, Peer
from tgfake.world.world import World

__all__ = [
    "Account",
    "Body",
    "Chat",
    "ChatKind",
    "File",
    "FileKind",
    "FileSpec",
    "Kind",
    "Message",
    "Origin",
    "Peer",
    "Role",
    "World",
]

"""The state behind tgfake: who is there, what has been said, who may see it."""

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

"""Chats and posts without Telegram: a ChatGateway and a PostGateway for tests of what uses them.

They keep Telegram's rules: at most 100 messages in a call, one message for one random id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from telpher.core.model import FileInfo, MessageRef
from telpher.errors import NotFoundError
from telpher.telegram.chats import ChatInfo, ChatMessage, Membership, Post

MOST_READ = 100


@dataclass
class FakeChats:
    """Chats by chat id or lower-case name, their messages, and who is in them; `replies` are what
    commands answer, `hidden` messages cannot be read by id. `calls` counts."""

    chats: dict[int | str, ChatInfo] = field(default_factory=dict)
    messages: dict[MessageRef, ChatMessage] = field(default_factory=dict)
    members: dict[tuple[int, int], Membership] = field(default_factory=dict)
    replies: dict[MessageRef, ChatMessage] = field(default_factory=dict)
    hidden: set[MessageRef] = field(default_factory=set)
    calls: Counter = field(default_factory=Counter)

    def add(self, chat: ChatInfo) -> ChatInfo:
        self.chats[chat.chat_id] = chat
        if chat.username:
            self.chats[chat.username] = chat
        return chat

    def put(self, ref: MessageRef, file: FileInfo | None) -> None:
        self.messages[ref] = ChatMessage(ref, file)

    async def chat(self, named):
        self.calls["chat"] += 1
        if named not in self.chats:
            raise NotFoundError("no such chat")
        return self.chats[named]

    async def membership(self, chat_id, user_id):
        self.calls["membership"] += 1
        return self.members.get((chat_id, user_id), Membership.OUTSIDE)

    async def read_messages(self, chat_id, message_ids):
        self.calls["read"] += 1
        assert len(message_ids) <= MOST_READ
        return [self.messages.get(MessageRef(chat_id, each)) for each in message_ids]

    async def replied_to(self, command):
        return self.replies.get(command)

    async def find_file(self, ref):
        found = self.messages.get(ref)
        if found is None or found.file is None or ref in self.hidden:
            raise NotFoundError("no such message")
        return found.file


@dataclass
class FakePosts:
    """`before` and `after` have what befalls a recipient's next sends: before Telegram has the
    message, or when it has it already and the answer is lost."""

    there: set[MessageRef] = field(default_factory=set)
    before: dict[int, list[BaseException]] = field(default_factory=dict)
    after: dict[int, list[BaseException]] = field(default_factory=dict)
    received: dict[int, list[MessageRef]] = field(default_factory=dict)
    loads: int = 0
    _sent: dict[tuple[int, int], MessageRef] = field(default_factory=dict)

    async def album_of(self, ref: MessageRef) -> list[MessageRef]:
        if ref not in self.there:
            raise NotFoundError("gone")
        return [ref]

    async def load_post(self, source: Sequence[MessageRef]) -> Post:
        self.loads += 1
        left = [ref for ref in source if ref in self.there]
        if not left:
            raise NotFoundError("the message is gone")
        return Post(left, list(left))

    async def send_post(self, to: int, post: Post, random_ids: Sequence[int]) -> list[MessageRef]:
        self._strike(self.before, to)
        items = zip(post.source, random_ids, strict=True)
        places = [self._send(to, item, number) for item, number in items]
        self._strike(self.after, to)
        return places

    def _send(self, to: int, item: MessageRef, number: int) -> MessageRef:
        known = self._sent.get((to, number))
        if known is None:
            received = self.received.setdefault(to, [])
            received.append(item)
            known = self._sent[to, number] = MessageRef(to, 1000 + len(received))
        return known

    @staticmethod
    def _strike(fate: dict[int, list[BaseException]], to: int) -> None:
        if fate.get(to):
            raise fate[to].pop(0)

"""Chats and posts without Telegram: a ChatGateway and a PostGateway for tests of what uses them.

They keep Telegram's rules: at most 100 messages in a call, one message for one random id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from telpher.core.model import FileInfo, MessageRef
from telpher.errors import NotFoundError, TelegramError
from telpher.telegram.chats import ChatInfo, ChatMessage, Membership, Post

MOST_READ = 100


@dataclass
class FakeChats:
    """`failures` are raised one by one by the next calls; `reads` has the ids of each reading."""

    chats: dict[int, ChatInfo] = field(default_factory=dict)
    members: dict[tuple[int, int], Membership] = field(default_factory=dict)
    messages: dict[MessageRef, ChatMessage] = field(default_factory=dict)
    answered: dict[MessageRef, ChatMessage] = field(default_factory=dict)
    failures: list[TelegramError] = field(default_factory=list)
    reads: list[tuple[int, list[int]]] = field(default_factory=list)

    def add(self, info: ChatInfo, files: Sequence[FileInfo | None] = (), first: int = 1) -> None:
        """A chat with these messages, numbered from `first`; None is a text."""
        self.chats[info.chat_id] = info
        for number, file in enumerate(files, first):
            ref = MessageRef(info.chat_id, number)
            self.messages[ref] = ChatMessage(ref, file)

    async def chat(self, named: int | str) -> ChatInfo:
        self._fail()
        for info in self.chats.values():
            same_name = isinstance(named, str) and info.username.casefold() == named.casefold()
            if info.chat_id == named or same_name:
                return info
        raise NotFoundError("no such chat")

    async def membership(self, chat_id: int, user_id: int) -> Membership:
        self._fail()
        return self.members.get((chat_id, user_id), Membership.OUTSIDE)

    async def read_messages(
        self, chat_id: int, message_ids: Sequence[int]
    ) -> list[ChatMessage | None]:
        self._fail()
        assert len(message_ids) <= MOST_READ
        self.reads.append((chat_id, list(message_ids)))
        if chat_id not in self.chats:
            raise NotFoundError("no such chat")
        return [self.messages.get(MessageRef(chat_id, each)) for each in message_ids]

    async def replied_to(self, command: MessageRef) -> ChatMessage | None:
        self._fail()
        return self.answered.get(command)

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


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

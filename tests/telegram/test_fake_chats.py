"""The fakes keep the rules that tests with them rely on."""

import pytest

from telpher.core.model import MessageRef
from telpher.errors import ChunkTimeoutError, NotFoundError
from telpher.telegram.chats import ChatGateway, ChatInfo, Membership, PostGateway
from tests.telegram.fake_chats import FakeChats, FakePosts

NEWS = ChatInfo(-1000000000005, "News", "the_news")


async def test_chats_and_their_messages() -> None:
    fake = FakeChats()
    fake.add(NEWS)
    fake.put(there := MessageRef(NEWS.chat_id, 7), None)
    chats: ChatGateway = fake
    assert await chats.chat("the_news") == await chats.chat(NEWS.chat_id) == NEWS
    assert await chats.membership(NEWS.chat_id, 7) is Membership.OUTSIDE
    none, found = await chats.read_messages(NEWS.chat_id, [6, 7])
    assert none is None
    assert found is not None
    assert found.ref == there
    assert fake.calls == {"chat": 2, "membership": 1, "read": 1}
    assert await chats.replied_to(there) is None
    for asking in (chats.chat("other"), fake.find_file(there)):
        with pytest.raises(NotFoundError):
            await asking


async def test_a_post_is_received_once_whatever_happens_to_its_sender() -> None:
    refs = [MessageRef(7, 1), MessageRef(7, 2)]
    fake = FakePosts(there={refs[1]})
    fake.before[8] = [ChunkTimeoutError()]
    fake.after[8] = [KeyboardInterrupt()]
    posts: PostGateway = fake
    post = await posts.load_post(refs)
    assert post.source == [refs[1]]
    for trouble in (ChunkTimeoutError, KeyboardInterrupt):
        with pytest.raises(trouble):
            await posts.send_post(8, post, [11])
    assert await posts.send_post(8, post, [11]) == [MessageRef(8, 1001)]
    assert fake.received == {8: [refs[1]]}
    with pytest.raises(NotFoundError):
        await posts.load_post(refs[:1])

import asyncio

from structlog.testing import capture_logs

from telpher.core.model import MessageRef
from telpher.telegram.dispatcher import Dispatcher
from telpher.telegram.gateway import Incoming, IncomingMessage
from telpher.telegram.inbox import MOST_WAITING_PER_CHAT


def message(chat: int, text: str) -> IncomingMessage:
    return IncomingMessage(MessageRef(chat, 1), None, private=True, text=text)


async def test_a_listener_that_fails_ends_nothing() -> None:
    dispatcher = Dispatcher()
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def listener(incoming: Incoming) -> None:
        assert isinstance(incoming, IncomingMessage)
        if incoming.text == "bad":
            raise KeyError("a bug")
        await heard.put(incoming.text)

    with capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(dispatcher.run(listener))
            dispatcher.offer(message(1, "bad"))
            dispatcher.offer(message(1, "good"))
            assert await heard.get() == "good"
            task.cancel()
    (entry,) = logs
    assert entry["event"] == "an update could not be handled"
    assert isinstance(entry["exc_info"], KeyError)


async def test_all_come_through_however_many() -> None:
    dispatcher = Dispatcher()
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def listener(incoming: Incoming) -> None:
        await asyncio.sleep(0)
        assert isinstance(incoming, IncomingMessage)
        await heard.put(incoming.text)

    with capture_logs() as logs:
        for number in range(MOST_WAITING_PER_CHAT + 1):
            dispatcher.offer(message(1, str(number)))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(dispatcher.run(listener))
        texts = [await heard.get() for _ in range(MOST_WAITING_PER_CHAT)]
        task.cancel()

    assert texts == [str(number) for number in range(MOST_WAITING_PER_CHAT)]
    assert "dropped" in logs[0]["event"]


async def test_what_waits_and_what_was_dropped_is_counted() -> None:
    dispatcher = Dispatcher()
    for number in range(MOST_WAITING_PER_CHAT + 3):
        dispatcher.offer(message(1, str(number)))
    dispatcher.offer(message(2, "another chat"))
    assert (dispatcher.waiting, dispatcher.dropped) == (MOST_WAITING_PER_CHAT + 1, 3)

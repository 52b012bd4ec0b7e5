"""A cluster directed from another process: by benchmarks, and by tests of whole programs.

`python -m tgfake --control-port 0` prints where it listens. One JSON object a line in each
direction; the requests of a connection are answered one after the other, so whoever waits for
something opens a second connection for what has to happen meanwhile.

    {"op": "send", "person": "Ann", "to": "my_bot", "text": "/start"}
    {"result": {"id": 1, "text": "/start", ...}}
    {"op": "press", "person": "Ann", "chat": "my_bot", "message": 2, "button": "Help"}
    {"error": "LookupError: no button 'Help' below 'Hello'"}

    counters                                      what happened so far, as in tgfake.counters
    reset                                         counts from nothing; what is open now stays
    fault     kind, and the fields of a Fault     arms a fault; `account` may be a bot's name
    limit     the fields of a RateLimit           arms a token bucket
    faults                                        what is armed, with how often it struck
    calm                                          disarms all of it
    expire    [document]                          makes file references stale: of one file, of all
    move      document, dc                        moves a file to another data centre
    disconnect  [dc]                              cuts connections
    servers                                       addresses and keys, as in the servers file
    file      the fields of a FileSpec            makes a file that nobody has sent yet
    send      person, to, [text, file, reply_to]  `file`: a document's id, or the fields of one
    album     person, to, files, [text]           files as of `send`, shown as one
    wait      person, chat, [after, contains, seconds]  a message from somebody else
    press     person, chat, message, button       presses a button, gives the bot's answer
    history   person, chat                        what a person sees there, oldest first
    delete    person, chat, message               deletes it on every side
    join, leave, block, unblock   person, chat    membership, and whom a person will not hear
    vanish    person                              deletes the person's account

People are named by first name, and a name that nobody has makes a new person. Chats are named as
`tgfake.world.person` names them: by public name or marked id. Messages are named by the id that the
person sees. Loopback only, and without a password, like all of tgfake: a first line that is not
JSON ends the connection, so that no web page can speak to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import fields
from typing import Any

from tgfake.cluster import HOST, Cluster
from tgfake.errors import RpcError
from tgfake.faults import Fault, Kind, RateLimit
from tgfake.world.accounts import Account
from tgfake.world.files import File, FileSpec
from tgfake.world.person import Button, Person, Seen

_LONGEST_LINE = 1 << 20
"""Bytes; a history is the longest that is ever said."""
_PATIENCE = 30.0
"""Seconds that `wait` waits when it is not told otherwise."""
_REFUSALS = (RpcError, LookupError, ValueError, TypeError, OSError, TimeoutError)
"""What a request may be answered with instead of a result."""

Place = str | int
"""A chat, by public name or marked id."""


class ControlError(Exception):
    """The other side refused a request; the text says why."""


@contextlib.asynccontextmanager
async def controlled(cluster: Cluster, port: int = 0) -> AsyncIterator[int]:
    """Lets `cluster` be directed for the length of the block; gives the port."""
    direct = Director(cluster)
    talks: set[asyncio.Task[None]] = set()
    # Left by hand: the block's own exception goes on as it is, not inside the task group's.
    async with contextlib.AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())

        def opened(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talk = tasks.create_task(_talk(direct, reader, writer), name="control")
            talks.add(talk)
            talk.add_done_callback(talks.discard)

        server = await asyncio.start_server(opened, HOST, port, limit=_LONGEST_LINE)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for talk in talks:
                talk.cancel()
            await stack.aclose()


async def _talk(
    direct: Director, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answers the requests of one connection until it ends."""
    try:
        # A line that is too long is a ValueError, like one that is no JSON.
        with contextlib.suppress(ConnectionError, ValueError):
            while line := await reader.readline():
                answer = await direct.answer(json.loads(line))
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
    finally:
        writer.close()


class Director:
    """Does what requests ask for, each method one of them."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._world = cluster.world
        self._armed: list[Fault] = []
        plain: list[Callable[..., Any]] = [self.counters, self.reset, self.fault, self.limit]
        plain += [self.faults, self.calm, self.expire, self.move, self.disconnect, self.servers]
        plain += [self.file, self.send, self.wait, self.press, self.history, self.delete]
        plain += [self.join, self.leave, self.block, self.unblock]
        plain += [self.album, self.vanish]
        self._ops = {method.__name__: method for method in plain}

    async def answer(self, request: Any) -> dict[str, Any]:
        """The answer to one request: an object with `result`, or with `error`."""
        try:
            given = dict(request)
            result = self._ops[given.pop("op")](**given)
            return {"result": await result if inspect.isawaitable(result) else result}
        except _REFUSALS as error:
            return {"error": f"{type(error).__name__}: {error}"}

    # -- the cluster ----------------------------------------------------------------------------

    def counters(self) -> dict[str, Any]:
        return self._cluster.counters.snapshot()

    def reset(self) -> None:
        self._cluster.counters.reset()

    def fault(self, kind: str, account: Place | None = None, **conditions: Any) -> None:
        who = self._account(account).user_id if isinstance(account, str) else account
        fault = Fault(Kind(kind), account=who, **conditions)
        self._armed.append(self._cluster.faults.add(fault))

    def limit(self, **bucket: Any) -> None:
        self._cluster.faults.limit(RateLimit(**bucket))

    def faults(self) -> list[dict[str, Any]]:
        return [{"kind": f.kind, "seen": f.seen, "struck": f.struck} for f in self._armed]

    def calm(self) -> None:
        self._cluster.faults.clear()
        self._armed.clear()

    def expire(self, document: int | None = None) -> None:
        self._world.expire_references(None if document is None else self._document(document))

    def move(self, document: int, dc: int) -> None:
        self._world.move_file(self._document(document), dc)

    def disconnect(self, dc: int | None = None) -> None:
        self._cluster.disconnect(dc)

    def servers(self) -> dict[str, Any]:
        return self._cluster.server_list()

    # -- people ---------------------------------------------------------------------------------

    def file(self, **spec: Any) -> dict[str, Any]:
        return _file_facts(self._world.add_file(FileSpec(**spec)))

    async def send(
        self,
        person: str,
        to: Place,
        text: str = "",
        file: int | dict[str, Any] | None = None,
        reply_to: int | None = None,
    ) -> dict[str, Any]:
        who = self._world.person(person)
        held = None if file is None else self._file(file)
        if reply_to is not None:
            return facts(await who.reply(self._seen(who, to, reply_to), text, held))
        if held is not None:
            return facts(await who.send_file(to, held, text))
        return facts(await who.send(to, text))

    async def album(
        self, person: str, to: Place, files: list[int | dict[str, Any]], text: str = ""
    ) -> list[dict[str, Any]]:
        held = [self._file(each) for each in files]
        return [facts(seen) for seen in await self._world.person(person).send_album(to, held, text)]

    async def wait(
        self,
        person: str,
        chat: Place,
        after: int = 0,
        contains: str = "",
        seconds: float = _PATIENCE,
    ) -> dict[str, Any]:
        def wanted(seen: Seen) -> bool:
            return not seen.out and seen.id > after and contains in seen.text

        async with asyncio.timeout(seconds):
            return facts(await self._world.person(person).wait_for(wanted, chat))

    async def press(self, person: str, chat: Place, message: int, button: str) -> dict[str, Any]:
        who = self._world.person(person)
        answer = await who.press(self._seen(who, chat, message), button)
        return {"text": answer.text, "alert": answer.alert, "url": answer.url}

    def history(self, person: str, chat: Place) -> list[dict[str, Any]]:
        return [facts(seen) for seen in self._world.person(person).history(chat)]

    async def delete(self, person: str, chat: Place, message: int) -> None:
        who = self._world.person(person)
        await who.delete(self._seen(who, chat, message))

    async def join(self, person: str, chat: Place) -> None:
        await self._world.person(person).join(chat)

    async def leave(self, person: str, chat: Place) -> None:
        await self._world.person(person).leave(chat)

    async def block(self, person: str, chat: Place) -> None:
        await self._world.person(person).block(self._account(chat))

    async def unblock(self, person: str, chat: Place) -> None:
        await self._world.person(person).unblock(self._account(chat))

    async def vanish(self, person: str) -> None:
        await self._world.person(person).delete_account()

    # -- what names mean ------------------------------------------------------------------------

    def _account(self, name: Place) -> Account:
        directory = self._world.directory
        found = directory.by_name(name) if isinstance(name, str) else directory.account(name)
        if not isinstance(found, Account):
            raise LookupError(f"{name!r} is no user or bot")
        return found

    def _file(self, named: int | dict[str, Any]) -> File | FileSpec:
        """A document by its id, or what a new one shall be."""
        if isinstance(named, dict):
            return FileSpec(**named)
        return self._document(named)

    def _document(self, number: int) -> File:
        return self._world.directory.files["document", number]

    def _seen(self, who: Person, chat: Place, message: int) -> Seen:
        for seen in who.history(chat):
            if seen.id == message:
                return seen
        raise LookupError(f"no message {message} in {chat!r}")


def facts(seen: Seen) -> dict[str, Any]:
    """A message as JSON can say it."""
    plain = ("id", "chat_id", "sender_id", "text", "date", "edited", "reply_to", "topic", "out")
    return {
        **{name: getattr(seen, name) for name in plain},
        "file": None if seen.file is None else _file_facts(seen.file),
        "buttons": [[_button_facts(button) for button in row] for row in seen.buttons],
    }


def _file_facts(file: File) -> dict[str, Any]:
    return {"id": file.id, "size": file.size, "name": file.spec.name, "dc": file.dc}


def _button_facts(button: Button) -> dict[str, Any]:
    told = {field.name: getattr(button, field.name) for field in fields(button)}
    data = told["data"]
    # Any bytes may be in there; this spelling loses none.
    return told | {"data": None if data is None else data.decode("latin-1")}


class RemoteControl:
    """The other end: one connection to a `controlled` cluster.

    async with RemoteControl.connected(port) as control:
        sent = await control("send", person="Ann", to="my_bot", text="/start")
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(cls, port: int) -> AsyncIterator[RemoteControl]:
        """A connection for the length of the block; raises OSError."""
        reader, writer = await asyncio.open_connection(HOST, port, limit=_LONGEST_LINE)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def __call__(self, op: str, **given: Any) -> Any:
        """The result of one request; raises ControlError, ConnectionError when it is gone."""
        async with self._turn:
            self._writer.write(json.dumps({"op": op, **given}).encode() + b"\n")
            await self._writer.drain()
            line = await self._reader.readline()
        if not line:
            raise ConnectionError("the cluster is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise ControlError(answer["error"])
        return answer["result"]

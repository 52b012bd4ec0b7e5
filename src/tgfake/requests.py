"""The life of one request: taken out of its wrappers, worked on, answered, perhaps dropped.

All requests of a connection run at the same time. A request that is on its way is a *flight*: first
it has a task, then, when the result is known, a message in the outbox; it lands when that message
has left. rpc_drop_answer ends a flight early: it cancels the task, or takes the message back.
Scripted faults strike here, between the request and its answer.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from telethon.tl import types

from tgfake.authkeys import AuthKey
from tgfake.counters import Served
from tgfake.dispatch import Call, Dispatcher
from tgfake.errors import RpcError
from tgfake.faults import Fault, Kind, Subject
from tgfake.outbox import Outgoing
from tgfake.session import BAD_SALT, Message, Session
from tgfake.site import Site
from tgfake.tl import RPC_RESULT, method_name, pack, write
from tgfake.wrappers import Asked, unwrap

_log = logging.getLogger(__name__)

_PACK_ABOVE = 512
"""Answers longer than this are sent as gzip_packed where that is shorter, as Telegram does."""
_FAILED_KEPT = 64
"""Failed requests remembered for invokeAfterMsg."""
_FILE_ANSWERS = (types.upload.File, types.upload.CdnFile)


class Wire(Protocol):
    """What requests need of the connection they came in on."""

    id: int
    dc: int
    media: bool

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]: ...

    def send(self, session: Session, body: bytes, *, flight: Flight | None = None) -> Outgoing: ...

    def send_service(self, session: Session, service: Any, *, content: bool = False) -> None: ...

    def withdraw(self, outgoing: Outgoing) -> bool: ...

    def send_torn(self, session: Session, body: bytes) -> None: ...

    def fail(self, code: int) -> None: ...

    def freeze(self) -> None: ...

    def shares_key(self, key: AuthKey) -> bool: ...


@dataclass(eq=False, slots=True)
class Flight:
    """One request between its arrival and the moment its answer has left."""

    requests: Requests
    """Those of the connection it came in on."""
    msg_id: int
    subject: Subject
    session: Session
    task: asyncio.Task[None] | None = None
    outgoing: Outgoing | None = None
    size: int = 0
    """Bytes of the answer, once there is one."""
    failed: bool = False
    landed: asyncio.Event = field(default_factory=asyncio.Event)

    def drop(self) -> Any:
        """Give up the answer, where it is; what rpc_drop_answer is answered with."""
        return self.requests.give_up(self)


class _NoAnswer(Exception):
    """A fault has taken care of the request; nothing else is sent."""


class Requests:
    """The requests of one connection."""

    def __init__(self, wire: Wire, site: Site, dispatcher: Dispatcher) -> None:
        self._wire = wire
        self._site = site
        self._dispatch = dispatcher
        self._files_in_flight = 0
        self._failed: deque[int] = deque(maxlen=_FAILED_KEPT)
        self._held: list[asyncio.Event] = []

    def begin(self, session: Session, message: Message, request: Any) -> None:
        """Start to work on a request; raises TlError if there is none inside its wrappers."""
        asked = unwrap(request)
        if asked.layer is not None:
            session.key.layer = asked.layer
        subject = self._subject(session, asked.query)
        if asked.updates and not self._wire.media and not subject.method.startswith("upload."):
            session.subscribed = True
        flight = Flight(self, message.msg_id, subject, session)
        session.flights[message.msg_id] = flight
        self._take_off(flight)
        flight.task = self._wire.spawn(self._serve(flight, asked))

    def _subject(self, session: Session, query: Any) -> Subject:
        account = session.key.account
        location = getattr(query, "location", None)
        return Subject(
            method=method_name(query),
            dc=self._wire.dc,
            connection=self._wire.id,
            account=account.user_id if account is not None else None,
            document=getattr(location, "id", None),
            media=self._wire.media,
        )

    def _take_off(self, flight: Flight) -> None:
        counters = self._site.counters
        counters.calls[flight.subject.method] += 1
        counters.changed()
        if flight.subject.method == "upload.getFile":
            self._files_in_flight += 1
            counters.took_off(self._files_in_flight, self._wire.id)
        else:
            counters.changed()

    def land(self, flight: Flight) -> None:
        """The answer has left, or never will."""
        if flight.landed.is_set():
            return
        flight.landed.set()
        flight.session.flights.pop(flight.msg_id, None)
        if flight.subject.method == "upload.getFile":
            self._files_in_flight -= 1
            self._site.counters.landed()

    def drop(self, session: Session, msg_id: int) -> Any:
        """Drop a request of the session, over whichever connection it came in."""
        counters = self._site.counters
        counters.drops += 1
        flight = session.flights.get(msg_id)
        answer = types.RpcAnswerUnknown() if flight is None else flight.drop()
        counters.changed()
        return answer

    def give_up(self, flight: Flight) -> Any:
        """End a flight of this connection early."""
        session, counters = flight.session, self._site.counters
        if flight.outgoing is None:
            if flight.task is not None:
                flight.task.cancel()
            self.land(flight)
            counters.dropped_running += 1
            running = types.RpcAnswerDroppedRunning()
            # The specification has it sent for the dropped request as well.
            self._wire.send(session, rpc_result(flight.msg_id, bytes(running)))
            return running
        if self._wire.withdraw(flight.outgoing):
            counters.dropped_queued += 1
            now = self._site.clock.now()
            return types.RpcAnswerDropped(
                msg_id=session.next_id(now, response=True),
                seq_no=session.next_seqno(content=True),
                bytes=flight.size,
            )
        flight.outgoing.unwanted = True
        return types.RpcAnswerUnknown()

    async def _serve(self, flight: Flight, asked: Asked) -> None:
        try:
            await self._wait_for(flight.session, asked.after)
            # Whose request it is may be known only now: after the login it waited for.
            flight.subject = self._subject(flight.session, asked.query)
            fault = self._site.faults.choose(flight.subject)
            body = await self._answer(flight, asked, fault)
            await self._hold_back(fault)
            self._send(flight, body, fault)
        except _NoAnswer:
            pass
        finally:
            if flight.outgoing is None:
                self.land(flight)

    async def _answer(self, flight: Flight, asked: Asked, fault: Fault | None) -> bytes:
        try:
            self._check_waited(asked.after)
            if fault is not None:
                await self._strike(flight, fault)
            self._check(flight)
            return await self._run(flight, asked, fault)
        except RpcError as e:
            return self._refuse(flight, e)

    async def _wait_for(self, session: Session, msg_ids: list[int]) -> None:
        for msg_id in msg_ids:
            other = session.flights.get(msg_id)
            if other is not None:
                await other.landed.wait()

    def _check_waited(self, msg_ids: list[int]) -> None:
        if any(msg_id in self._failed for msg_id in msg_ids):
            raise RpcError(400, "MSG_WAIT_FAILED")

    def _check(self, flight: Flight) -> None:
        key, site = flight.session.key, self._site
        if key.login is not None and self._wire.shares_key(key):
            site.keys.end(key.login)
            raise RpcError(406, "AUTH_KEY_DUPLICATED")
        if not key.layer:
            raise RpcError(400, "CONNECTION_NOT_INITED")
        site.faults.throttle(flight.subject)

    async def _run(self, flight: Flight, asked: Asked, fault: Fault | None) -> bytes:
        """The serialised result of a request that nothing speaks against."""
        session, wire, site = flight.session, self._wire, self._site
        key = session.key
        call = Call(
            request=asked.query,
            account=key.account,
            dc=wire.dc,
            media=wire.media,
            layer=key.layer,
            session=session,
            world=site.world,
            cluster=site,
        )
        try:
            result = await self._dispatch(call)
            if flight.subject.document is not None:
                result = self._spoil(result, fault)
                self._count_file(flight, asked.query, result)
            body = write(result, key.layer)
        except RpcError:
            raise
        except Exception as e:  # a service's mistake must not end the server
            _log.exception("%s failed", flight.subject.method)
            site.counters.crashes += 1
            raise RpcError(500, "INTERNAL_SERVER_ERROR") from e
        if len(body) > _PACK_ABOVE and not isinstance(result, _FILE_ANSWERS):
            body = min(body, pack(body), key=len)
        return body

    def _refuse(self, flight: Flight, error: RpcError) -> bytes:
        counters = self._site.counters
        counters.errors[error.message] += 1
        if error.message.startswith("FLOOD_"):
            counters.floods += 1
        counters.changed()
        flight.failed = True
        self._failed.append(flight.msg_id)
        return bytes(types.RpcError(error_code=error.code, error_message=error.message))

    def _count_file(self, flight: Flight, query: Any, result: Any) -> None:
        subject = flight.subject
        if subject.document is None or not isinstance(result, types.upload.File):
            return
        size = len(result.bytes)
        self._site.counters.file_served(
            Served(subject.document, query.offset, size, subject.dc, subject.connection)
        )

    # ---- faults

    async def _strike(self, flight: Flight, fault: Fault) -> None:
        """What a fault does before the request is looked at; raises where it ends there."""
        self._site.counters.faults[fault.kind] += 1
        self._site.counters.changed()
        keys, key = self._site.keys, flight.session.key
        if fault.kind is Kind.UNREGISTERED:
            keys.unbind(key)
        if fault.kind is Kind.DUPLICATED and key.login is not None:
            keys.end(key.login)
        error = fault.error()
        if error is not None:
            raise error
        if fault.kind is Kind.SILENT:
            acknowledgement = types.MsgsAck([flight.msg_id])
            self._wire.send_service(flight.session, acknowledgement)
            await asyncio.Event().wait()
        self._break(flight, fault)

    def _break(self, flight: Flight, fault: Fault) -> None:
        wire = self._wire
        match fault.kind:
            case Kind.HALF_OPEN:
                wire.freeze()
            case Kind.NO_KEY:
                wire.fail(-404)
            case Kind.TOO_MANY:
                wire.fail(-429)
            case Kind.BAD_SALT | Kind.BAD_MESSAGE:
                self._notify(flight, fault)
            case _:
                return
        raise _NoAnswer

    def _notify(self, flight: Flight, fault: Fault) -> None:
        session = flight.session
        now = self._site.clock.now()
        seqno = 1
        if fault.kind is Kind.BAD_SALT:
            notice = types.BadServerSalt(flight.msg_id, seqno, BAD_SALT, session.key.salt(now))
        else:
            notice = types.BadMsgNotification(flight.msg_id, seqno, fault.code or 16)
        self._wire.send_service(session, notice)

    def _spoil(self, result: Any, fault: Fault | None) -> Any:
        if fault is None or not isinstance(result, types.upload.File):
            return result
        if fault.kind is Kind.SHORT:
            short = result.bytes[: len(result.bytes) // 2]
            return types.upload.File(type=result.type, mtime=result.mtime, bytes=short)
        if fault.kind is Kind.CDN_REDIRECT:
            return types.upload.FileCdnRedirect(
                dc_id=203,
                file_token=b"token",
                encryption_key=bytes(32),
                encryption_iv=bytes(16),
                file_hashes=[],
            )
        return result

    async def _hold_back(self, fault: Fault | None) -> None:
        if fault is None:
            return
        if fault.kind is Kind.LATE:
            await asyncio.sleep(fault.seconds)
        if fault.kind is Kind.REORDER:
            overtaken = asyncio.Event()
            self._held.append(overtaken)
            try:
                async with asyncio.timeout(fault.seconds):
                    await overtaken.wait()
            except TimeoutError:
                # Another answer may have taken it out in the very moment its time was up.
                if overtaken in self._held:
                    self._held.remove(overtaken)

    def _send(self, flight: Flight, body: bytes, fault: Fault | None) -> None:
        session = flight.session
        answer = rpc_result(flight.msg_id, body)
        if fault is not None and fault.kind is Kind.RESET:
            self._wire.send_torn(session, answer)
            raise _NoAnswer
        flight.size = len(answer)
        # post() may finish the message at once, so the flight must know it first.
        self._wire.send(session, answer, flight=flight)
        if fault is not None and fault.kind is Kind.TWICE:
            self._wire.send(session, answer)
        held, self._held = self._held, []
        for overtaken in held:
            overtaken.set()


def rpc_result(msg_id: int, body: bytes) -> bytes:
    """An answer to the request with this message id."""
    return struct.pack("<Iq", RPC_RESULT, msg_id) + body

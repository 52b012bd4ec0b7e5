"""What is said inside encrypted packets, other than requests to the API.

A packet holds one message or a container of them. Messages about messages (acknowledgements,
pings, salts, states) are answered here; what remains is a request and goes to `Requests`. See
https://core.telegram.org/mtproto/service_messages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from telethon.tl import functions, types

from tgfake.authkeys import AuthKey
from tgfake.dispatch import Dispatcher
from tgfake.requests import Requests, Wire, rpc_result
from tgfake.session import (
    BAD_SALT,
    CONTAINER_ID_REPEATED,
    SEQNO_NOT_EVEN,
    SEQNO_NOT_ODD,
    BadMessage,
    Message,
    Session,
    check_time,
    flatten,
    unseal,
)
from tgfake.site import Site
from tgfake.tl import GZIP_PACKED, TlError, constructor_id, read, unpack

_log = logging.getLogger(__name__)

_MAX_SALTS = 64
"""get_future_salts gives at most so many."""


class Line(Wire, Protocol):
    """What a conversation needs of its connection beyond what requests need."""

    def attach(self, session: Session) -> None: ...

    def close_after(self, seconds: float) -> None: ...

    def resend(self, session: Session, message: Message) -> None: ...


class Conversation:
    """The encrypted talk on one connection."""

    def __init__(self, line: Line, site: Site, requests: Requests) -> None:
        self._line = line
        self._site = site
        self.requests = requests
        self._services: dict[type, Callable[[Session, Message, Any], None]] = {
            types.MsgsAck: self._acknowledged,
            types.MsgsStateReq: self._states,
            types.MsgResendReq: self._resend,
            types.MsgsStateInfo: self._ignore,
            types.MsgsAllInfo: self._ignore,
            types.HttpWait: self._ignore,
            functions.PingRequest: self._ping,
            functions.PingDelayDisconnectRequest: self._ping_delay,
            functions.GetFutureSaltsRequest: self._future_salts,
            functions.DestroySessionRequest: self._destroy_session,
            functions.DestroyAuthKeyRequest: self._destroy_key,
            functions.RpcDropAnswerRequest: self._drop,
        }

    def receive(self, key: AuthKey, plain: bytes) -> None:
        """Act on a decrypted packet; raises ProtocolError."""
        salt, session_id, outer = unseal(plain)
        session = self._site.keys.session(key, session_id)
        self._line.attach(session)
        now = self._site.clock.now()
        if not key.accepts(salt, now):
            notice = types.BadServerSalt(outer.msg_id, outer.seqno, BAD_SALT, key.salt(now))
            self._line.send_service(session, notice)
            return
        try:
            check_time(outer.msg_id, now)
            messages = self._open(session, outer)
        except BadMessage as e:
            self._complain(session, outer, e.code)
            return
        if messages and not session.greeted:
            self._greet(session, min(m.msg_id for m in messages), now)
        for message in messages:
            self._one(session, message)

    def _open(self, session: Session, outer: Message) -> list[Message]:
        messages = flatten(outer)
        if messages == [outer]:
            return messages
        if outer.seqno % 2:
            raise BadMessage(SEQNO_NOT_EVEN)
        if session.state_of(outer.msg_id, self._site.clock.now()) & 4:
            raise BadMessage(CONTAINER_ID_REPEATED)
        return messages

    def _greet(self, session: Session, first: int, now: float) -> None:
        session.greeted = True
        greeting = types.NewSessionCreated(first, session.unique_id, session.key.salt(now))
        self._line.send_service(session, greeting, content=True)

    def _complain(self, session: Session, message: Message, code: int) -> None:
        notice = types.BadMsgNotification(message.msg_id, message.seqno, code)
        self._line.send_service(session, notice)

    def _one(self, session: Session, message: Message) -> None:
        try:
            if not session.admit(message):
                self._line.send_service(session, types.MsgsAck([message.msg_id]))
                return
            self._understand(session, message)
        except BadMessage as e:
            self._complain(session, message, e.code)
        except TlError as e:
            _log.warning("a message that cannot be read: %s", e)
            name = f"INPUT_METHOD_INVALID_{constructor_id(message.body)}"
            error = types.RpcError(error_code=400, error_message=name)
            self._line.send(session, rpc_result(message.msg_id, bytes(error)))

    def _understand(self, session: Session, message: Message) -> None:
        body = message.body
        if constructor_id(body) == GZIP_PACKED:
            body = unpack(body)
        found = read(body)
        service = self._services.get(type(found))
        if service is not None:
            service(session, message, found)
            return
        if not message.seqno % 2:
            raise BadMessage(SEQNO_NOT_ODD)
        self.requests.begin(session, message, found)

    # ---- messages about messages

    def _ignore(self, session: Session, message: Message, found: Any) -> None:
        pass

    def _acknowledged(self, session: Session, message: Message, found: Any) -> None:
        if message.seqno % 2:
            raise BadMessage(SEQNO_NOT_EVEN)
        session.forget(found.msg_ids)

    def _states(self, session: Session, message: Message, found: Any) -> None:
        now = self._site.clock.now()
        info = bytes(session.state_of(msg_id, now) for msg_id in found.msg_ids)
        self._line.send_service(session, types.MsgsStateInfo(message.msg_id, info))

    def _resend(self, session: Session, message: Message, found: Any) -> None:
        kept = [session.sent(msg_id) for msg_id in found.msg_ids]
        for again in kept:
            if again is not None:
                self._line.resend(session, again)
        if None in kept:
            info = bytes(1 if again is None else 4 for again in kept)
            self._line.send_service(session, types.MsgsStateInfo(message.msg_id, info))

    def _ping(self, session: Session, message: Message, found: Any) -> None:
        self._line.send_service(session, types.Pong(message.msg_id, found.ping_id))

    def _ping_delay(self, session: Session, message: Message, found: Any) -> None:
        self._line.close_after(found.disconnect_delay)
        self._ping(session, message, found)

    def _future_salts(self, session: Session, message: Message, found: Any) -> None:
        now = self._site.clock.now()
        salts = session.key.future_salts(now, max(1, min(found.num, _MAX_SALTS)))
        answer = types.FutureSalts(message.msg_id, int(now), salts)
        self._line.send_service(session, answer)

    def _destroy_session(self, session: Session, message: Message, found: Any) -> None:
        known = found.session_id != session.session_id and self._site.keys.forget_session(
            session.key, found.session_id
        )
        kind = types.DestroySessionOk if known else types.DestroySessionNone
        self._line.send_service(session, kind(found.session_id))

    def _destroy_key(self, session: Session, message: Message, found: Any) -> None:
        self._line.send_service(session, types.DestroyAuthKeyOk())
        self._site.keys.destroy(session.key)

    def _drop(self, session: Session, message: Message, found: Any) -> None:
        outcome = self.requests.drop(session, found.req_msg_id)
        self._line.send(session, rpc_result(message.msg_id, bytes(outcome)))


def converse(line: Line, site: Site, dispatcher: Dispatcher) -> Conversation:
    """The conversation on a new connection."""
    return Conversation(line, site, Requests(line, site, dispatcher))

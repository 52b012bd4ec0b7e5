"""One account's session: what lets a second start log in nowhere and miss nothing.

    key           authorisation key of the home data centre
    media keys    one per data centre that has its own login (telegram.md, "Connections")
    state         how far updates were handled (pts, qts, date, seq; pts per channel): from there
                  Telegram is asked for what came while telpher was down
    peers         access hashes of users and channels, the most recently seen

The library asks a Session for the first and the last; update states are kept away from it,
because it would both load them before the login is certain and overwrite them with newer ones.
"""

from __future__ import annotations

import base64
import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from telethon.crypto import AuthKey
from telethon.sessions import MemorySession

from telpher.telegram.servers import DcAddress

_VERSION = 1

# Access hashes kept, those of channels longer than those of users. 5,000 of them make 150 KB of
# JSON.
MOST_PEERS = 5000


@dataclass(frozen=True, slots=True)
class UpdateState:
    """How far updates were handled [/api/updates]; `date` in Unix seconds, `channels` id to pts."""

    pts: int
    qts: int
    date: int
    seq: int
    channels: dict[int, int] = field(default_factory=dict)


class AccountSession(MemorySession):  # type: ignore[misc] # the library has no types
    """The library's session plus what telpher keeps beside it; see the module."""

    def __init__(self) -> None:
        super().__init__()
        self._auth_key: AuthKey | None = None
        self.revision = 0
        self.user_id = 0
        self.username = ""
        self._update_state: UpdateState | None = None
        self._media_keys: dict[tuple[int, int], bytes] = {}
        self._peers: OrderedDict[int, int] = OrderedDict()

    # What telpher keeps.

    @property
    def update_state(self) -> UpdateState | None:
        """None until a login has begun to receive updates."""
        return self._update_state

    def keep_update_state(self, state: UpdateState) -> None:
        """Notes how far updates were handled."""
        if state != self._update_state:
            self._update_state = state
            self.revision += 1

    @property
    def key(self) -> bytes | None:
        """The home key; None before the first login."""
        return self._auth_key.key if self._auth_key else None

    def keep_login(self, key: AuthKey, user_id: int, username: str) -> None:
        """Notes the home key and who is logged in with it.

        Another bot than before starts without the old one's state.
        """
        if self.user_id not in (0, user_id):
            self._update_state = None
            self._peers.clear()
        self._auth_key = AuthKey(key.key)
        self.user_id, self.username = user_id, username
        self.revision += 1

    def move_home(self, dc: int) -> None:
        """The account lives in `dc`: its key is made there."""
        self.set_dc(dc, None, None)
        self.drop_login()

    def drop_login(self) -> None:
        """Forgets the home key: the next connection makes a new one and logs in."""
        self._auth_key = None
        self.revision += 1

    def media_key(self, dc: int, slot: int = 0) -> bytes | None:
        """The key of login number `slot` that files from `dc` are fetched with."""
        return self._media_keys.get((dc, slot))

    def keep_media_key(self, dc: int, key: bytes | None, slot: int = 0) -> None:
        """Keeps that key, or forgets it."""
        if key is None:
            self._media_keys.pop((dc, slot), None)
        else:
            self._media_keys[dc, slot] = key
        self.revision += 1

    @property
    def home(self) -> DcAddress:
        """The home data centre and where it was last reached; the host is empty if never."""
        return DcAddress(self.dc_id, self.server_address or "", self.port or 0)

    def access_hash(self, chat_id: int) -> int:
        """The access hash of a user or channel by chat id; 0 when it is not known."""
        return self._peers.get(chat_id, 0)

    # What the library asks for.

    def process_entities(self, tlo: Any) -> None:
        for chat_id, access_hash, *_ in self._entities_to_rows(tlo):
            if chat_id == 0 or access_hash == 0:
                continue
            if self._peers.get(chat_id) != access_hash:
                self.revision += 1
            self._peers[chat_id] = access_hash
            self._peers.move_to_end(chat_id)
        while len(self._peers) > MOST_PEERS:
            del self._peers[self._least_needed()]

    def _least_needed(self) -> int:
        """The oldest user: bots may address whom they have met without a hash. Public channels that
        the bot is not in can be read by their hash alone, years after a link was made of them."""
        return next((each for each in self._peers if each > 0), next(iter(self._peers)))

    def get_entity_rows_by_id(self, id: int, exact: bool = True) -> tuple[int, int] | None:
        found = self._peers.get(id)
        return None if found is None else (id, found)

    def set_update_state(self, entity_id: int, state: Any) -> None:
        """Ignored: `keep_update_state` is called when the state may be trusted."""

    def get_update_states(self) -> tuple[()]:
        """None: the state is loaded after the login is certain."""
        return ()

    # To and from text.

    def dump(self) -> str:
        """Everything as JSON."""
        state = self._update_state
        return json.dumps(
            {
                "version": _VERSION,
                "home": [self.dc_id, self.server_address, self.port],
                "key": _to_text(self.key),
                "user": [self.user_id, self.username],
                "state": [state.pts, state.qts, state.date, state.seq] if state else None,
                "channels": sorted(state.channels.items()) if state else [],
                "media_keys": [[*place, _to_text(key)] for place, key in self._media_keys.items()],
                "peers": list(self._peers.items()),
            },
            separators=(",", ":"),
        )

    def restore(self, text: str) -> None:
        """Takes over what `dump` wrote. Raises ValueError, changing nothing, for anything else."""
        with _broken_as_value_error():
            saved = json.loads(text)
            if saved["version"] != _VERSION:
                msg = f"version {saved['version']} of a session is unknown"
                raise ValueError(msg)
            key = _to_key(saved["key"])
            user_id, username = int(saved["user"][0]), str(saved["user"][1])
            media_keys = {
                (int(dc), int(slot)): _to_key(key) for dc, slot, key in saved["media_keys"]
            }
            peers = OrderedDict((int(chat), int(value)) for chat, value in saved["peers"])
            channels = {int(channel): int(pts) for channel, pts in saved["channels"]}
            state = None
            if saved["state"] is not None:
                pts, qts, date, seq = map(int, saved["state"])
                state = UpdateState(pts, qts, date, seq, channels)
            home_dc, host, port = saved["home"]
            home = DcAddress(int(home_dc), str(host or ""), int(port or 0))
        self.set_dc(home.id, home.host, home.port)
        self._auth_key = AuthKey(key) if key else None
        self.user_id, self.username = user_id, username
        self._media_keys = {place: each for place, each in media_keys.items() if each}
        self._update_state = state
        self._peers = peers


@contextmanager
def _broken_as_value_error() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        msg = "not a session"
        raise ValueError(msg) from error


_KEY_BYTES = 256  # [/mtproto/auth_key]


def _to_text(key: bytes | None) -> str:
    return base64.b64encode(key).decode() if key else ""


def _to_key(text: str) -> bytes | None:
    if not text:
        return None
    key = base64.b64decode(text, validate=True)
    if len(key) != _KEY_BYTES:
        msg = "not an authorisation key"
        raise ValueError(msg)
    return key

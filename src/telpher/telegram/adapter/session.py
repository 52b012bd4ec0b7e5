"""One account's session: what lets a second start log in nowhere.

    key           authorisation key of the home data centre
    media keys    one per data centre that has its own login (telegram.md, "Connections")
    peers         access hashes of users and channels, the most recently seen

The library asks a Session for the first and the last. How far updates were handled is not the
session's: it belongs to the account, and to whoever handles its updates (`telegram/custody`).
"""

from __future__ import annotations

import base64
import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from telethon.crypto import AuthKey
from telethon.sessions import MemorySession

from telpher.telegram.custody.state import UpdateState, restored
from telpher.telegram.servers import DcAddress

_VERSION = 2

# Whose sessions held how far updates were handled as well.
_OLD_VERSION = 1

# Access hashes kept, those of channels longer than those of users. 5,000 of them make 150 KB of
# JSON.
MOST_PEERS = 5000


class AccountSession(MemorySession):  # type: ignore[misc] # the library has no types
    """The library's session plus what telpher keeps beside it; see the module."""

    def __init__(self) -> None:
        super().__init__()
        self._auth_key: AuthKey | None = None
        self.revision = 0
        self.user_id = 0
        self.username = ""
        self.name = ""  # what it is called; told at each connect, so it is not kept
        self.tmp_sessions = 1
        self.peers_revision = 0
        self._media_keys: dict[tuple[int, int], bytes] = {}
        self._peers: OrderedDict[int, int] = OrderedDict()

    # What telpher keeps.

    @property
    def key(self) -> bytes | None:
        """The home key; None before the first login."""
        return self._auth_key.key if self._auth_key else None

    def keep_login(self, key: AuthKey, user_id: int, username: str) -> None:
        """Notes the home key and who is logged in with it."""
        if self.user_id not in (0, user_id):
            self._peers.clear()  # another bot's
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

    def drop_keys(self) -> None:
        """Forgets every key: somebody else may use them from now on."""
        self._media_keys.clear()
        self.drop_login()

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

    def forget_media_key(self, key: bytes) -> bool:
        """Forgets the login with that key; False when none has it."""
        places = [place for place, each in self._media_keys.items() if each == key]
        for dc, slot in places:
            self.keep_media_key(dc, None, slot)
        return bool(places)

    def allow(self, tmp_sessions: int | None) -> None:
        """How many connections may use one key at once, as Telegram has just told; None: one.

        `tmp_sessions` of config and auth.authorization (telegram.md, "Connections"). It is told at
        each connect, so it is not kept longer.
        """
        self.tmp_sessions = max(tmp_sessions or 1, 1)

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
                self.peers_revision += 1
            self._peers[chat_id] = access_hash
            self._peers.move_to_end(chat_id)
        self._forget_peers()

    def _forget_peers(self) -> None:
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
        """Ignored: the library would overwrite it with newer ones than are handled."""

    def get_update_states(self) -> tuple[()]:
        """None: the library would load them before the login is certain."""
        return ()

    # To and from text.

    def dump_peers(self) -> str:
        """The access hashes as JSON: they are the account's, whatever key it uses."""
        return json.dumps(list(self._peers.items()), separators=(",", ":"))

    def meet(self, text: str) -> None:
        """Takes over what another session's `dump_peers` wrote, as older than what is known here.

        Raises ValueError, changing nothing, for anything else.
        """
        with _broken_as_value_error():
            peers = _to_peers(json.loads(text))
        self._peers = OrderedDict(peers | self._peers)
        self._forget_peers()

    def dump(self) -> str:
        """Everything as JSON."""
        return json.dumps(
            {
                "version": _VERSION,
                "home": [self.dc_id, self.server_address, self.port],
                "key": _to_text(self.key),
                "user": [self.user_id, self.username],
                "media_keys": [[*place, _to_text(key)] for place, key in self._media_keys.items()],
                "peers": list(self._peers.items()),
            },
            separators=(",", ":"),
        )

    def restore(self, text: str) -> UpdateState | None:
        """Takes over what `dump` wrote. Raises ValueError, changing nothing, for anything else.

        How far updates were handled, where an older version wrote that here.
        """
        with _broken_as_value_error():
            saved = json.loads(text)
            if saved["version"] not in (_OLD_VERSION, _VERSION):
                msg = f"version {saved['version']} of a session is unknown"
                raise ValueError(msg)
            key = _to_key(saved["key"])
            user_id, username = int(saved["user"][0]), str(saved["user"][1])
            media_keys = {
                (int(dc), int(slot)): _to_key(key) for dc, slot, key in saved["media_keys"]
            }
            peers = _to_peers(saved["peers"])
            state = restored(saved) if saved["version"] == _OLD_VERSION else None
            home_dc, host, port = saved["home"]
            home = DcAddress(int(home_dc), str(host or ""), int(port or 0))
        self.set_dc(home.id, home.host, home.port)
        self._auth_key = AuthKey(key) if key else None
        self.user_id, self.username = user_id, username
        self._media_keys = {place: each for place, each in media_keys.items() if each}
        self._peers = peers
        return state


@contextmanager
def _broken_as_value_error() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        msg = "not a session"
        raise ValueError(msg) from error


def _to_peers(saved: Any) -> OrderedDict[int, int]:
    return OrderedDict((int(chat), int(value)) for chat, value in saved)


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

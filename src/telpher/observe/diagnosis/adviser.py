"""Asking the service of DIAGNOSIS_API_URL what an unknown error may come from (rule 48).

It speaks the chat interface that OpenAI's service made common (POST .../chat/completions). What it
says is a guess of a machine's: text for people, shortened, without control characters, acted on by
nobody. Nothing here may fail or wait long: an answer that is slow, huge, or not one is none.
"""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections import deque
from dataclasses import dataclass
from typing import Final

import httpx
import structlog

from telpher.clock import Clock

# Seconds for a whole answer: such services think for some, and nobody waits for it.
PATIENCE: Final = 30.0

# Questions within an hour: an evening full of new errors costs cents, not a budget.
BUDGET: Final = 10
_HOUR: Final = 3600.0

# Bytes of an answer that are read; characters of a guess that are shown; tokens asked for, about
# twice that.
_MOST_BYTES: Final = 64 << 10
LONGEST: Final = 600
_MOST_TOKENS: Final = 300

_NO_ANSWER: Final = "the service of DIAGNOSIS_API_URL gives no answer"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_PATH: Final = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Service:
    """Where to ask, with what key, and which model."""

    url: str
    key: str
    model: str

    @property
    def address(self) -> str:
        """The address of the one call that is used; `url` may be that or what it begins with."""
        base = self.url.rstrip("/")
        return base if base.endswith(_PATH) else base + _PATH


class Adviser:
    """One question at a time, so many in an hour."""

    def __init__(
        self, service: Service, clock: Clock, patience: float = PATIENCE, budget: int = BUDGET
    ) -> None:
        self._service = service
        self._clock = clock
        self._patience = patience
        self._budget = budget
        self._asked: deque[float] = deque()

    @property
    def may_ask(self) -> bool:
        """Whether the hour's budget leaves a question."""
        now = self._clock.monotonic()
        while self._asked and now - self._asked[0] >= _HOUR:
            self._asked.popleft()
        return len(self._asked) < self._budget

    async def ask(self, messages: list[dict[str, str]]) -> str | None:
        """What the service says; None when it says nothing of use, or the budget is spent."""
        if not self.may_ask:
            return None
        self._asked.append(self._clock.monotonic())
        # No proxies of the environment, no redirects: the question goes where the setting says.
        # Made before the time runs: reading the authorities' certificates is no part of the answer.
        client = httpx.AsyncClient(timeout=self._patience, trust_env=False)
        try:
            async with client, asyncio.timeout(self._patience):
                body = await self._answer(client, messages)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            _log.warning(_NO_ANSWER, reason=type(error).__name__)
            return None
        guess = guess_in(body)
        if guess is None:
            _log.warning(_NO_ANSWER, reason="its answer is of no use")
        return guess

    async def _answer(self, client: httpx.AsyncClient, messages: list[dict[str, str]]) -> bytes:
        question = {
            "model": self._service.model,
            "messages": messages,
            "max_tokens": _MOST_TOKENS,
            "stream": False,
        }
        headers = {"Authorization": f"Bearer {self._service.key}"} if self._service.key else {}
        asking = client.stream("POST", self._service.address, json=question, headers=headers)
        async with asking as answer:
            if answer.status_code != httpx.codes.OK:
                _log.warning(_NO_ANSWER, status=answer.status_code)
                return b""
            return await _beginning(answer)


async def _beginning(answer: httpx.Response) -> bytes:
    """The body; nothing of one that is too long."""
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > _MOST_BYTES:
            return b""
    return bytes(body)


def guess_in(body: bytes) -> str | None:
    """The text of an answer as one short line; None when there is none."""
    try:
        text = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not isinstance(text, str):
        return None
    # Control characters, and those that turn writing around.
    plain = "".join(each if unicodedata.category(each)[0] != "C" else " " for each in text)
    line = " ".join(plain.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"

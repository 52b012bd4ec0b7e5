"""docs/api.md: its commands run as they stand, and answer as it says."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from telpher.core.tally import PlayBegun, tally
from telpher.core.tokens import Scope
from tests.storage.contract.makers import person, seen
from tests.web.api.house import House, house
from tests.web.fakes import REF

TEXT = (Path(__file__).parents[1] / "docs/api.md").read_text(encoding="utf-8")


@dataclass
class Example:
    """Commands, and what the last of them is said to answer."""

    commands: str
    answer: Any


def examples() -> Iterator[Example]:
    blocks = re.findall(r"^```(sh|json)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    for number, (kind, text) in enumerate(blocks):
        if kind == "sh":
            follows = blocks[number + 1 : number + 2]
            told = json.loads(follows[0][1]) if follows and follows[0][0] == "json" else None
            yield Example(text, told)


async def run(home: House, link: str, commands: str) -> str:
    """What a shell prints for them."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", commands.replace("curl ", "curl -sS ")),
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TELPHER": f"http://127.0.0.1:{home.server.port}",
            "TOKEN": home.token,
            "LINK": link,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, trouble = await process.communicate()
    assert process.returncode == 0, commands + said.decode() + trouble.decode()
    return said.decode()


def shape(value: Any) -> Any:
    """What is there, without its values; of lists the first row."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(each) for each in value[:1]] if isinstance(value, list) else None


@pytest.mark.slow
@pytest.mark.parametrize(
    "example", list(examples()), ids=lambda each: each.commands.split('"')[1][9:]
)
async def test_commands_run_and_answer_as_told(tmp_path: Path, example: Example) -> None:
    async with house(tmp_path) as home:
        await seen(home.database, person(7))
        made = await home.make(owner=7)
        await home.make(owner=7)
        play = PlayBegun(int(made["link_id"]), 77, REF, "movie.mp4", 5, at=1.0)
        await home.database.ledger.apply("plays", 1, tally([play]))
        said = await run(home, made["link_id"], example.commands)
    if example.answer is not None:
        answers = re.sub(r"\}\{", "}\n{", said).splitlines()
        assert shape(json.loads(answers[-1])) == shape(example.answer)


def test_every_operation_and_scope_is_in_the_table() -> None:
    table = re.findall(r"^\| `(\w+:\w+)` \| (.*) \|$", TEXT, re.MULTILINE)
    assert [scope for scope, _ in table] == [each.value for each in Scope]
    assert sum(text.count("`/") + text.count(" /api/") for _, text in table) == 11

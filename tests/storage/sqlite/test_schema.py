"""Every statement finds its rows by an index: SQLite itself is asked how it would go about it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from types import ModuleType

import pytest

from telpher.storage.search import file_search_key, name_search_key
from telpher.storage.sqlite import (
    copies,
    files,
    jobs,
    leases,
    ledger,
    links,
    playlists,
    settings,
    tokens,
    users,
    visits,
)
from telpher.storage.sqlite.schema import STEPS

MODULES = (
    *(copies, files, jobs, leases, ledger, links, playlists, settings, tokens, users, visits),
)

# What has to look at each row looks at an index made for it, or at the first row of many only.
ALLOWED = {
    # The few who ever had one name.
    ("users", "_NAMED"): {"USE TEMP B-TREE FOR ORDER BY"},
    # In the index's order, up to LIMIT.
    ("users", "_FIRST_PAGE"): {"SCAN users USING INDEX users_by_join_date"},
    ("links", "_FIRST_PAGE"): {"SCAN links USING INDEX links_by_age"},
    # A search looks at each key, in the order of the list.
    ("files", "_FIRST_NEWEST"): {"SCAN files USING INDEX files_by_age"},
    ("files", "_FIRST_MOST_PLAYED"): {"SCAN files USING INDEX files_by_plays"},
    ("files", "_COUNTS"): {"SCAN CONSTANT ROW"},
    ("tokens", "_RECENT"): {"SCAN tokens USING INDEX tokens_by_age"},
    # The oldest of the queue: the first row.
    ("copies", "_WANTED"): {"SCAN wanted"},
    # SELECT of one row made of nothing but parameters.
    ("copies", "_WANT"): {"SCAN CONSTANT ROW"},
}


def statements() -> Iterator[tuple[str, str, str]]:
    for module in MODULES:
        name = module.__name__.rpartition(".")[2]
        yield from ((name, each, text) for each, text in _texts(module))


def _texts(module: ModuleType) -> Iterator[tuple[str, str]]:
    for name, value in vars(module).items():
        if isinstance(value, str) and re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE)\s", value):
            yield name, value


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    """An empty database of the newest form, planned for as if it were large."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for function in (name_search_key, file_search_key):
            connection.create_function(function.__name__, 1, function)
        for step in STEPS:
            connection.executescript(step)
        yield connection


def values(text: str) -> list[int]:
    """As many as the statement takes; those with a number may come again."""
    plain = len(re.findall(r"\?(?!\d)", text))
    return [1] * max(plain, *map(int, re.findall(r"\?(\d+)", text)), 0)


@pytest.mark.parametrize(("module", "name", "text"), list(statements()))
def test_no_statement_reads_a_whole_table(connection, module: str, name: str, text: str):
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values(text))]
    allowed = ALLOWED.get((module, name), set())
    suspicious = {each for each in plan if each.startswith(("SCAN", "USE TEMP"))}
    assert suspicious <= allowed


def test_the_statements_are_found():
    found = {(module, name) for module, name, _ in statements()}
    assert set(ALLOWED) <= found
    assert {module for module, _ in found} == {each.__name__.rpartition(".")[2] for each in MODULES}

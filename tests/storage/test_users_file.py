from __future__ import annotations

import json

import pytest

from telpher.storage.users_file import Broken, Record, records

ANN, BEN = {"id": 1, "name": 'A"n\\n, [{'}, {"id": 2, "tags": [{"x": [1]}], "joined": {"$date": 5}}


@pytest.fixture
def read(tmp_path):
    def of(text):
        path = tmp_path / "users.json"
        path.write_text(text, "utf-8")
        return list(records(path))

    return of


def values(found):
    assert all(isinstance(each, Record) for each in found), found
    return [each.value for each in found]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "whole",
    [
        [ANN, BEN],
        {"1": ANN, "2": BEN},
        {"users": [ANN, BEN]},
        {"users": {"1": ANN, "2": BEN}},
        {"_default": {"1": ANN, "2": BEN}},
        {"version": 1, "users": [ANN, BEN], "count": 2},
        {"a": {"users": [ANN]}, "b": [BEN]},
        {"ann": ANN, "ben": BEN},
    ],
)
def test_every_known_form(read, whole, indent):
    assert values(read(json.dumps(whole, indent=indent))) == [ANN, BEN]


def test_one_record_a_line(read):
    text = "\ufeff" + "\n".join(map(json.dumps, (ANN, BEN))) + "\n\n"
    assert values(read(text)) == [ANN, BEN]
    assert values(read(json.dumps(ANN))) == [ANN]


def test_keys_are_told(read):
    found = read('{"7": {"name": "Ann"}, "8": true, "9": "2024-01-01", "note": "x"}')
    assert [(each.key, each.value) for each in found] == [
        ("7", {"name": "Ann"}),
        ("8", True),
        ("9", "2024-01-01"),
    ]


def test_bare_ids(read):
    assert values(read('[1, "2", 3]')) == [1, "2", 3]
    assert values(read('{"users": [1, 2]}')) == [1, 2]


@pytest.mark.parametrize("text", ["", " \n", "[]", "{}", '{"users": []}', '{"version": 1}', "null"])
def test_a_file_without_users_says_so(read, text):
    (broken,) = read(text)
    assert isinstance(broken, Broken)


def test_a_broken_record_costs_itself_alone_and_has_a_place(read):
    found = read('[\n{"id": 1},\n{"id": 2, "name": oops},\n{"id": 3, "x": [},\n{"id": 4}\n]')
    assert [type(each) for each in found] == [Record, Broken, Broken, Record]
    assert [each.place for each in found] == ["line 2", "line 3", "line 4", "line 5"]
    assert (found[0].value, found[3].value) == ({"id": 1}, {"id": 4})


def test_a_string_without_an_end_costs_its_record(read):
    found = read('[\n{"id": 1, "name": "Ann},\n{"id": 2}\n]')
    assert isinstance(found[0], Broken)


def test_a_missing_comma_costs_nothing(read):
    assert values(read('[{"id": 1} {"id": 2},, {"id": 3}]')) == [{"id": n} for n in (1, 2, 3)]


@pytest.mark.parametrize("end", ['{"id": 2, "na', '{"id": 2', "{", ""])
def test_a_file_that_was_cut_off_keeps_what_is_whole_and_says_so(read, end):
    found = read('{"users": [{"id": 1}, ' + end)
    assert found[0] == Record("line 1", {"id": 1})
    assert isinstance(found[-1], Broken)


def test_a_broken_line_costs_itself_alone(read):
    found = read('{"id": 1}\n{"id": \n{"id": 3}\n')
    assert [type(each) for each in found] == [Record, Broken, Record]
    assert found[1].place == "line 2"


@pytest.mark.parametrize("indent", [None, 2])
def test_a_large_file_is_read_in_pieces(tmp_path, indent):
    path = tmp_path / "users.json"
    people = [{"id": number, "name": "é" * (number % 50)} for number in range(1, 30_000)]
    path.write_text(json.dumps({"users": people}, indent=indent, ensure_ascii=False))
    found = list(records(path))
    assert [each.value for each in found] == people
    if indent:
        assert found[-1].place == f"line {path.read_text().count(chr(10)) - 4}"


def test_nesting_without_end_is_one_broken_record(read):
    found = read('[{"id": 1}, {"x": ' + "[" * 30_000)
    assert found[0].value == {"id": 1}
    assert all(isinstance(each, Broken) for each in found[1:])


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="users"):
        list(records(tmp_path / "users.json"))

"""Lines for people, JSON and a status for programs."""

from __future__ import annotations

import json

from telpher.check import report
from telpher.check.report import Finding, Status, failed, ok, warning

WELL = ok("memory", "1.00 GB for this process.")
SO_SO = warning("URL", "leads nowhere else.", "Set it.")
BAD = failed("database", "no answer.", "Start it, or correct\nDATABASE_URL.")
WRONG = failed("settings", "PORT='x': is not a whole number.", "")


def test_each_finding_is_one_line_that_begins_with_how_it_is() -> None:
    lines = [each.line() for each in (WELL, SO_SO, BAD)]
    assert [line.split()[:2] for line in lines] == [
        ["OK", "memory"],
        ["warning", "URL"],
        ["FAILED", "database"],
    ]
    assert lines[2].endswith("no answer. Start it, or correct DATABASE_URL.")
    assert not any("\n" in line for line in lines)
    # What was found stands in one column.
    columns = {lines[0].index("1.00 GB"), lines[1].index("leads"), lines[2].index("no answer")}
    assert len(columns) == 1


def test_what_was_found_cannot_break_the_line() -> None:
    line = failed("bot", "a\r\nb\x1b[31m\u202ec", "").line()
    assert line.endswith("a b [31mc")
    assert not set("\r\n\x1b\u202e") & set(line)


def test_the_status_is_that_of_the_worst() -> None:
    assert report.exit_status([]) == 0
    assert report.exit_status([WELL, SO_SO]) == 0
    assert report.exit_status([WELL, BAD, SO_SO]) == 1
    assert report.exit_status([BAD, WRONG]) == 2


def test_json_holds_it_all() -> None:
    told = json.loads(report.as_json([WELL, SO_SO, BAD], "1.2.3"))
    assert (told["status"], told["version"]) == ("failed", "1.2.3")
    assert told["checks"][1] == {
        "name": "URL",
        "status": "warning",
        "found": "leads nowhere else.",
        "remedy": "Set it.",
    }
    assert json.loads(report.as_json([WELL, SO_SO], ""))["status"] == "warning"
    assert json.loads(report.as_json([WELL], ""))["status"] == "ok"


def test_the_last_line_counts() -> None:
    assert report.summary([WELL, WELL]) == "Everything is as it should be."
    assert report.summary([WELL, SO_SO]) == "1 to look at, 1 well."
    assert report.summary([WELL, SO_SO, BAD]) == "1 failed, 1 to look at, 1 well."


def test_statuses_are_words_that_scripts_may_look_for() -> None:
    assert [each.value for each in Status] == ["OK", "warning", "FAILED"]
    assert isinstance(WELL, Finding)

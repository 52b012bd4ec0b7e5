import pytest

from telpher.bot.areas import Command, Offer, Press, Step, Table, split_data


class Area:
    def __init__(self, **offered):
        self._offered = Offer(**offered)

    def offer(self):
        return self._offered


def test_the_tables_of_all_areas_are_one():
    table = Table.of(
        [
            Area(commands=[Command("a", None)], presses=[Press("p", None)]),
            Area(commands=[Command("b", None)], steps=[Step("s", None)]),
        ]
    )
    assert (set(table.commands), set(table.presses), set(table.steps)) == ({"a", "b"}, {"p"}, {"s"})


@pytest.mark.parametrize(
    "offered",
    [
        {"commands": [Command("a", None)]},
        {"presses": [Press("a", None)]},
        {"steps": [Step("a", None)]},
    ],
)
def test_what_two_areas_claim_is_refused_at_start(offered):
    with pytest.raises(ValueError, match="a"):
        Table.of([Area(**offered), Area(**offered)])


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (b"page:start", ("page", "start")),
        (b"close", ("close", "")),
        (b"a:b:c", ("a", "b:c")),
        (b"", ("", "")),
        (b":x", ("", "x")),
        ("püge:x".encode(), ("", "")),
        (b"\xff\x00", ("", "")),
    ],
)
def test_data_is_a_name_and_an_argument(data, parts):
    assert split_data(data) == parts

"""The pages of docs name what is there, and nothing that is not: commands, routes, addresses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from telpher.cli import commands
from telpher.web.openapi.operations import operations
from tests.bot.stage import stage

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GUIDE = (DOCS / "USAGE_GUIDE.md").read_text("utf-8")
PAGES = sorted(DOCS.glob("*.md"))
EVERYWHERE = "\n".join(page.read_text("utf-8") for page in PAGES)


def anchors(text: str) -> set[str]:
    """What a link may lead to inside a page, as GitHub makes it of headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    return made | set(re.findall(r'id="([^"]+)"', text))


async def test_the_guide_names_no_command_that_is_not_there(tmp_path: Path) -> None:
    async with stage(tmp_path) as home:
        there = set(home.bot.router.table.commands)
    named = set(re.findall(r"`/([a-z]+)(?: [^`]*)?`", GUIDE))
    # Others in such quotes are routes.
    routes = {path.split("/")[1] for path in operations()}
    assert named - routes - there == set()
    assert there - named == set()


def test_every_route_stands_in_the_docs() -> None:
    missing = []
    for path in operations():
        # In docs a parameter may be written by its value, and below /api relative to it.
        first = "/" + path.strip("/").split("/")[0]
        if first == "/api":
            continue  # docs/api.md has a test of its own
        if not re.search(rf"{re.escape(first)}(?![a-z])", EVERYWHERE):
            missing.append(path)
    assert missing == []


def test_every_command_of_the_program_stands_in_the_docs() -> None:
    for_people = [each for each in commands.registered_commands if not each.hidden]
    named = {each.name or each.callback.__name__ for each in for_people}
    named |= {each.name for each in commands.registered_groups}
    text = EVERYWHERE + (ROOT / "README.md").read_text("utf-8")
    assert {
        each for each in named if not re.search(rf"(?:telpher|\./run) {each}\b|`{each}`", text)
    } == set()


def test_every_page_is_found_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert [page.name for page in PAGES if f"(docs/{page.name})" not in text] == []


OTHERS = [*ROOT.glob("*.md"), ROOT / "bench/README.md"]


@pytest.mark.parametrize("page", [*OTHERS, *PAGES], ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    addresses = re.findall(r"\]\(([^)\s]+)\)", text)
    addresses += re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for address in addresses:
        if address.startswith(("http", "mailto:")):
            continue
        name, _, anchor = address.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), address
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text("utf-8")), address

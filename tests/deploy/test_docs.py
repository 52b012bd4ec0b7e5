"""The docs tell of everything there is to deploy with."""

from __future__ import annotations

import re
import subprocess

from tests.deploy.steps import ROOT, env

PAGE = (ROOT / "docs/deployment.md").read_text()


def test_every_file_has_its_place() -> None:
    listed = subprocess.check_output(["git", "ls-files", "deploy"], cwd=ROOT, text=True).split()
    ways = [each for each in listed if each.count("/") == 1]
    assert {"deploy/Dockerfile", "deploy/compose.yaml", "deploy/telpher.service"} <= set(ways)
    # The image's own, told of as what it does.
    told = "".join(each.read_text() for each in (ROOT / "docs").glob("*.md"))
    missing = [each for each in ways if each not in told and each != "deploy/healthcheck"]
    assert missing == []
    for name in ("koyeb.yaml", "Procfile", "requirements.txt"):
        assert f"(../{name})" in PAGE


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }
    for anchor in re.findall(r"\]\(#([^)]+)\)", PAGE):
        assert anchor in headings, anchor


def test_memory_settings_and_the_user_are_those_of_the_image() -> None:
    for name in env():
        assert not name.startswith("MALLOC_") or f"`{name}`" in PAGE
    assert "chown 10001:10001" in PAGE

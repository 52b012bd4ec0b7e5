"""The lock files: exact, hashed, and the developers' one holds all of the other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"^([a-z0-9._-]+)==([^ \\]+)", re.MULTILINE)


def pins(name: str) -> set[tuple[str, str]]:
    """(package, version); a package may have one version for each range of Pythons."""
    return set(_PIN.findall((ROOT / name).read_text()))


def test_developers_have_the_versions_that_users_have() -> None:
    users = pins("requirements.lock")
    assert users
    assert users <= pins("requirements-dev.lock")


def test_every_package_has_a_hash() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        entries = re.split(r"\n(?=[a-z])", (ROOT / name).read_text())
        packages = [entry for entry in entries if _PIN.match(entry)]
        assert len(packages) == len(pins(name))
        assert all("--hash=sha256:" in entry for entry in packages)


def test_the_build_tool_is_pinned() -> None:
    assert "setuptools" in {package for package, _ in pins("requirements.lock")}

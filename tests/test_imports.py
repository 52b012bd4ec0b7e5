"""No file imports itself by way of others, so that whoever reads can begin at the bottom.

import-linter says so of folders (.importlinter); this is about files. An import for types alone
counts like any other: it is read like any other.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules(package: Path) -> dict[str, Path]:
    """The files of a package by module name."""
    inside = {file: file.relative_to(package.parent) for file in package.rglob("*.py")}
    return {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"): file
        for file, path in inside.items()
    }


def imported(file: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules among `known` that a file names in its imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            inside = (f"{node.module}.{each.name}" for each in node.names)
            yield from (name if name in known else node.module for name in inside)


def check(*packages: Path) -> None:
    """Raises CycleError, which shows the circle."""
    known = {name: file for package in packages for name, file in modules(package).items()}
    graph = {name: set(imported(file, known)) for name, file in known.items()}
    TopologicalSorter(graph).prepare()


def test_no_file_imports_itself_by_way_of_others() -> None:
    check(ROOT / "src" / "telpher", ROOT / "src" / "tgfake", ROOT / "bench")


@pytest.mark.parametrize(
    "back",
    [
        "from house.cellar import wine",
        "from house import cellar",
        "import house.cellar",
        "if TYPE_CHECKING:\n    from house.cellar import wine",
        "def late():\n    from house.cellar import wine",
    ],
)
def test_a_circle_is_found(tmp_path: Path, back: str) -> None:
    house = tmp_path / "house"
    house.mkdir()
    (house / "__init__.py").write_text("from house.attic import rope\n")
    (house / "cellar.py").write_text("from house.attic import rope\n")
    (house / "attic.py").write_text("rope = 1\n")
    check(house)
    (house / "attic.py").write_text(back)
    with pytest.raises(CycleError, match=r"house\.attic"):
        check(house)

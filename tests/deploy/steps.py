"""scripts/image-steps as a module: how it reads the Dockerfile."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts/image-steps"
DOCKERFILE = ROOT / "deploy/Dockerfile"


def load() -> Any:
    """The script, without running it, and without leaving compiled code beside it."""
    module = ModuleType("image_steps")
    module.__file__ = str(SCRIPT)
    sys.modules[module.__name__] = module  # dataclasses look themselves up there
    try:
        exec(compile(SCRIPT.read_text(), str(SCRIPT), "exec"), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    return module


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, FROM first; the last is what remains."""
    found: list[list[tuple[str, str]]] = []
    for name, rest in load().instructions(DOCKERFILE.read_text()):
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append((name, rest))
    return found


def values(name: str) -> list[str]:
    """What the last stage says by an instruction."""
    return [rest for each, rest in stages()[-1] if each == name]


def env() -> dict[str, str]:
    """The last stage's ENV."""
    pairs = (pair.partition("=") for rest in values("ENV") for pair in rest.split())
    return {name: value for name, _, value in pairs}

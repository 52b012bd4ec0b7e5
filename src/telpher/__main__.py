"""`python -m telpher`, and the `telpher` command."""

from __future__ import annotations

import sys

from telpher.errors import SettingsError

try:
    from telpher.cli import commands
except KeyboardInterrupt:  # Loading takes a second, and Ctrl-C may come as early as that.
    sys.exit(130)


def main() -> None:
    """Runs the command that the arguments name. Wrong settings end it with status 2 (rule 1)."""
    try:
        commands()
    except SettingsError as error:
        sys.exit(_refuse(error.problems))


def _refuse(problems: list[str]) -> int:
    where = "Settings come from the environment and from .env; docs/settings.md explains them."
    lines = ["telpher cannot start:", *(f"  - {each}" for each in problems), where]
    sys.stderr.write("\n".join(lines) + "\n")
    return 2


if __name__ == "__main__":
    main()

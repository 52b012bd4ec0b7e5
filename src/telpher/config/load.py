"""Reads environment and .env: the only code of telpher that does.

The environment wins over .env, and an empty value means "not set" (rule 2), so an empty variable
does not hide what .env says. All mistakes are reported at once (rule 1): a field whose value is
refused is set back to its default, so that the checks across settings still see the others.
"""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from dotenv.parser import parse_stream
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from telpher.config import checks, problems
from telpher.config.settings import Settings
from telpher.errors import SettingsError

ENV_FILE = Path(".env")

# Close enough to be a slip of the finger (BOT_TOKN), far enough from other programs' variables.
_RESEMBLES = 0.8


def load(environ: Mapping[str, str] | None = None, env_file: Path = ENV_FILE) -> Settings:
    """The settings from `environ` (the process's when None) and `env_file` (which may be missing).

    Raises SettingsError with a sentence for every mistake.
    """
    in_file, unreadable = _read_file(env_file)
    settings, findings = _validated(_only_settings({**in_file, **_from_environment(environ)}))
    misspelt = _misspelt(in_file)
    if found := [*unreadable, *_problems(settings, findings)]:
        raise SettingsError([*found, *checks.misspelt(misspelt)])
    settings.note_misspelt(misspelt)
    return settings


def credentials_given(environ: Mapping[str, str] | None = None, env_file: Path = ENV_FILE) -> bool:
    """Whether somebody meant to give credentials: one is enough, so that a missing one is told.

    So is a line of the file that cannot be read, since it may have held one.
    """
    in_file, unreadable = _read_file(env_file)
    given = {**in_file, **_from_environment(environ)}
    return bool(unreadable) or any(name in given for name in checks.REQUIRED)


def port_given(environ: Mapping[str, str] | None = None, env_file: Path = ENV_FILE) -> int | None:
    """PORT, for what needs no other setting; None where it is not set. Raises SettingsError."""
    given = {**_read_file(env_file)[0], **_from_environment(environ)}
    settings, findings = _validated({"port": given["port"]} if "port" in given else {})
    if findings:
        raise SettingsError([problems.sentence(findings[0], Settings.model_fields["port"])])
    return settings.port if "port" in given else None


def cache_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Where this user's programs keep what can be made again (XDG Base Directory).

    Without a home, as some services run, it is `.cache` in the folder that telpher is started in.
    """
    variables = os.environ if environ is None else environ
    given = Path(variables.get("XDG_CACHE_HOME", ""))
    base = given if given.is_absolute() else Path(variables.get("HOME", "")) / ".cache"
    return base.absolute() / "telpher"


def malloc_given(environ: Mapping[str, str] | None = None) -> bool:
    """Whether glibc was told by its own variables how to keep memory: whoever did so knows why."""
    variables = os.environ if environ is None else environ
    return any(name.startswith("MALLOC_") and name.endswith("_") for name in variables)


def _problems(settings: Settings, findings: list[ErrorDetails]) -> Iterator[str]:
    fields = type(settings).model_fields
    for finding in findings:
        yield problems.sentence(finding, fields[str(finding["loc"][0])])
    wrong = frozenset(str(finding["loc"][0]) for finding in findings)
    for name in checks.missing(settings):
        if name not in wrong:
            yield problems.unset(name, fields[name])
    yield from checks.problems(settings, wrong)


def _only_settings(given: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in given.items() if name in Settings.model_fields}


def _from_environment(environ: Mapping[str, str] | None) -> dict[str, str]:
    """What the variables say, by field name. Names count as they are written, in capitals."""
    variables = os.environ if environ is None else environ
    return {
        name.lower(): text.strip()
        for name, text in variables.items()
        if name.isupper() and text.strip()
    }


def _read_file(path: Path) -> tuple[dict[str, str], list[str]]:
    """What the file sets, by field name, and a sentence for each line that sets nothing.

    The file may be missing. "utf-8-sig": some editors begin files with a mark.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        raise SettingsError(
            [f"{path} cannot be read ({error.strerror}). Make it readable for this user."]
        ) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{path} is not UTF-8 text. Save it in that encoding."]) from None
    lines = list(parse_stream(io.StringIO(text)))
    wrong = [_unreadable(path, each.original.line) for each in lines if each.error]
    # The values without expansion: a secret may hold what looks like a variable.
    given = ((each.key, (each.value or "").strip()) for each in lines if each.key)
    return {name.lower(): value for name, value in given if value}, wrong


def _unreadable(path: Path, line: int) -> str:
    return (
        f"{path}: line {line} is no setting. "
        "Write NAME=value, close the quotes if there are any, or begin the line with #."
    )


def _validated(given: dict[str, str]) -> tuple[Settings, list[ErrorDetails]]:
    """Settings with every usable value, and pydantic's findings about the others."""
    try:
        return Settings(**given), []  # type: ignore[arg-type] # texts, which pydantic turns into values
    except ValidationError as error:
        findings = error.errors(include_url=False)
    wrong = {finding["loc"][0] for finding in findings}
    usable = {name: text for name, text in given.items() if name not in wrong}
    return Settings(**usable), findings  # type: ignore[arg-type] # as above


def _misspelt(in_file: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(name in the file, the setting it resembles) for names that are no settings."""
    known = list(Settings.model_fields)
    unknown = (name for name in in_file if name not in Settings.model_fields)
    close = ((name, difflib.get_close_matches(name, known, 1, _RESEMBLES)) for name in unknown)
    return tuple((name.upper(), match[0].upper()) for name, match in close if match)

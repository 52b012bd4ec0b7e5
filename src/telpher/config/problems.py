"""pydantic's findings in plain sentences: the variable, what is wrong, what to do.

pydantic's own texts name Python types and repeat the value, which may be a secret or a secret put
into the wrong variable; here the value is repeated only where it helps and cannot be one.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

# Longer values help nobody find the mistake, and secrets are long.
_LONGEST_SHOWN = 40
_LIKE_A_SECRET = re.compile(r"[0-9a-fA-F]{32}|[0-9]+:[A-Za-z0-9_-]{20,}|://[^/\s]*@")

_FAULTS = {
    "missing": "is missing",
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "int_type": "is not a whole number",
    "float_parsing": "is not a number",
    "float_type": "is not a number",
    "finite_number": "is not a number",
    "bool_parsing": "is neither true nor false",
    "bool_type": "is neither true nor false",
    "string_type": "is not a text",
    "tuple_type": "is not a list",
    "model_type": "is not an object",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
}


def sentence(finding: ErrorDetails, field: FieldInfo) -> str:
    """A finding about `field`, or about a part of what it names (TELEGRAM_SERVERS)."""
    name, *inside = map(str, finding["loc"])
    place = ".".join(step for step in inside if step.isdigit() or step.islower())
    fault = _fault(finding["type"], finding.get("ctx", {}))
    shown = "" if inside else _shown(finding.get("input"), field)
    return f"{name.upper()}{shown}: {place + ' ' if place else ''}{fault}. {remedy(field)}"


def unset(name: str, field: FieldInfo) -> str:
    """The sentence for a required setting that nobody gave."""
    return f"{name.upper()} is not set. {remedy(field)}"


def remedy(field: FieldInfo) -> str:
    """What to do about a wrong value."""
    extra = field.json_schema_extra
    return str(extra["remedy"]) if isinstance(extra, dict) else ""


def is_secret(field: FieldInfo) -> bool:
    """Whether the field's values must never be shown."""
    return "SecretStr" in str(field.annotation) or "SecretStr" in str(field.metadata)


def _fault(kind: str, context: dict[str, Any]) -> str:
    return _FAULTS.get(kind, "is not understood").format(**context)


def _shown(value: object, field: FieldInfo) -> str:
    if is_secret(field) or not isinstance(value, str) or len(value) > _LONGEST_SHOWN:
        return ""
    return "" if _LIKE_A_SECRET.search(value) else f"={value!r}"

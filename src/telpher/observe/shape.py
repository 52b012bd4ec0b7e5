"""What is left of a text when all that differs from one time to the next is taken out.

    "database 'films.sqlite3' at 10.0.0.7:27017 refused user 42"
    "database … at … refused user …"

Two entries of one shape are one trouble.
"""

from __future__ import annotations

import re
from typing import Final

GAP: Final = "…"

# Of longer texts the beginning is enough to tell them apart.
_LONGEST: Final = 500

_QUOTED: Final = re.compile(r"""'[^'\n]{0,300}'|"[^"\n]{0,300}"|`[^`\n]{0,300}`|«[^»\n]{0,300}»""")
# Words with anything in them that words do not have: numbers, addresses, paths, ids.
_ODD: Final = re.compile(r"\S*[\d/\\@:]\S*")
_GAPS: Final = re.compile(rf"{GAP}(\s*[,;]?\s*{GAP})+")


def shape_of(text: str) -> str:
    """The shape of a text."""
    plain = _QUOTED.sub(GAP, text[:_LONGEST])
    plain = _ODD.sub(_kept, plain)
    return _GAPS.sub(GAP, " ".join(plain.split()))


def _kept(found: re.Match[str]) -> str:
    """ "OSError:" is a word with a mark behind it; "10.0.0.7:" is not."""
    word = found[0].rstrip(":,;.")
    return found[0] if word.isalpha() else GAP

"""The headers that describe a file: the same for GET, HEAD, 200 and 206 (rules 10 to 15).

A sender chooses name and type, so both go through `core`: the type is one that no browser runs, the
name cannot leave its header, and a policy keeps whatever is opened directly from loading or running
anything. `sandbox` is for what a browser renders as a document; it would refuse to play media.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from telpher.core import httpdate, mime, names
from telpher.core.etag import etag
from telpher.core.model import FileInfo

# Rule 15. The bytes behind an address never change, so a player's or browser's own copy is good for
# as long as it likes; a shared cache must not keep one, because it would outlive a revocation.
CACHE_CONTROL: Final = f"private, max-age={365 * 24 * 3600}"

_POLICY: Final = "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'"
_MEDIA: Final = ("audio/", "video/", "image/")


def file_headers(info: FileInfo, *, attachment: bool) -> dict[str, str]:
    """Everything but Content-Length and Content-Range."""
    kind = mime.content_type(info)
    save = attachment or not mime.inline_ok(info)
    headers = {
        "Content-Type": kind,
        "Content-Disposition": names.content_disposition(names.safe_name(info), attachment=save),
        "Accept-Ranges": "bytes",
        "ETag": etag(info),
        "Cache-Control": CACHE_CONTROL,
        "Content-Security-Policy": _POLICY if kind.startswith(_MEDIA) else f"{_POLICY}; sandbox",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    date = last_modified(info)
    if date is not None:
        headers["Last-Modified"] = httpdate.write(date)
    return headers


def last_modified(info: FileInfo) -> int | None:
    """The date for conditions and Last-Modified in Unix seconds; None for a file without one.

    A strong validator (RFC 9110, 8.8.2.2): the bytes behind an ETag never change, so they have not
    changed twice within its second.
    """
    return info.date if info.date > 0 else None


def validators(headers: Mapping[str, str]) -> dict[str, str]:
    """The part of a file's headers that belongs into a 304 (RFC 9110, 15.4.5)."""
    kept = ("ETag", "Cache-Control", "Last-Modified")
    return {name: headers[name] for name in kept if name in headers}

"""What every part of the configuration is made of: the immutable section, and the words and checks that parts share."""

from __future__ import annotations

import posixpath
import urllib.parse
from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from homeostat.config.units import Duration

Ratio = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[int, msgspec.Meta(gt=0)]

MINUTE, HOUR, DAY = 60, 3600, 86400


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the configuration: immutable, keyword-only, no unknown keys."""


def exact_path(name: str, path: str) -> None:
    """See that `path` is absolute and names its place without detours.

    Raises:
        ValueError: it is relative, or holds `.`, `..` or an empty part.

    """
    if not path.startswith("/") or posixpath.normpath(path) != path:
        raise ValueError(f"{name} {path!r} must be an absolute path without '.', '..' or a slash at its end")


def address(name: str, url: str) -> None:
    """See that `url` is the address of an HTTP server, without a password in it: secrets are kept in files.

    Raises:
        ValueError: it is none, or holds a user's name or password; the message does not repeat these.

    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urllib.parse.urlsplit(""), None
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{name} must not hold a user or a password: secrets are kept in files, as in bearer_token_file")
    if parts.scheme not in {"http", "https"} or not host or any(letter.isspace() for letter in url):
        raise ValueError(f"{name} {url!r} must be an address, as in http://127.0.0.1:9090")


def lasting(name: str, duration: Duration) -> None:
    """See that a duration is more than nothing. Raises ValueError."""
    if duration <= 0:
        raise ValueError(f"{name} must be more than 0s")

"""What every part of the configuration is made of: the immutable section, and the words and checks that parts share."""

from __future__ import annotations

import posixpath
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


def lasting(name: str, duration: Duration) -> None:
    """See that a duration is more than nothing. Raises ValueError."""
    if duration <= 0:
        raise ValueError(f"{name} must be more than 0s")

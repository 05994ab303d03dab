"""The configuration of all three programs: `load` reads it strictly, `Config` is what it says."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, TypeVar, cast

from homeostat.config import strict
from homeostat.config.autonomy import in_force, in_force_until
from homeostat.config.shared_windows import with_shared_windows
from homeostat.config.strict import ConfigError, Raw
from homeostat.config.types import Config
from homeostat.config.units import Duration, Size

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

DEFAULT_CONFIG = pathlib.Path("/etc/homeostat/homeostat.yml")

__all__ = ["DEFAULT_CONFIG", "Config", "ConfigError", "Duration", "Raw", "Size", "in_force", "in_force_until", "load", "loads"]


def load(path: pathlib.Path, kind: type[T]) -> T:
    """Read the YAML file `path` into `kind`; a `Config` with what it names in Alertmanager's file. Raises ConfigError."""
    return _whole(strict.load(path, kind), lambda: strict.load(path, Raw))


def loads(text: str, kind: type[T], file: str) -> T:
    """Read YAML text into `kind` as `load` does; `file` is what faults call it. Raises ConfigError."""
    return _whole(strict.loads(text, kind, file), lambda: strict.loads(text, Raw, file))


def _whole(read: T, written: Callable[[], Raw]) -> T:
    return cast("T", with_shared_windows(read, written)) if isinstance(read, Config) else read

"""The configuration of all three programs: `load` reads it strictly, `Config` is what it says."""

from __future__ import annotations

import pathlib

from homeostat.config.autonomy import in_force, in_force_until
from homeostat.config.strict import ConfigError, Raw, load, loads
from homeostat.config.types import Config
from homeostat.config.units import Duration, Size

DEFAULT_CONFIG = pathlib.Path("/etc/homeostat/homeostat.yml")

__all__ = ["DEFAULT_CONFIG", "Config", "ConfigError", "Duration", "Raw", "Size", "in_force", "in_force_until", "load", "loads"]

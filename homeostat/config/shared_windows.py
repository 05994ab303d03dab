"""Maintenance windows that stand in Alertmanager's own configuration: one text says when it tells and when Homeostat acts."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, cast

import msgspec

from homeostat.config.section import Section
from homeostat.config.strict import ConfigError, Raw, load
from homeostat.time_intervals import TimeInterval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from homeostat.config.types import Config

# Until Alertmanager 0.24 they had a key of their own; both are read, and names are shared.
_KEYS = ("time_intervals", "mute_time_intervals")
_WORD = cast("type[str | int]", str | int)
_LIST = cast("type[list[Raw] | None]", list[Raw] | None)


class SharedInterval(TimeInterval, frozen=True, kw_only=True):
    """One of Alertmanager's."""


_NEVER = TimeInterval(years=(1,))


class _Named(Section, frozen=True, kw_only=True):
    name: str | int
    time_intervals: tuple[SharedInterval, ...]


class UnknownWindowsError(ConfigError):
    """Alertmanager's file does not say which windows there are; `rest` is what is configured otherwise, with windows that never open."""

    def __init__(self, fault: ConfigError, config: Config) -> None:
        """Tell the `fault` as it is."""
        Exception.__init__(self, str(fault))
        alertmanager = msgspec.structs.replace(config.alertmanager, time_intervals=())
        self.rest = msgspec.structs.replace(config, alertmanager=alertmanager, windows=(_NEVER,))


def with_shared_windows(config: Config, written: Callable[[], Raw]) -> Config:
    """Return the configuration with the time intervals that it names in Alertmanager's file added to its `windows`.

    Of the text that it was `written` in only faults need to know.

    Raises:
        UnknownWindowsError: Alertmanager's file cannot be read, or does not hold such intervals as Alertmanager would accept.

    """
    try:
        return msgspec.structs.replace(config, windows=(*config.windows, *_shared(config, written)))
    except ConfigError as fault:
        raise UnknownWindowsError(fault, config) from None


def _shared(config: Config, written: Callable[[], Raw]) -> tuple[SharedInterval, ...]:
    wanted = config.alertmanager.time_intervals
    if not wanted or config.alertmanager.config_file is None:
        return ()
    known = _intervals(pathlib.Path(config.alertmanager.config_file))
    for place, name in enumerate(wanted):
        if name not in known:
            told = f"{config.alertmanager.config_file} has no time interval {name!r}; it has: {', '.join(known) or 'none'}"
            raise written().at("alertmanager", "time_intervals", place).fault(told)
    return tuple(interval for name in wanted for interval in _read(known[name]))


def _intervals(file: pathlib.Path) -> dict[str, Raw]:
    """Return the time intervals of an Alertmanager by their names, not yet read. Raises ConfigError."""
    known: dict[str, Raw] = {}
    for entry in _listed(load(file, dict[str, Raw])):
        parts = entry.read(dict[str, Raw])
        if "name" not in parts:
            raise entry.fault("missing key 'name'")
        name = str(parts["name"].read(_WORD))
        if name in known:
            raise parts["name"].fault(f"two time intervals have the name {name!r}, which Alertmanager refuses too")
        known[name] = entry
    return known


def _listed(document: dict[str, Raw]) -> Iterator[Raw]:
    for key in _KEYS:
        if key in document:
            yield from document[key].read(_LIST) or ()


def _read(entry: Raw) -> tuple[SharedInterval, ...]:
    intervals = entry.read(_Named).time_intervals
    if not intervals:
        # Without any window Homeostat may act at any time, which is not what this says.
        raise entry.fault("it names no time at all, so it would be no maintenance window")
    return intervals

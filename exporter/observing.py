"""Looks at this host again and again, each observer in a thread of its own: one that hangs keeps no other waiting."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import pathlib
import threading
from typing import TYPE_CHECKING, Any

import msgspec

from exporter.observation import Look, Looking, NotSeen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exporter.observation import Observer
    from homeostat.clock import Clock
    from homeostat.config import Config
    from homeostat.config.observers import Observer as Settings

log = logging.getLogger(__name__)

_LAST_LOOK_SECONDS = 1
# A new configuration is noticed after so long.
_NOTICED_SECONDS = 5


class Observing:
    """The observers at work until they are closed; what each saw last is at hand."""

    def __init__(self, observers: Mapping[str, Observer], config: Callable[[], Config], clock: Clock) -> None:
        """Look with `observers`, by id, as the configuration of that moment says."""
        self._observers = observers
        self._config = config
        self._clock = clock
        self._looks: dict[str, Look] = {}
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._follow, args=(name,), name=f"observer {name}", daemon=True) for name in observers]

    def looks(self) -> Mapping[str, Look]:
        """Return how the last look of each observer went that is switched on; of one that has not looked yet, that it saw nothing."""
        config = self._config()
        switched_on = {name: settings for name in self._observers if (settings := settings_of(config, name)).enabled}
        return {name: self._looks.get(name, Look(settings.every)) for name, settings in switched_on.items()}

    def start(self) -> None:
        """Begin with the first looks."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End after the looks under way, or without them when the host keeps them waiting."""
        self._closing.set()
        for thread in self._threads:
            thread.join(_LAST_LOOK_SECONDS)

    def _follow(self, name: str) -> None:
        observer = self._observers[name]
        memory = _recall(self._config(), name, observer)
        while not self._closing.is_set():
            config, began_at = self._config(), self._clock.monotonic()
            settings = settings_of(config, name)
            if settings.enabled:
                last = self._looks.get(name, Look(settings.every))
                looking = Looking(config, self._clock.now(), memory)
                self._looks[name] = look = take(observer, looking, last, (settings.every, self._clock))
                _tell(name, last.fault, look.fault)
                if look.fault is None:
                    memory = look.sight.memory
                    _remember(config, name, memory)
            else:
                self._looks.pop(name, None)
            self._pause(name, settings, began_at)

    def _pause(self, name: str, settings: Settings, began_at: float) -> None:
        """Wait until the next look is due, or the observer is configured anew."""
        while settings_of(self._config(), name) == settings and not self._closing.is_set():
            left_seconds = settings.every - (self._clock.monotonic() - began_at)
            if left_seconds <= 0:
                return
            self._closing.wait(min(left_seconds, _NOTICED_SECONDS))


def settings_of(config: Config, name: str) -> Settings:
    """Return what the configuration says of an observer, by id."""
    settings: Settings = getattr(config.exporter.observers, name.replace("-", "_"))
    return settings


def take(observer: Observer, looking: Looking, last: Look, pace: tuple[float, Clock]) -> Look:
    """Look once; what cannot be seen now leaves what was seen last, and says why."""
    period_seconds, clock = pace
    asked_at = clock.monotonic()
    try:
        sight = observer.look(looking)
    except NotSeen as reason:
        return _failed(last, period_seconds, str(reason))
    except Exception as error:
        log.exception("an observer failed by a fault of its own")
        return _failed(last, period_seconds, f"a fault of our own: {type(error).__name__}: {error}")
    # Whole seconds, as the cycle has them: what is seen at one look counts once.
    return Look(period_seconds, sight, float(math.floor(looking.now)), asked_at, clock.monotonic() - asked_at)


def _tell(name: str, before: str | None, fault: str | None) -> None:
    """Log once when an observer does not see, and once when it does again."""
    if fault is not None and fault != before:
        log.warning("observer %s: it does not see: %s", name, fault)
    elif fault is None and before is not None:
        log.info("observer %s: it sees again, after: %s", name, before)


def _failed(last: Look, period_seconds: float, fault: str) -> Look:
    return dataclasses.replace(last, period_seconds=period_seconds, fault=fault)


def _file(config: Config, name: str) -> pathlib.Path | None:
    directory = config.exporter.state_directory
    return pathlib.Path(directory, "observers", f"{name}.json") if directory is not None else None


def _recall(config: Config, name: str, observer: Observer) -> Any:
    """Return what an observer was to remember, None where nothing can be read."""
    file = _file(config, name)
    if file is None or observer.memory is None:
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=observer.memory)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning("observer %s: what it remembered cannot be read, it begins anew: %s", name, error)
        return None


def _remember(config: Config, name: str, memory: Any) -> None:
    """Keep what an observer is to remember, whole or not at all; on a full disk the old stays."""
    file = _file(config, name)
    if file is None or memory is None:
        return
    unfinished = file.with_suffix(".unfinished")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished.write_bytes(msgspec.json.encode(memory))
        unfinished.replace(file)
    except (OSError, TypeError, ValueError) as error:
        log.warning("observer %s: what it is to remember was not kept: %s", name, error)
        with contextlib.suppress(OSError):
            unfinished.unlink()

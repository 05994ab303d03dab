"""`homeostat-observer`: started by systemd for one question of the exporter's, looks as root, answers, and is gone again."""

from __future__ import annotations

import logging
import pathlib
import socket
from typing import TYPE_CHECKING

import click
import msgspec

import exporter.observers
from exporter.door import Answer
from exporter.observation import Looking, NotSeen, Observer
from homeostat import __version__, logs
from homeostat.clock import SystemClock
from homeostat.config import DEFAULT_CONFIG, Config, ConfigError, load
from homeostat.config.ownership import see_that_only_root_writes, texts_of
from homeostat.config.shared_windows import UnknownWindowsError
from homeostat.discovery import ids, load_plugin

if TYPE_CHECKING:
    from homeostat.clock import Clock

log = logging.getLogger(__name__)

# Longer than any observer's id; whoever says more is not heard out.
_MOST_BYTES = 64
_PATIENCE_SECONDS = 5.0
_STANDARD_INPUT = 0


@click.command()
@click.option("--config.file", "config_file", type=click.Path(path_type=pathlib.Path), default=DEFAULT_CONFIG, show_default=True, help="The configuration.")
@click.version_option(__version__, "--version")
def main(config_file: pathlib.Path) -> None:
    """Hear one observer's id on the socket that is standard input, look with it as root, and answer in JSON."""
    logs.configure("info", "logfmt")
    clock = SystemClock()
    with socket.socket(fileno=_STANDARD_INPUT) as connection:
        try:
            answer = answered(heard(connection, clock), config_file, clock)
            connection.settimeout(_PATIENCE_SECONDS)
            connection.sendall(msgspec.json.encode(answer))
        except OSError as fault:
            log.warning("the question was not answered: %s", fault)


def heard(connection: socket.socket, clock: Clock) -> str:
    """Return the one line that was said, or as much of it as may be. Raises OSError when it does not come."""
    said, ends_at = b"", clock.monotonic() + _PATIENCE_SECONDS
    while b"\n" not in said and len(said) <= _MOST_BYTES:
        connection.settimeout(max(0.001, ends_at - clock.monotonic()))
        chunk = connection.recv(_MOST_BYTES)
        if not chunk:
            break
        said += chunk
    return said.partition(b"\n")[0].decode("ascii", "replace")


def answered(name: str, config_file: pathlib.Path, clock: Clock) -> Answer:
    """Look with the observer of exactly that id, if it needs root, and say what it saw; nothing else that was said is used."""
    if name not in ids(exporter.observers):
        return Answer(reason="that is no observer's name")
    observer = load_plugin(exporter.observers, name, "OBSERVER", Observer)
    if not observer.needs_root:
        return Answer(reason=f"{name} needs no root")
    try:
        facts = observer.gather(Looking(_configuration(config_file), clock.now()))
    except (NotSeen, ConfigError, OSError) as why:
        return Answer(reason=str(why))
    except Exception as fault:
        log.exception("%s failed by a fault of its own", name)
        return Answer(reason=f"a fault of our own: {type(fault).__name__}: {fault}")
    return Answer(facts=msgspec.Raw(msgspec.json.encode(facts)))


def _configuration(config_file: pathlib.Path) -> Config:
    """Read what only root may have written. Raises ConfigError and OSError."""
    try:
        config = load(config_file, Config)
    except UnknownWindowsError as fault:
        # Nothing is looked at by windows.
        config = fault.rest
    see_that_only_root_writes(texts_of(config_file, config))
    return config


if __name__ == "__main__":
    main()

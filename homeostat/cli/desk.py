"""What every command needs: the doors, and parameters that are checked."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from homeostat.alertmanager import AlertmanagerError
from homeostat.cli.author import signature
from homeostat.cli.said import reply
from homeostat.cli.showing import table as table  # noqa: PLC0414 - as above
from homeostat.config import Config, ConfigError, Duration, load
from homeostat.credentials import CredentialError
from homeostat.daemon_client import DaemonError
from homeostat.doors import open_doors
from homeostat.printable import printable as printable  # noqa: PLC0414 - every command takes it from here
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from homeostat.doors import Doors


def with_doors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hand a command the configuration with its doors, and tell its errors in one line with exit code 1."""

    @click.pass_obj
    @functools.wraps(command)
    def wrapped(config_file: pathlib.Path, *values: Any, **options: Any) -> Any:
        try:
            return command(open_doors(load(config_file, Config)), *values, **options)
        except BrokenPipeError:
            # Who reads on, as `head` does, has read enough: click ends quietly.
            raise
        except (ConfigError, CredentialError, DaemonError, PrometheusError, AlertmanagerError) as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            raise click.ClickException(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)) from None
        except UnicodeEncodeError as error:
            raise click.ClickException(f"{printable(error.object)} holds bytes that are no UTF-8, so it names nothing") from None

    return wrapped


class DurationParameter(click.ParamType[Duration, Duration]):
    """A Prometheus duration on the command line."""

    name = "duration"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Duration:
        """Read `24h`; anything else is a usage error."""
        if isinstance(value, Duration):
            return value
        try:
            return Duration.parse(value)
        except ValueError as error:
            self.fail(str(error), parameter, context)


class IncidentId(click.ParamType[str, str]):
    """An incident's id on the command line: it becomes part of an address, so it holds letters and digits only."""

    name = "id"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> str:
        """Take it as it is; anything else is a usage error."""
        if not (isinstance(value, str) and value.isascii() and value.isalnum()):
            self.fail(f"{printable(str(value))!r} is no incident's id; see: homeostat decisions", parameter, context)
        return value


def speak(doors: Doors, incident_id: str, word: str, *, as_json: bool, **said: Any) -> None:
    """Say a word on an incident to the actor, with the speaker's name, and print what comes of it. Raises DaemonError."""
    answer = doors.actor.post(f"incidents/{incident_id}/{word}", {"author": signature(), **said})
    reply(answer["reason"], as_json=as_json, incident=incident_id, **{name: value for name, value in answer.items() if name != "reason"})

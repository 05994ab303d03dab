"""A compose file as one unit of systemd's: what its text is, what podman-compose makes of the file, and whether the containers it brought up are well."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from typing import TYPE_CHECKING

import msgspec
import yaml

from homeostat import shell
from homeostat.config.vital import is_vital

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeostat.config import Raw
    from homeostat.units.asking import Told

FOLDER = "/etc/containers/compose"
PROGRAM = "/usr/bin/podman-compose"
_READ_SECONDS, _MOST_BYTES = 60, 1024 * 1024
_LOGGED = re.compile(r"[A-Z]+:podman_compose:.*\n", re.MULTILINE)
_NEVER_STARTED = "0001-"
# A deployment ends what does not start in time; at boot nobody else does, and the host would wait for it.
_MARGIN_SECONDS = 30
# The compose file comes in by standard input, for podman-compose takes what is relative in it from where the file lies, or from where itself
# stands. Down stands there twice: what failed to start is stopped by ExecStopPost alone.
_UNIT = """\
# Made by `homeostat deploy` of {file}: change that one, and deploy it anew.
[Unit]
Description={name}, brought up by podman-compose
Wants={first}
After={first}

[Service]
Type=oneshot
RemainAfterExit=yes
WorkingDirectory={folder}
StandardInput=file:{copy}
TimeoutStartSec={seconds:.0f}
ExecStart={command} up --detach --force-recreate --remove-orphans
ExecStop={command} down --remove-orphans
ExecStopPost={command} down --remove-orphans

[Install]
WantedBy=multi-user.target
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Project:
    """A compose file by the name of its project, and where a stack says so; what it makes is known once podman-compose has read it."""

    name: str
    file: pathlib.Path
    said: Raw
    images: tuple[str, ...] = ()
    services: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The unit that podman-compose itself says, on each container, that it belongs to."""
        return f"podman-compose@{self.name}.service"

    @property
    def copy(self) -> str:
        """Where its compose file lies as it was deployed."""
        return f"{FOLDER}/{self.name}.yml"

    @property
    def variables(self) -> str:
        """Where its .env file lies as it was deployed."""
        return f"{FOLDER}/{self.name}.env"

    @property
    def dotenv(self) -> pathlib.Path:
        """The .env file from which its variables are taken, where there is one."""
        return self.file.with_name(".env")


class _Service(msgspec.Struct, frozen=True):
    image: str | None = None
    container_name: str | None = None
    build: object = None


class _Made(msgspec.Struct, frozen=True):
    services: dict[str, _Service]


def unit_text(project: Project, needs: Iterable[str], start_seconds: float, *, has_variables: bool) -> str:
    """Return the text of a project's unit, which starts after the units that it needs, and may take so long."""
    variables = project.variables if has_variables else "/dev/null"
    return _UNIT.format(
        file=project.file, name=project.name, first=" ".join(("network-online.target", *needs)), folder=str(project.file.parent).replace("%", "%%"),
        copy=project.copy, seconds=start_seconds + _MARGIN_SECONDS, command=f"{PROGRAM} --project-name {project.name} --env-file {variables} --file -",
    )  # fmt: skip


def read(project: Project) -> Project:
    """Have podman-compose read a project's file, and return the project with what it makes. Raises ConfigError."""
    if not pathlib.Path(PROGRAM).exists():
        raise project.said.fault(f"{PROGRAM} is not installed, so no compose file can be deployed; install the package podman-compose")
    variables = str(project.dotenv) if project.dotenv.is_file() else "/dev/null"
    asked = (PROGRAM, "--project-name", project.name, "--env-file", variables, "--file", str(project.file), "config")
    ended = shell.run(asked, _READ_SECONDS, most_output_bytes=_MOST_BYTES)
    if not ended.ok:
        # What it cannot read it tells by a traceback, of which the last line is for people.
        why = ended.cut or (ended.output.strip().splitlines() or [f"exit {ended.status}"])[-1]
        raise project.said.fault(f"podman-compose cannot read {project.file}: {why}")
    return made(project, ended.output)


def made(project: Project, output: str) -> Project:
    """Return a project with what podman-compose's `config` says that it makes. Raises ConfigError where that is nothing, or is never touched."""
    try:
        services = msgspec.convert(yaml.safe_load(_LOGGED.sub("", output)), _Made).services
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise project.said.fault(f"what podman-compose makes of {project.file} is not understood: {error}") from None
    if not services:
        raise project.said.fault(f"{project.file} names no services")
    named = (project.name, *(service.container_name or f"{project.name}_{name}" for name, service in services.items()))
    vital = next(filter(is_vital, named), None)
    if vital is not None:
        raise project.said.fault(f"{vital!r} is never touched: it keeps the host reachable, watched or alive")
    # What it builds itself nobody else has.
    images = dict.fromkeys(service.image for service in services.values() if service.image and service.build is None)
    return dataclasses.replace(project, images=tuple(images), services=tuple(services))


def of(project: Project, containers: Iterable[Told]) -> tuple[Told, ...]:
    """Return the containers that a project has."""
    return tuple(told for told in containers if told.unit == project.unit)


def sick(project: Project, containers: Iterable[Told]) -> str | None:
    """Say which of a project's containers is not well, or None: each runs, as healthy as it says itself, or did what it had to do."""
    own = of(project, containers)
    logs = f"see: journalctl --unit={project.unit}"
    if len(own) < len(project.services):
        return f"of its {len(project.services)} services only {len(own)} have a container; {logs}"
    fault = next(filter(None, map(_fault, own)), None)
    return f"{fault}; {logs}" if fault is not None else None


def _fault(told: Told) -> str | None:
    if told.running:
        return f"{told.name} is {told.health}" if told.health not in {"", "healthy"} else None
    if told.started.startswith(_NEVER_STARTED):
        return f"{told.name} could not be started"
    return f"{told.name} ended with exit code {told.exit_code}" if told.exit_code else None

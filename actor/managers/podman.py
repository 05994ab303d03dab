"""Containers of podman that no unit manages; a quadlet is a unit, and systemd its manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Manager

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv, Service

_FORMAT = (
    "ContainerName={{.Name}}{{println}}"
    "ActiveState={{if .State.Running}}active{{else}}inactive{{end}}{{println}}"
    "InvocationID={{.State.StartedAt}}{{println}}"
    "MainPID={{.State.Pid}}{{println}}"
    "ImageID={{.Image}}"
)


def _show(service: Service) -> Argv:
    assert service.unit is not None
    return ("/usr/bin/podman", "container", "inspect", "--format", _FORMAT, "--", service.unit)


def _restart(service: Service) -> Argv:
    assert service.unit is not None
    return ("/usr/bin/podman", "container", "restart", "--", service.unit)


MANAGER = Manager(show=_show, restart=_restart)

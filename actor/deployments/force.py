"""Brings into force what is declared: the manager reads its units anew and starts one exact service afresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor import systemctl, unit
from actor.deployments import podman
from actor.model import StepFailed
from homeostat import shell

if TYPE_CHECKING:
    from actor.deployments.store import Deployment
    from homeostat.config.catalogue import Argv, Service
    from homeostat.units.places import Place

_RELOAD_SECONDS = 90


def reload(service: Service) -> Argv:
    """Return the argv that has the service's manager read its units anew."""
    return (*_place(service).systemctl, "daemon-reload")


def _place(service: Service) -> Place:
    return systemctl.place_of(systemctl.user_of(service))


def read_units(service: Service) -> None:
    """Have the service's manager read its units anew. Raises StepFailed."""
    _done(reload(service), _RELOAD_SECONDS)


def settle(service: Service, deployment: Deployment, *, moved: bool) -> None:
    """See that a service runs as `deployment` says once its files and its image are back; where it does, nothing is done. Raises StepFailed."""
    assert service.unit is not None
    if moved or _may_be_unread(service, deployment):
        read_units(service)
    if _runs_so(service, deployment):
        return
    # What died too often is started no more before that is forgotten; what did not need it does not mind.
    shell.run((*_place(service).systemctl, "reset-failed", "--", service.unit), _RELOAD_SECONDS)
    _done(unit.MANAGERS[service.manager].restart(service), service.restart_timeout)


def _may_be_unread(service: Service, deployment: Deployment) -> bool:
    try:
        # A file that a killed undo has put back has its old time again, by which systemd does not see that it is another.
        return unit.show(service).needs_reload or not _runs_so(service, deployment)
    except StepFailed:
        # Nothing that it could read was declared until now.
        return True


def _runs_so(service: Service, deployment: Deployment) -> bool:
    state = unit.show(service)
    if not state.active or state.edited is not None:
        return False
    if deployment.image is None:
        return True
    assert service.unit is not None
    image = podman.running_image(service.unit, deployment.user)
    return image is not None and image.id == deployment.image.id


def _done(argv: Argv, deadline_seconds: float) -> None:
    completed = shell.run(argv, deadline_seconds)
    if not completed.ok:
        raise StepFailed(str(completed))

"""What a service's unit is made of, which image its container runs, and whether that is what is declared."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import msgspec

from actor import systemctl, unit
from actor.deployments import podman
from actor.deployments.podman import Image
from actor.disk import files
from actor.model import StepFailed, UnitState
from homeostat.units.files import QUADLETS

if TYPE_CHECKING:
    from homeostat.config.catalogue import Service

_OF_SYSTEM = "/etc/systemd/system"


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What runs of a service, and where its unit is declared: `places` are files and folders, there or not.

    `declared` is the id of the image that the name of the running one stands for now, None where it stands for none.
    """

    state: UnitState
    places: tuple[str, ...]
    image: Image | None
    declared: str | None

    @property
    def edited(self) -> bool:
        """Whether a file of its unit is another than when it was started."""
        return self.state.needs_reload or self.state.edited is not None

    @property
    def retagged(self) -> bool:
        """Whether the name of its image stands for another image by now."""
        return self.image is not None and self.declared != self.image.id


def runs_still(service: Service, running: Running) -> bool:
    """Say whether a service still runs as it was seen to, and none of its files has been touched since it was started. Raises StepFailed."""
    state = unit.show(service)
    return state.active and state.started_at == running.state.started_at and state.drift is None


def look(service: Service) -> Running:
    """Look at what runs and what is declared of it. Raises StepFailed where there is no unit of its own to look at, or nobody answers."""
    state, places = unit_of(service)
    if not podman.installed():
        if state.files[0].endswith(QUADLETS):
            raise StepFailed(f"{state.files[0]} is podman's, and {podman.PODMAN} is not installed")
        return Running(state=state, places=places, image=None, declared=None)
    assert service.unit is not None
    user = systemctl.user_of(service)
    image = podman.running_image(service.unit, user)
    declared = podman.image_id(image.reference, user) if image is not None else None
    return Running(state=state, places=places, image=image, declared=declared)


def unit_of(service: Service) -> tuple[UnitState, tuple[str, ...]]:
    """Return what the manager says of a service, and the places where its unit is declared. Raises StepFailed as `look`."""
    if service.unit is None or not service.has_unit:
        raise StepFailed(f"manager {service.manager} knows no unit whose files could be kept")
    if "@" in service.unit:
        raise StepFailed(f"{service.unit} is an instance of a template, whose file is other units' too")
    state = unit.show(service)
    if not state.files:
        raise StepFailed(f"no file declares {service.unit}")
    _is_plain(state.files[0])
    user = systemctl.user_of(service)
    home = systemctl.place_of(user).home
    return state, places(service.unit, state.files, home)


def places(unit_name: str, own_files: tuple[str, ...], home: str | None = None) -> tuple[str, ...]:
    """Return where a unit of the system, or of the user with that `home`, may be declared. Raises StepFailed where that is not the user's to say.

    What drop-ins of all units or of a prefix say is not this unit's, and stays out.
    """
    own, *drop_ins = own_files
    others = f"{home}/.config/systemd/user" if home is not None else _OF_SYSTEM
    # Where a person overrides a package's unit, or adds to it.
    found = {own, f"{own}.d", f"{others}/{unit_name}.d"}
    if own.endswith(f"/{unit_name}"):
        found.add(f"{others}/{unit_name}")
    found |= {str(folder) for folder in (pathlib.PurePosixPath(path).parent for path in drop_ins) if folder.name == f"{unit_name}.d"}
    strange = next((path for path in sorted(found) if home is not None and not pathlib.PurePosixPath(path).is_relative_to(home)), None)
    if strange is not None:
        raise StepFailed(f"{strange} does not lie in {home}, so it is not this user's unit alone")
    return tuple(sorted(found))


def _is_plain(path: str) -> None:
    place = pathlib.PurePosixPath(path)
    try:
        with files.opened(str(place.parent)) as folder:
            status = files.status_of(place.name, folder)
    except OSError as error:
        raise StepFailed(f"{path} cannot be looked at: {error.strerror}") from None
    if status is None:
        raise StepFailed(f"{path} is gone, and with it what declares the unit")
    if pathlib.Path(path).is_symlink():
        raise StepFailed(f"{path} is a symlink; what it leads to may be others' too")

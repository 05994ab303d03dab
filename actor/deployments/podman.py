"""What is asked of podman about the image of a unit's container, the system's podman or a user's."""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

import msgspec

from actor import systemctl
from actor.model import StepFailed
from homeostat import shell

if TYPE_CHECKING:
    from homeostat.shell import Completed

PODMAN = "/usr/bin/podman"
_ASK_SECONDS = 20
_MARK = "homeostat:"
# An image that is named by its digest or its id keeps that name: there is no tag to move.
_FIXED = re.compile(r".*@sha256:[0-9a-f]{64}|(sha256:)?[0-9a-f]{64}")


class Image(msgspec.Struct, frozen=True):
    """The image of a container: the name by which its unit asks for it, and the id of what it runs."""

    reference: str
    id: str

    @property
    def is_tagged(self) -> bool:
        """Whether its name may come to mean another image."""
        return _FIXED.fullmatch(self.reference) is None


def installed() -> bool:
    """Say whether there is a podman at all."""
    return pathlib.Path(PODMAN).exists()


def running_image(unit: str, user: str | None) -> Image | None:
    """Return the image of the container that runs for a unit, None where none does. Raises StepFailed when podman does not answer."""
    label = f"label=PODMAN_SYSTEMD_UNIT={unit}"
    told = _asked(_podman(user, "ps", "--no-trunc", f"--filter={label}", f"--format={_MARK}{{{{.ImageID}}}} {{{{.Image}}}}"))
    for found in told:
        image_id, _, reference = found.partition(" ")
        return Image(reference, image_id)
    return None


def containers(user: str | None) -> list[tuple[str, str, str]]:
    """Return of each container, running or not, its name, the name of its image, and the unit that runs it, empty for none. Raises StepFailed."""
    told = _asked(_podman(user, "ps", "--all", "--no-trunc", f'--format={_MARK}{{{{.Names}}}}|{{{{.Image}}}}|{{{{index .Labels "PODMAN_SYSTEMD_UNIT"}}}}'))
    return [(name, image, unit) for name, image, unit in (line.split("|", 2) for line in told)]


def image_id(reference: str, user: str | None) -> str | None:
    """Return the id of the image that a name stands for now, None where it stands for none. Raises StepFailed when podman does not answer."""
    known = _podman(user, "image", "exists", reference)
    if known.cut is None and known.status == 1:
        return None
    told = _asked(_podman(user, "image", "inspect", f"--format={_MARK}{{{{.Id}}}}", "--", reference))
    if not told:
        raise StepFailed(f"podman tells no id of the image {reference}")
    return told[0]


def tag(image: str, reference: str, user: str | None) -> None:
    """Let a name stand for an image. Raises StepFailed."""
    _asked(_podman(user, "image", "tag", "--", image, reference))


def untag(reference: str, user: str | None) -> None:
    """Take a name away, and nothing but that; without it does no harm. Raises StepFailed."""
    if image_id(reference, user) is not None:
        _asked(_podman(user, "image", "untag", "--", reference, reference))


def _podman(user: str | None, *words: str) -> Completed:
    return shell.run((*systemctl.place_of(user).podman, *words), _ASK_SECONDS)


def _asked(completed: Completed) -> list[str]:
    """Return the lines that bear our mark: podman's warnings stand between them."""
    if not completed.ok:
        raise StepFailed(f"podman does not answer: {completed}")
    return [line.removeprefix(_MARK) for line in completed.output.splitlines() if line.startswith(_MARK)]

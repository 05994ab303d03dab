"""Deletes podman's dangling images, where they lie on the target: of no name and of no container, each by its exact id; podman pulls again what it needs.

Not `podman image prune`: that decides anew what goes. What keeps the way back of a deployment bears a name, so it never dangles.
"""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

import msgspec

from actor import execution
from actor.disk.quarantine import on_target
from actor.kinds import Step
from actor.model import Case, Command, Effect, Prediction, StepFailed
from homeostat import shell
from homeostat.amounts import amount

if TYPE_CHECKING:
    from collections.abc import Iterable

PODMAN = "/usr/bin/podman"
_ASK_SECONDS, _DEADLINE_SECONDS = 30, 120
# More would not fit an argv at ease; the rest goes next time.
_MOST_IMAGES = 500


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only dangling ones: an image that has a name is somebody's."""

    dangling: bool = True

    def __post_init__(self) -> None:
        """Refuse to delete images that have a name."""
        if not self.dangling:
            raise ValueError("dangling: false would delete images that somebody has named; only dangling ones go")


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """A dangling image: its id, and its bytes with the layers that it may share with others."""

    id: str
    size_bytes: int


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The dangling images that no container uses, where podman keeps its images on the target; `left` says what podman does not tell."""

    images: tuple[Image, ...] = ()
    left: tuple[str, ...] = ()


class _Listed(msgspec.Struct, frozen=True):
    """An image as `podman image ls --format json` tells it."""

    id: str = msgspec.field(name="Id")
    size_bytes: int = msgspec.field(name="Size")
    containers: int = msgspec.field(name="Containers", default=0)
    names: tuple[str, ...] | None = msgspec.field(name="Names", default=None)


def _gather(case: Case, options: Options) -> Facts:
    del options
    if not pathlib.Path(PODMAN).exists():
        return Facts()
    try:
        place = _ask("info", "--format", "{{.Store.GraphRoot}}").strip()
        return Facts(images=tuple(_dangling()[:_MOST_IMAGES]) if on_target(case, place) else ())
    except StepFailed as failure:
        # A podman that is broken is no reason to clean up nothing.
        return Facts(left=(str(failure),))


def _ask(*words: str) -> str:
    completed = shell.run((PODMAN, *words), _ASK_SECONDS)
    if not completed.ok:
        raise StepFailed(f"podman does not tell of its images: {completed}")
    return completed.output


def _dangling() -> list[Image]:
    """Return what is dangling now, by id. Raises StepFailed."""
    try:
        listed = msgspec.json.decode(_ask("image", "ls", "--filter=dangling=true", "--format=json") or "[]", type=list[_Listed])
    except msgspec.DecodeError as fault:
        raise StepFailed(f"podman tells of its images what cannot be read: {fault}") from None
    unused = (each for each in listed if not each.names and not each.containers)
    return sorted((Image(id=each.id, size_bytes=each.size_bytes) for each in unused), key=lambda image: image.id)


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    del options
    if not facts.images:
        return ()
    most_bytes = sum(image.size_bytes for image in facts.images)
    count = "1 dangling image" if len(facts.images) == 1 else f"{len(facts.images)} dangling images"
    return (
        Command(
            step="image-prune",
            summary=f"delete {count} of podman's, which no container uses",
            arguments={"argv": list(_remove(image.id for image in facts.images))},
            expected=f"frees up to {amount(most_bytes, 'bytes')}, less the layers that other images share",
            oracle="podman: an image that is not there any more has been deleted",
            irreversible=True,
            frees=Prediction(least_bytes=0, most_bytes=most_bytes),
        ),
    )


def _remove(ids: Iterable[str]) -> tuple[str, ...]:
    # Without --force podman itself refuses an image that a container uses.
    return (PODMAN, "image", "rm", "--ignore", "--", *ids)


def _perform(case: Case, command: Command) -> dict[str, Any]:
    still = {image.id: image for image in _dangling()}
    going = [still[name] for name in _ids(command) if name in still]
    if not going:
        return {"deleted": 0, "predicted": msgspec.to_builtins(Prediction(least_bytes=0, most_bytes=0))}
    completed = execution.run(case, command, _remove(image.id for image in going), _DEADLINE_SECONDS)
    if not completed.ok:
        raise StepFailed(f"images were not deleted: {completed}")
    predicted = Prediction(least_bytes=0, most_bytes=sum(image.size_bytes for image in going))
    return {"deleted": len(going), "output": completed.output.strip()[-2000:], "predicted": msgspec.to_builtins(predicted)}


def _ids(command: Command) -> list[str]:
    argv: list[str] = command.arguments["argv"]
    return argv[argv.index("--") + 1 :]


def _oracle(case: Case, command: Command) -> Effect:
    fate = execution.fate(case, command)
    if fate is not None:
        return fate
    left = {image.id for image in _dangling()}.intersection(_ids(command))
    if not left:
        return "done"
    return "none" if len(left) == len(_ids(command)) else "partial"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, left=lambda facts: facts.left, loss="regenerable", acts_on=("filesystem",))

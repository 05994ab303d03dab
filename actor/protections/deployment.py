"""What a service was deployed as, before another deployment of it: its unit's files and its image; undo puts both back and starts it so.

Where a file was edited since the service was started, what runs is on the disk no more: then the good deployment that was
kept last stands in for it, and the edit itself is kept beside.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import TYPE_CHECKING, Any

import msgspec

from actor import unit
from actor.deployments import facts, force, podman, store
from actor.disk import copies, files, shelf, three_way
from actor.disk.three_way import Changes, Trace
from actor.kinds import Protection
from actor.model import Case, Kept, Restored, StepFailed, Unprotectable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from actor.deployments.facts import Running
    from actor.deployments.store import Deployment
    from actor.model import UnitState
    from homeostat.config import Config

FOLDER = "undeployed"
_FREE_BYTES = 16 * 1024**2


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What an undo needs: where the earlier deployment is kept, and what of its paths and of its image's name (an id) is of the action.

    Until it is `sealed` these are what stood there before, which an action that only brings it into force leaves as it is.
    """

    folder: str
    changed: Changes = {}
    image_left: str | None = None
    sealed: bool = False


def _folder(config: Config) -> pathlib.Path:
    return pathlib.Path(config.actor.root_directory, FOLDER)


def _obstacle(case: Case) -> str | None:
    if case.service is None:
        return f"{case.target} is no service, so it was never deployed"
    try:
        state, places = facts.unit_of(case.service)
    except StepFailed as failure:
        return str(failure)
    own = [pathlib.PurePosixPath(place) for place in (case.config.actor.state_directory, case.config.actor.root_directory)]
    covering = next((path for path in places if any(pathlib.PurePosixPath(path).is_relative_to(place) for place in own)), None)
    if covering is not None:
        return f"{covering} holds the actor's own state"
    if shelf.free_bytes(str(_folder(case.config))) < _FREE_BYTES:
        return f"too little is free at {_folder(case.config)} to keep an earlier deployment"
    return _unknown(case, state)


def _unknown(case: Case, state: UnitState) -> str | None:
    edited = state.edited or (state.files[0] if state.needs_reload else None)
    if edited is None or store.good_of(case.config, case.target):
        return None
    return f"{edited} was edited since {case.target} was started, and no good deployment of it is kept from before"


def _protect(case: Case) -> dict[str, Any]:
    place = _folder(case.config)
    obstacle = _obstacle(case)
    if obstacle:
        raise Unprotectable(obstacle)
    assert case.service is not None
    try:
        running = facts.look(case.service)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with files.opened(str(place)) as shelves:
            name = shelf.new_name(case, os.listdir(shelves))  # noqa: PTH208 - by descriptor
            _keep_earlier(case, running, shelves, name)
        return shelf.written(Record(folder=str(place / name), changed=copies.changes(str(place / name)), image_left=running.declared))
    except copies.ChangedMeanwhile:
        raise Unprotectable(f"the files of {case.target} changed while they were copied") from None
    except (OSError, StepFailed) as error:
        raise Unprotectable(f"the deployment of {case.target} cannot be kept: {error}") from None


def _keep_earlier(case: Case, running: Running, shelves: int, name: str) -> None:
    assert case.service is not None
    kept = store.good_of(case.config, case.target) if running.edited else []
    good = store.before_the_edit(kept, running.image, running.state.started_at) if kept else None
    image = running.image or (good.deployment.image if good is not None else None)
    deployment = store.deployment_of((case.target, case.service), image, running.state.started_at)
    if good is None:
        service = case.service
        store.put(shelves, name, deployment, running.places, lambda: unit.show(service).drift is None)
    else:
        store.put_again(shelves, name, deployment, good)


def _seal(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    """Note how the action left each path that it changed, and the image's name, so that an undo can tell later changes from its own."""
    del case
    taken = msgspec.convert(record, Record)
    return shelf.written(Record(folder=taken.folder, changed=copies.changes(taken.folder), image_left=_named_now(store.read(taken.folder)), sealed=True))


def _named_now(deployment: Deployment) -> str | None:
    return podman.image_id(deployment.image.reference, deployment.user) if deployment.image is not None else None


def _keep(case: Case, record: dict[str, Any]) -> None:
    del case, record


def _roll_back(case: Case, record: dict[str, Any]) -> Restored:
    """Put the unit's files and the name of its image back where they still are as the action left them, and start the service so."""
    taken = _claimed(case, msgspec.convert(record, Record))
    deployment = store.read(taken.folder)
    undone = _undone(taken, deployment, three_way.revert)
    if _image_goes_back(taken, deployment):
        assert deployment.image is not None
        podman.tag(deployment.image.id, deployment.image.reference, deployment.user)
    if undone.conflicts:
        # Half of one deployment and half of another would be neither.
        return undone
    if case.service is None:
        return msgspec.structs.replace(undone, conflicts=(f"{deployment.service} (no longer in the catalogue, so it was not started afresh)",))
    force.settle(case.service, deployment, moved=undone.restored > 0)
    return undone


def _rehearse(case: Case, record: dict[str, Any]) -> Restored:
    taken = _claimed(case, msgspec.convert(record, Record))
    return _undone(taken, store.read(taken.folder), three_way.rehearse)


def _claimed(case: Case, taken: Record) -> Record:
    """Return the record of an action that was killed before it was sealed with what is plainly its own: the files and the image of a deployment that is kept."""
    if taken.sealed:
        return taken
    try:
        kept = store.good_of(case.config, case.target)
        before = [copies.manifest_of(good.folder) for good in kept]
    except (StepFailed, OSError, ValueError):
        # What is damaged tells nothing; then it is left, and named.
        return taken
    sums = copies.sums(copies.manifest_of(taken.folder).write_set)

    def is_of(path: str, left: Trace, manifest: copies.Manifest) -> bool:
        # With its times too, which nobody's editor writes.
        known = manifest.before.get(path)
        return known is not None and not left.is_folder and left.looks_like(known) and sums.get(path) == manifest.sha256.get(path)

    now = copies.changes(taken.folder)
    ours = {path: left for path, left in now.items() if left is not None and any(is_of(path, left, manifest) for manifest in before)}
    named, images = _named_now(store.read(taken.folder)), {good.deployment.image.id for good in kept if good.deployment.image is not None}
    return msgspec.structs.replace(taken, changed={**ours, **taken.changed}, image_left=named if named in images else taken.image_left)


def _undone(taken: Record, deployment: Deployment, how: three_way.Undo) -> Restored:
    """Put the files back, or only tell, as `how` does it; of the image tell only."""
    now = copies.changes(taken.folder)
    others = () if taken.sealed else three_way.unsealed((path for path in now if path not in taken.changed), taken.folder).conflicts
    image = _image_goes_back(taken, deployment)
    done = copies.undone(taken.folder, taken.changed, how)
    conflicts = (*done.conflicts, *(f"/{path}" for path in others))
    if deployment.image is None or image is None:
        return msgspec.structs.replace(done, conflicts=conflicts)
    reference = deployment.image.reference
    if image:
        return Restored(restored=done.restored + 1, conflicts=conflicts, paths=(*done.paths, reference))
    kept = store.tag_of(pathlib.PurePosixPath(taken.folder).name)
    return Restored(restored=done.restored, conflicts=(*conflicts, f"{reference} (stands for another image since; the earlier one is {kept})"), paths=done.paths)


def _image_goes_back(taken: Record, deployment: Deployment) -> bool | None:
    """Say whether the image's name is to be moved back; None where it is right or cannot move, False where somebody else moved it."""
    image = deployment.image
    if image is None or not image.is_tagged:
        return None
    now = _named_now(deployment)
    if now == image.id:
        return None
    return now in {taken.image_left, None}


def _kept(config: Config) -> tuple[Kept, ...]:
    place = _folder(config)
    found = []
    with contextlib.suppress(OSError), files.opened(str(place)) as folder:
        for name in sorted(os.listdir(folder)):  # noqa: PTH208 - by descriptor
            if shelf.incident_of(name.removesuffix(copies.UNFINISHED)) is not None:
                record = {"folder": str(place / name)}
                found.append(Kept(name=name, place=str(place), made_at=os.lstat(name, dir_fd=folder).st_mtime, record=record))
    return tuple(found)


def _room(record: dict[str, Any]) -> float:
    return shelf.room_ratio(str(pathlib.PurePosixPath(msgspec.convert(record, Record).folder).parent))


def _discard(record: dict[str, Any]) -> None:
    try:
        store.discard(msgspec.convert(record, Record).folder)
    except StepFailed as failure:
        raise OSError(str(failure)) from None


def _locate(record: dict[str, Any], path: str) -> AbstractContextManager[tuple[int, pathlib.PurePosixPath]]:
    return copies.located(msgspec.convert(record, Record).folder, path)


PROTECTION = Protection(
    word="preimage",
    obstacle=_obstacle,
    protect=_protect,
    seal=_seal,
    keep=_keep,
    roll_back=_roll_back,
    rehearse=_rehearse,
    kept=_kept,
    room=_room,
    discard=_discard,
    locate=_locate,
    of_deployments=True,
)

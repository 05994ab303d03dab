"""Deployments that are kept, each a folder: copies of the unit's files, and a name of our own for the image, so that no prune takes it."""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import TYPE_CHECKING

import msgspec

from actor import systemctl
from actor.deployments import podman
from actor.deployments.podman import Image
from actor.disk import copies, entries, files, shelf, space
from actor.model import StepFailed
from homeostat.units.facts import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from homeostat.config import Config
    from homeostat.config.catalogue import Service

FOLDER = "deployments"
DECLARED = "declared"
_FILE = "deployment.json"
_TAGS = "localhost/homeostat-kept"
_MOST_FILE_BYTES = 256 * 1024


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """Which service ran so, by which unit (of which user, None for the system's), with which image; it was started at a Unix time, where that is known.

    `said` is what its files said, setting by setting, where somebody has looked at that.
    """

    service: str
    unit: str
    user: str | None
    image: Image | None
    started_at: float | None
    said: Settings | None = None


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment that was well for a while, where it is kept, and when it was last seen so (Unix seconds)."""

    folder: str
    deployment: Deployment
    seen_at: float


def good_of(config: Config, name: str) -> list[Good]:
    """Return the good deployments that are kept of a service of the catalogue by the unit that it has now, the one that was good last first."""
    return [good for good in everything(config) if is_of(config, name, good.deployment)]


def is_of(config: Config, name: str, deployment: Deployment) -> bool:
    """Say whether a deployment is of a service as the catalogue has it now."""
    service = config.services.get(name)
    return service is not None and (name, service.unit, systemctl.user_of(service)) == (deployment.service, deployment.unit, deployment.user)


def deployment_of(about: tuple[str, Service], image: Image | None, started_at: float | None) -> Deployment:
    """Return what a service (by its name) is deployed as."""
    name, service = about
    assert service.unit is not None
    return Deployment(service=name, unit=service.unit, user=systemctl.user_of(service), image=image, started_at=started_at)


def everything(config: Config) -> list[Good]:
    """Return all good deployments that are kept, the one that was good last first."""
    found = [Good(folder=str(path), deployment=read(str(path)), seen_at=path.joinpath(_FILE).stat().st_mtime) for path in _folders(config)]
    return sorted(found, key=lambda good: good.seen_at, reverse=True)


def _folders(config: Config) -> Iterator[pathlib.Path]:
    for path in sorted(folder_of(config).glob("*")):
        if shelf.incident_of(path.name) is not None:
            yield path


def folder_of(config: Config) -> pathlib.Path:
    """Return where good deployments are kept: where only root writes, for root puts back what lies here."""
    return pathlib.Path(config.actor.root_directory, FOLDER)


def before_the_edit(kept: list[Good], image: Image | None, started_at: float | None) -> Good:
    """Return which of the good deployments (one at least) runs: the one that was started then, else one with that image, else the last."""
    started = [good for good in kept if good.deployment.started_at == started_at]
    alike = [good for good in kept if good.deployment.image == image]
    return next(iter((*started, *alike, *kept)))


def read(folder: str) -> Deployment:
    """Return what is kept in a folder. Raises StepFailed where it is damaged or gone."""
    try:
        return msgspec.json.decode(pathlib.Path(folder, _FILE).read_bytes(), type=Deployment)
    except (OSError, ValueError) as error:
        raise StepFailed(f"{folder} holds no deployment: {error}") from None


def put(shelves: int, name: str, deployment: Deployment, write_set: tuple[str, ...], is_so: Callable[[], bool]) -> None:
    """Keep what stands at these paths now, and the image, durably under a new name, where, once it is copied, it still `is_so`.

    Raises OSError, StepFailed and ChangedMeanwhile.
    """

    def hold(own: int) -> None:
        if not is_so():
            raise copies.ChangedMeanwhile
        _hold(own, name, deployment)

    copies.make(shelves, name, write_set, hold)


def put_again(shelves: int, name: str, deployment: Deployment, good: Good) -> None:
    """Keep the files of a good deployment with the image of `deployment` under a new name, beside what stands there now. Raises as `put`."""
    unfinished = f"{name}{copies.UNFINISHED}"
    files.remove_tree(shelves, unfinished)
    kept = pathlib.PurePosixPath(good.folder)
    with files.opened(str(kept.parent)) as source:
        entries.copy_tree(source, kept.name, shelves, unfinished)
    with files.opened_below(shelves, pathlib.PurePosixPath(unfinished)) as own:
        os.unlink(_FILE, dir_fd=own)
        copies.make(own, DECLARED, copies.manifest_of(good.folder).write_set)
        _hold(own, name, deployment)
        os.fsync(own)
    os.rename(unfinished, name, src_dir_fd=shelves, dst_dir_fd=shelves)
    os.fsync(shelves)


def renew(shelves: int, name: str, deployment: Deployment) -> None:
    """Note of a kept deployment that it was started again, with the same files and the same image. Raises OSError."""
    with files.opened_below(shelves, pathlib.PurePosixPath(name)) as own:
        files.remove_tree(own, f"{_FILE}.new")
        copies.write(own, f"{_FILE}.new", msgspec.json.encode(deployment))
        os.rename(f"{_FILE}.new", _FILE, src_dir_fd=own, dst_dir_fd=own)


def seen_good(folder: str, at: float) -> None:
    """Note when (Unix seconds) a kept deployment was last seen to be good. Raises OSError."""
    os.utime(pathlib.Path(folder, _FILE), (at, at))


def _hold(own: int, name: str, deployment: Deployment) -> None:
    # First what leads to the name of the image, then the name: one that nothing leads to would stay for ever.
    copies.write(own, _FILE, msgspec.json.encode(deployment))
    if deployment.image is not None:
        podman.tag(deployment.image.id, tag_of(name), deployment.user)


def tag_of(name: str) -> str:
    """Return the name of our own by which an image is kept."""
    return f"{_TAGS}:{shelf.own(name).removeprefix('homeostat-')}"


def discard(folder: str) -> None:
    """Delete what is kept in a folder, and the name that it gave an image; nothing that does not bear our name. Raises OSError, ValueError, StepFailed."""
    place = pathlib.PurePosixPath(folder)
    name = shelf.own(place.name.removesuffix(copies.UNFINISHED))
    with contextlib.suppress(StepFailed):
        deployment = read(folder)
        if deployment.image is not None and podman.installed():
            podman.untag(tag_of(name), deployment.user)
    with files.opened(str(place.parent)) as shelves:
        files.remove_tree(shelves, place.name)
    space.sync(str(place.parent))


def texts(folder: str) -> dict[str, str]:
    """Return the content of each file that is kept, by its absolute path. Raises OSError."""
    with copies.opened(folder) as kept:
        return _texts(kept, copies.manifest_of(folder).sha256)


def texts_now(write_set: tuple[str, ...]) -> dict[str, str]:
    """Return the content of each file that stands at these paths and below them now. Raises OSError."""
    with files.opened("/") as root:
        return _texts(root, {path: "" for path, trace in copies.traces(write_set).items() if not trace.is_folder})


def _texts(root: int, paths: dict[str, str]) -> dict[str, str]:
    found = {}
    for path in sorted(paths):
        place = pathlib.PurePosixPath(path)
        with files.opened_below(root, place.parent) as folder, files.opened_file(place.name, folder) as file:
            found[f"/{path}"] = os.pread(file, _MOST_FILE_BYTES, 0).decode("utf-8", "replace")
    return found

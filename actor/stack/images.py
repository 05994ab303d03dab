"""The images that a stack names: fetched before anything changes, and kept so that their names can mean again what they meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from homeostat import shell
from homeostat.units import asking
from homeostat.units.places import PODMAN, SYSTEM
from homeostat.units.texts import lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_ASK_SECONDS, _FETCH_SECONDS = 30, 1800
_MARK = "homeostat:"
_SECTIONS = {"Container", "Image"}


class ImageFailed(Exception):  # noqa: N818 - a past tense like every outcome
    """podman did not do what was asked of an image; the message says what it said."""


class ImageBefore(msgspec.Struct, frozen=True, kw_only=True):
    """An image by its name, the id that the name meant, and the name of ours under which it is kept."""

    reference: str
    id: str
    kept_as: str


def references(contents: Iterable[str]) -> tuple[str, ...]:
    """Return the images that quadlets name, each once; one that another quadlet makes, or that only systemd can read, is none."""
    named = (
        value
        for content in contents
        for section, key, value in lines_of(content)
        if section in _SECTIONS and key == "Image" and "%" not in value and not value.endswith((".image", ".build"))
    )
    return tuple(dict.fromkeys(named))


def missing(wanted: Iterable[str]) -> tuple[str, ...]:
    """Return what is not there."""
    return tuple(reference for reference in wanted if id_of(reference) is None)


def fetch(wanted: Iterable[str], stopped: Callable[[], bool]) -> Iterator[str]:
    """Fetch what is not there, and yield each that was. Raises ImageFailed."""
    for reference in missing(wanted):
        _do(("pull", "--quiet", reference), _FETCH_SECONDS, stopped)
        yield reference


def running() -> dict[str, dict[str, str]]:
    """Return of each unit whose containers run the images that these run: their ids by their names. Raises Unreachable."""
    found: dict[str, dict[str, str]] = {}
    for told in asking.containers(SYSTEM, ()):
        if told.unit and told.running:
            found.setdefault(told.unit, {})[told.image] = told.image_id
    return found


def outdated(ran: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return what `running` does, but only images whose name means another one now."""
    meant = {name: id_of(name) for named in ran.values() for name in named}
    changed = {unit: {name: image_id for name, image_id in named.items() if meant[name] not in {None, image_id}} for unit, named in ran.items()}
    return {unit: named for unit, named in changed.items() if named}


def before(deployment_id: str, named: Iterable[str], ran: Mapping[str, str]) -> tuple[ImageBefore, ...]:
    """Return what each name means that means something here; of a name in `ran` it is the image of that id."""
    known = {reference: ran.get(reference) or id_of(reference) for reference in (*named, *ran)}
    there = [(reference, image_id) for reference, image_id in known.items() if image_id is not None]
    return tuple(
        ImageBefore(reference=reference, id=image_id, kept_as=f"localhost/homeostat-deploy-{deployment_id}:{number}")
        for number, (reference, image_id) in enumerate(there, start=1)
    )


def keep(images: Iterable[ImageBefore]) -> None:
    """Give each image its name of ours too, so that no prune takes it. Raises ImageFailed."""
    for image in images:
        _do(("tag", image.id, image.kept_as), _ASK_SECONDS)


def put_back(images: Iterable[ImageBefore]) -> None:
    """Let each name mean again what it meant. Raises ImageFailed."""
    for image in images:
        if id_of(image.reference) != image.id:
            _do(("tag", image.id, image.reference), _ASK_SECONDS)


def let_go(images: Iterable[ImageBefore]) -> None:
    """Take our names away; one that is gone is no fault. Raises ImageFailed."""
    for image in images:
        if id_of(image.kept_as) is not None:
            _do(("untag", image.kept_as, image.kept_as), _ASK_SECONDS)


def id_of(reference: str) -> str | None:
    """Return the id of the image that a name means now, None where it means none here."""
    shown = shell.run((*PODMAN, "image", "inspect", f"--format={_MARK}{{{{.Id}}}}", "--", reference), _ASK_SECONDS)
    return next((line.removeprefix(_MARK) for line in shown.output.splitlines() if shown.ok and line.startswith(_MARK)), None)


def _do(words: tuple[str, ...], seconds: float, stopped: Callable[[], bool] = lambda: False) -> None:
    ended = shell.run((*PODMAN, "image", *words), seconds, stopped)
    if not ended.ok:
        raise ImageFailed(str(ended))

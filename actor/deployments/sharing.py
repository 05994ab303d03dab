"""Who else on this host asks for an image by its name: who moves that name deploys another image there too, at its next start."""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

from actor import systemctl
from actor.deployments import podman
from homeostat.units.files import QUADLETS, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from homeostat.config.catalogue import Service
    from homeostat.units.places import Place

_OF_SYSTEM = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")
# These give an image to others, and run none themselves.
_ONLY_NAMED = (".image", ".build")
# Where other things have their names, a word alone is one of those: a service that says where its redis is runs no image of redis.
_OF_OTHER_THINGS = re.compile(r"\s*(-\s+)?(Description|ContainerName|HostName|NetworkAlias|Environment|name)\s*[=:](?!.*image)", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"[\s=\"',]+")


def others(service: Service, own_places: tuple[str, ...], reference: str) -> tuple[str, ...]:
    """Return the units and containers, beside a service's own at these places, that ask for an image by this name, whether they run or not.

    Containers are those of the service's podman, units those that lie beside its own; text of a unit that names the image is enough. Raises StepFailed.
    """
    user = systemctl.user_of(service)
    running = {unit or f"container {name}" for name, image, unit in podman.containers(user) if unit != service.unit and is_same(image, reference)}
    texts = {path: text for path, text in _texts(systemctl.place_of(user)) if not _is_own(path, own_places)}
    return tuple(sorted((running | declaring(texts, reference)) - {service.unit}))


def declaring(texts: dict[str, str], reference: str) -> set[str]:
    """Return which of these units' files, by their paths, name an image, or a quadlet that names it; pure."""
    meant = {reference, *(pathlib.PurePosixPath(path).name for path, text in texts.items() if path.endswith(_ONLY_NAMED) and _names(text, {reference}))}
    return {_unit_of(path) for path, text in texts.items() if not path.endswith(_ONLY_NAMED) and _names(text, meant)}


def is_same(one: str, other: str) -> bool:
    """Say whether two names of an image may be one: without a tag `latest` is meant, and without a registry podman may find any."""
    first, second = sorted((_whole(one), _whole(other)), key=len)
    return second == first or ("." not in first.partition("/")[0] and second.endswith(f"/{first}"))


def _whole(reference: str) -> str:
    name = reference.removeprefix("docker://")
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"


def _names(text: str, meant: Iterable[str]) -> bool:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith(("#", ";")))
    words = {word for line in lines for word in _words(line)}
    return any(is_same(word, name) for word in words for name in meant)


def _words(line: str) -> Iterator[str]:
    names_others = _OF_OTHER_THINGS.match(line) is not None
    return (word for word in _BETWEEN_WORDS.split(line) if word and not (names_others and set(word).isdisjoint("/:@")))


def _unit_of(path: str) -> str:
    """Return the unit that a file, or a drop-in of it, makes; of what is no unit's file its path."""
    place = pathlib.PurePosixPath(path)
    name = place.parent.name.removesuffix(".d") if place.parent.name.endswith(".d") else place.name
    if name.endswith(QUADLETS):
        return f"{name.rpartition('.')[0]}.service"
    return name if name.endswith(".service") else path


def _is_own(path: str, own_places: tuple[str, ...]) -> bool:
    return any(pathlib.PurePosixPath(path).is_relative_to(place) for place in own_places)


def _texts(place: Place) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each file from which a unit may be made: also what a quadlet of kind kube reads lies beside it."""
    of_units = _OF_SYSTEM if place.home is None else (f"{place.home}/.config/systemd/user",)
    patterns = [(folder, pattern) for folder in of_units for pattern in ("*.service", "*.service.d/*.conf")] + [(folder, "**/*") for folder in place.quadlets]
    for folder, pattern in patterns:
        for path in sorted(pathlib.Path(folder).glob(pattern)):
            if path.is_file():
                yield str(path), text_of(str(path), place)

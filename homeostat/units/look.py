"""One look at services: what their files declare, and what runs of them."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from typing import TYPE_CHECKING

import msgspec

from homeostat.units import asking, files
from homeostat.units.command_lines import argv_of, podman_options
from homeostat.units.facts import Container, Look, Unit
from homeostat.units.places import Unreachable, by_user, place_for
from homeostat.units.seals import pairs
from homeostat.units.show import moment
from homeostat.units.texts import lines_of, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from homeostat.config.catalogue import Service
    from homeostat.units.asking import Generated, Image, Told
    from homeostat.units.facts import Settings
    from homeostat.units.places import Place

_PROPERTIES = ("LoadState", "ActiveState", "InvocationID", "NeedDaemonReload", "ExecMainStartTimestamp", "FragmentPath", "SourcePath")


def look(services: Mapping[str, Service]) -> Look:
    """Look at services by their names in the catalogue; those of `manager: command` declare nothing, and are left out. Changes nothing."""
    units: dict[str, Unit] = {}
    unseen: dict[str, str] = {}
    for user, members in by_user(services).items():
        try:
            for name, seen in _Looking(place_for(user), members).units():
                if isinstance(seen, Unit):
                    units[name] = seen
                else:
                    unseen[name] = seen
        except Unreachable as fault:
            unseen |= dict.fromkeys(members, str(fault))
    return Look(units=units, unseen=unseen)


@dataclasses.dataclass(frozen=True)
class _Looking:
    """A look at the services of one place; each question is asked once, and only when it is needed."""

    place: Place
    services: Mapping[str, Service]

    def units(self) -> Iterator[tuple[str, Unit | str]]:
        """Yield each service's name with what was seen of it, or why nothing was. Raises Unreachable."""
        ours = [service.unit or "" for service in self.services.values() if service.manager != "podman"]
        shown = asking.shown(self.place, ours, _PROPERTIES) if ours else {}
        for name, service in self.services.items():
            unit = service.unit or ""
            try:
                yield name, self._of_podman(unit) if service.manager == "podman" else self._of_systemd(unit, shown[unit])
            except (Unreachable, ValueError) as fault:
                yield name, str(fault)

    def _of_podman(self, name: str) -> Unit:
        container = self._container(name=name)
        if container is None:
            raise Unreachable(f"podman knows no container {name!r}")
        return Unit(active=container.running, container=container)

    def _of_systemd(self, unit: str, values: dict[str, str] | str) -> Unit:
        if isinstance(values, str):
            raise Unreachable(values)
        seen = Unit(
            active=values.get("ActiveState") in {"active", "reloading"},
            load=values.get("LoadState", ""),
            invocation=values.get("InvocationID", ""),
            needs_reload=values.get("NeedDaemonReload") == "yes",
            started_at=moment(values.get("ExecMainStartTimestamp", "")),
        )
        source = _quadlet_of(unit, values, self.place)
        if seen.load == "masked":
            return seen
        return self._of_files(unit, seen, values) if source is None else self._of_quadlet(unit, seen, values | {"SourcePath": source})

    def _of_files(self, unit: str, seen: Unit, values: dict[str, str]) -> Unit:
        own = files.fragment(unit, self._folders)
        return seen if own is None else self._declared(unit, seen, (values, [own], files.text_of(own, self.place)))

    def _of_quadlet(self, unit: str, seen: Unit, values: dict[str, str]) -> Unit:
        if isinstance(self._generated, str):
            raise Unreachable(self._generated)
        source, made = values["SourcePath"], self._generated
        text = made.units.get(unit) or made.units.get(files.template_of(unit) or "")
        if text is None:
            return msgspec.structs.replace(seen, files=files.dated([source]), mistake=_complaint(source, made))
        own = [source, *(path for path in made.files if f"/{pathlib.Path(source).name}.d/" in path)]
        return self._declared(unit, seen, (values, own, text))

    def _declared(self, unit: str, seen: Unit, what: tuple[dict[str, str], Sequence[str], str]) -> Unit:
        values, own, text = what
        drop_ins = files.drop_ins(unit, self._folders)
        texts = [text, *(files.text_of(path, self.place) for path in drop_ins)]
        command = _command(texts, self.place.specifiers(unit))
        return msgspec.structs.replace(
            seen,
            files=files.dated([*own, *drop_ins]),
            declared=settings_of(texts),
            loaded=self._loaded(seen, values["FragmentPath"], drop_ins),
            command=command,
            container=self._container(unit=unit) if command is not None and seen.active else None,
        )

    def _loaded(self, seen: Unit, path: str, drop_ins: Sequence[str]) -> Settings | None:
        """Return what a generated unit said when it was started; it still lies there where nothing was reloaded since."""
        lie = files.dated([path, *drop_ins])
        if "/systemd/generator" not in path or seen.started_at is None or any(file.is_newer(seen.started_at) for file in lie):
            return None
        return settings_of(files.text_of(file.path, self.place) for file in lie)

    def _container(self, *, name: str | None = None, unit: str | None = None) -> Container | None:
        """Return the container of that name, or the one that a unit runs; None where there is none. Raises Unreachable."""
        if isinstance(self._podman, str):
            raise Unreachable(self._podman)
        told, images = self._podman
        ours = sorted((each for each in told if (each.name if unit is None else each.unit) == (name or unit)), key=lambda each: each.running)
        return _container(ours[-1], images) if ours else None

    @functools.cached_property
    def _folders(self) -> tuple[str, ...]:
        return tuple(asking.manager(self.place)["UnitPath"].split())

    @functools.cached_property
    def _generated(self) -> Generated | str:
        try:
            return asking.generated(self.place)
        except Unreachable as fault:
            return str(fault)

    @functools.cached_property
    def _podman(self) -> tuple[list[Told], list[Image]] | str:
        names = [service.unit or "" for service in self.services.values() if service.manager == "podman"]
        try:
            told = asking.containers(self.place, names)
            return told, asking.images(self.place) if told else []
        except Unreachable as fault:
            return str(fault)


def _quadlet_of(unit: str, values: dict[str, str], place: Place) -> str | None:
    """Return the quadlet that a unit is made from, or would be if podman's generator could read it."""
    source = values.get("SourcePath", "")
    if source.endswith(files.QUADLETS):
        return source
    return files.quadlet(unit, place) if values.get("LoadState") == "not-found" else None


def _complaint(source: str, made: Generated) -> str:
    name = pathlib.Path(source).name
    return next((line for line in made.complaints if name in line), "") or f"it says nothing of {source}"


def _command(texts: Sequence[str], specifiers: Mapping[str, str]) -> Settings | None:
    """Return how podman would be called by what a unit's texts say last of its start; None where that is not podman."""
    lines = [value for text in texts for section, key, value in lines_of(text) if (section, key) == ("Service", "ExecStart") and value]
    return podman_options(argv_of(lines[-1], specifiers)) if lines else None


def _container(told: Told, images: Sequence[Image]) -> Container:
    tagged = {name: image.id for image in images for name in image.names or ()}
    created = {image.id: float(image.created) for image in images}
    # What is called by its content can mean nothing else.
    fixed = "@" in told.image or told.image_id.startswith(told.image)
    return Container(
        name=told.name,
        image=told.image,
        image_id=told.image_id,
        tagged_id=told.image_id if fixed else tagged.get(told.image),
        command=podman_options(told.argv or []) or {},
        environment={name: (seal,) for name, seal in pairs(told.environment or []).items()},
        running=told.running,
        image_created_at=created.get(told.image_id),
    )

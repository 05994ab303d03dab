"""What differs between a service as its files declare it and what runs of it, in words, and how much that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from homeostat.units.command_lines import fits
from homeostat.units.facts import DriftSeverity, Kind
from homeostat.units.seals import is_seal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.units.facts import Container, Settings, Unit

# What changes nothing of how it runs; all else is major, for nobody knows every setting.
_MINOR = ("Unit.Description", "Unit.Documentation", "Install.", "--label ", "--annotation ")
# How podman is told to run under systemd, which its versions say in different ways.
_MANNERS = frozenset({"--cidfile", "--replace", "--rm", "--detach", "--sdnotify", "--conmon-pidfile", "--pidfile", "--log-level", "--quiet"})
_MOST_LETTERS = 120
_GONE = {
    "masked": "the unit is masked, and runs all the same",
    "not-found": "the unit's file is gone, and it runs all the same",
}


class Difference(msgspec.Struct, frozen=True):
    """One thing that runs otherwise than it is declared: what it is about, which setting, and in words what stands where."""

    kind: Kind
    setting: str
    severity: DriftSeverity
    words: str


def differences(unit: Unit, former: Settings | None = None) -> tuple[Difference, ...]:
    """Return all that differs; nothing for a service that does not run, but for a quadlet that makes no unit.

    `former` is what the unit's files said when this invocation of it was started, where somebody has seen that. Without it, and
    where the unit as it was loaded is not to be had either, a file that changed since is a major difference of unknown content.
    """
    found: list[Difference] = []
    if unit.mistake is not None:
        found.append(Difference("unit", "", "major", f"podman's generator makes no unit of it: {unit.mistake}"))
    if unit.active:
        found += [] if found else _of_load(unit)
        found += [] if found else _of_unit(unit, former)
        found += _of_command(unit)
        found += _of_image(unit.container)
    return tuple(found)


def newer(unit: Unit) -> tuple[str, ...]:
    """Return the files that changed since the service was started, or that cannot be looked at."""
    return tuple(file.path for file in unit.files if unit.started_at is not None and file.is_newer(unit.started_at))


def as_started(unit: Unit) -> Settings | None:
    """Return what the files said when the service was started, for who wants to remember it; None where that is not seen now."""
    as_loaded = unit.active and unit.load == "loaded" and unit.mistake is None and unit.started_at is not None
    return unit.declared if as_loaded and not unit.needs_reload and not newer(unit) else None


def _of_load(unit: Unit) -> list[Difference]:
    words = _GONE.get(unit.load, f"systemd does not read the unit's file ({unit.load}), and it runs all the same")
    return [] if unit.load == "loaded" else [Difference("unit", "", "major", words)]


def _of_unit(unit: Unit, former: Settings | None) -> list[Difference]:
    was = former if former is not None else unit.loaded
    if was is not None:
        return list(_between("unit", unit.declared, was))
    changed = newer(unit)
    if changed:
        return [Difference("unit", "", "major", f"{changed[0]} was changed since it was started; what it said then is not known")]
    if unit.needs_reload:
        return [Difference("unit", "", "major", "its files were changed since systemd read them; what they said then is not known")]
    return []


def _of_command(unit: Unit) -> list[Difference]:
    container = unit.container
    if unit.command is None or container is None or not container.command:
        return []
    found = _between("command", _without_manners(unit.command), _without_manners(container.command))
    return [_without_effect(each, unit.command, container) for each in found]


def _without_manners(command: Settings) -> Settings:
    return {name: values for name, values in command.items() if name not in _MANNERS}


def _without_effect(difference: Difference, declared: Settings, container: Container) -> Difference:
    """Call a variable minor that the container has already as it is declared, from its image say."""
    option, _, variable = difference.setting.partition(" ")
    if option == "--env" and declared.get(difference.setting) == container.environment.get(variable, ()):
        return msgspec.structs.replace(difference, severity="minor")
    return difference


def _of_image(container: Container | None) -> list[Difference]:
    if container is None or not container.image or container.tagged_id == container.image_id:
        return []
    means = f"is image {container.tagged_id[:12]} now" if container.tagged_id is not None else "names no image any more"
    return [Difference("image", "image", "major", f"{container.image} {means}, and image {container.image_id[:12]} runs")]


def _between(kind: Kind, declared: Settings, running: Settings) -> Iterator[Difference]:
    for name in sorted(declared.keys() | running.keys()):
        stands, runs = declared.get(name, ()), running.get(name, ())
        if not _same(stands, runs):
            severity: DriftSeverity = "minor" if name.startswith(_MINOR) else "major"
            yield Difference(kind, name, severity, _words(name, stands, runs))


def _same(declared: tuple[str, ...], running: tuple[str, ...]) -> bool:
    return len(declared) == len(running) and all(fits(*pair) for pair in zip(declared, running, strict=True))


def _words(name: str, declared: tuple[str, ...], running: tuple[str, ...]) -> str:
    bare = name.removeprefix("--") if name.startswith("--") else name.partition(".")[2] or name
    if any(map(is_seal, (*declared, *running))):
        if declared and running:
            return f"{bare} has another value in the file than in what runs"
        return f"{bare} is in the file, not in what runs" if declared else f"{bare} is in what runs, not in the file"
    stands = _shown(tuple(value for value in declared if value not in running))
    runs = _shown(tuple(value for value in running if value not in declared))
    return f"{bare} {stands} in the file, {runs} in what runs"


def _shown(values: tuple[str, ...]) -> str:
    whole = ", ".join(value or "set" for value in values) or "none"
    return whole if len(whole) <= _MOST_LETTERS else f"{whole[:_MOST_LETTERS]}..."

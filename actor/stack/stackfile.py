"""Stack files: strict YAML that names services with their unit files, what each needs, and how one sees that it is well."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from typing import TYPE_CHECKING

import msgspec

from actor.stack import compose, phases
from homeostat.config import ConfigError, Duration, Raw, load, loads
from homeostat.config.catalogue import Argv, program
from homeostat.config.section import MINUTE, Section, lasting
from homeostat.config.vital import is_vital
from homeostat.units.texts import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

QUADLETS, UNITS = "/etc/containers/systemd", "/etc/systemd/system"
# What podman's generator makes of each kind of quadlet: the unit is called by the file's stem with this behind it.
_OF_QUADLET = {".container": "", ".kube": "", ".pod": "-pod", ".volume": "-volume", ".network": "-network", ".image": "-image", ".build": "-build"}
_OF_SYSTEMD = (".service", ".socket", ".timer", ".path", ".target", ".mount")
_STARTED_FIRST = (".pod", ".container", ".kube", ".service")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
# Settings by which a unit reaches others: it is started under their name, or stops them.
_REACHES = {"Alias", "Conflicts", "PropagatesStopTo"}
_MOST_FILE_BYTES = 1024 * 1024


class Member(Section, frozen=True, kw_only=True):
    """One service of a stack, or another stack in its place."""

    stack: str | None = None
    """Another stack file, beside this one, all of whose services stand here."""
    files: tuple[str, ...] = ()
    """Its quadlets and unit files, beside the stack file; their endings say where they belong."""
    compose: str | None = None
    """Its compose file, beside the stack file or in a folder beside it, which podman-compose brings up as one unit."""
    unit: str | None = None
    """The unit that is started, where it is not plain from the files."""
    depends_on: tuple[str, ...] = ()
    """Services and stacks of this file that must be well before it starts."""
    health: Argv | None = None
    """A command that succeeds while the service is well; without one it is enough that its unit stays up."""
    start_timeout: Duration = Duration(90)
    """How long its start may take."""
    health_timeout: Duration = Duration(MINUTE)
    """How long it may take until it is well."""
    settle: Duration = Duration(3)
    """How long it must stay up and well before what needs it is started."""

    def __post_init__(self) -> None:
        """Refuse a service of nothing, and a stack or a compose file with anything of another service."""
        if self.health is not None:
            program(self.health)
        for name in ("start_timeout", "health_timeout"):
            lasting(name, getattr(self, name))
        if self.stack is not None and (self.files or self.compose or self.unit or self.health):
            raise ValueError("a stack in a stack has no files, compose, unit or health of its own")
        if self.compose is not None and (self.files or self.unit):
            raise ValueError("a compose file becomes a unit of its own, so beside it stand no files and no unit")
        if self.stack is None and self.compose is None and not self.files and self.unit is None:
            raise ValueError("a service needs files, a compose file, or the unit of this host that it is; a stack in its place needs stack")


class StackFile(Section, frozen=True, kw_only=True):
    """A stack as written."""

    services: dict[str, Member]
    """The services, by names of their own."""

    def __post_init__(self) -> None:
        """Refuse an empty stack."""
        if not self.services:
            raise ValueError("services names none")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a service needs: where it belongs, and what it holds."""

    path: str
    content: str


@dataclasses.dataclass(frozen=True, slots=True)
class Component:
    """A service of a stack, whatever stacks it lies in: those stand before its name, as in cache/redis."""

    name: str
    unit: str
    files: tuple[Wanted, ...]
    needs: tuple[str, ...]
    member: Member
    project: compose.Project | None = None


def load_stack(path: pathlib.Path) -> tuple[Component, ...]:
    """Read a stack file, with all stacks in it, into services in the order in which they stand there.

    Raises:
        ConfigError: a file cannot be read or does not fit, something needs itself, or would touch what is never touched; with path and line.

    """
    found = tuple(_components(path, (path.resolve(),), ""))
    units = {component.name: component.unit for component in found}
    components = tuple(_with_its_unit(component, [units[needed] for needed in component.needs]) for component in found)
    seen: dict[str, str] = {}
    for component in components:
        for key in (component.unit, *(wanted.path for wanted in component.files)):
            if seen.setdefault(key, component.name) != component.name:
                raise ConfigError(str(path), 0, "services", f"{seen[key]} and {component.name} both have {key}")
    return components


def _components(path: pathlib.Path, within: tuple[pathlib.Path, ...], prefix: str) -> Iterator[Component]:
    """Yield the services of one file; `prefix` is what stands before their names."""
    written, raw = load(path, StackFile), load(path, Raw)
    _see_that_names_fit(written, raw)
    inner = {name: tuple(_of_member(path, (name, member), within, raw)) for name, member in written.services.items()}
    for name, member in written.services.items():
        # To need a stack is to need all that is in it.
        needs = tuple(f"{prefix}{each.name}" for needed in member.depends_on for each in inner[needed])
        for each in inner[name]:
            own = tuple(f"{prefix}{needed}" for needed in each.needs)
            yield dataclasses.replace(each, name=f"{prefix}{each.name}", needs=(*needs, *own))


def _of_member(path: pathlib.Path, named: tuple[str, Member], within: tuple[pathlib.Path, ...], raw: Raw) -> Iterator[Component]:
    name, member = named
    if member.stack is None:
        one = _component if member.compose is None else _composed
        yield one(path, name, member, raw.at("services", name))
        return
    other = (path.parent / member.stack).resolve()
    if other in within:
        circle = " -> ".join(each.name for each in (*within[within.index(other) :], other))
        raise raw.at("services", name, "stack").fault(f"a stack cannot contain itself: {circle}")
    yield from _components(path.parent / member.stack, (*within, other), f"{name}/")


def _see_that_names_fit(written: StackFile, raw: Raw) -> None:
    for name, member in written.services.items():
        if not _NAME.fullmatch(name):
            raise raw.at("services", name).fault(f"{name!r} is no name; write small letters, digits, '-', '_' and '.'")
        for place, needed in enumerate(member.depends_on):
            if needed not in written.services:
                raise raw.at("services", name, "depends_on", place).fault(f"{needed!r} is no service of this file; known: {', '.join(written.services)}")
    circle = phases.circle({name: member.depends_on for name, member in written.services.items()})
    if circle:
        raise raw.at("services", circle[0], "depends_on").fault(f"no service may need itself: {' -> '.join(circle)}")


def _component(path: pathlib.Path, name: str, member: Member, raw: Raw) -> Component:
    files = tuple(_wanted(path.parent / file, raw.at("files", place)) for place, file in enumerate(member.files))
    units = [unit_of(wanted) for wanted in files]
    unit = member.unit or _first(units, files)
    if unit is None:
        raise raw.at("files").fault(f"several units could be started, {', '.join(units)}; write unit: and one of them")
    if member.unit is not None and (not _FILE.fullmatch(unit) or not unit.endswith(_OF_SYSTEMD) or (units and unit not in units)):
        raise raw.at("unit").fault(f"{unit!r} must be the exact name of {f'one of {chr(44).join(units)}' if units else 'one unit, as in redis.service'}")
    if is_vital(unit):
        raise raw.fault(_never(unit))
    return Component(name=name, unit=unit, files=files, needs=(), member=member)


def _composed(path: pathlib.Path, name: str, member: Member, raw: Raw) -> Component:
    said = raw.at("compose")
    file = (path.parent / str(member.compose)).resolve()
    if not str(file).isprintable() or "\\" in str(file):
        # Its folder stands in a unit, where a line that ended early would be a setting of its own.
        raise said.fault(f"{str(file)!r} cannot stand in a unit; use a path without line breaks and backslashes")
    content = _text(file, said)
    project = compose.Project(name=_project_name(file, content) or name, file=file, said=said)
    files = [Wanted(path=project.copy, content=content)]
    if project.dotenv.exists():
        files.append(Wanted(path=project.variables, content=_text(project.dotenv, said)))
    return Component(name=name, unit=project.unit, files=tuple(files), needs=(), member=member, project=project)


def _project_name(file: pathlib.Path, content: str) -> str | None:
    """Return the name that a compose file gives its project; whatever else it says is podman-compose's to read, but nothing may stand there twice. Raises ConfigError."""
    top = loads(content, Raw, str(file)).read(dict[str, Raw])
    if "services" in top:
        top["services"].read(dict[str, Raw])
    if "name" not in top:
        return None
    named = top["name"].read(str)
    if not _NAME.fullmatch(named):
        raise top["name"].fault(f"{named!r} is no name of a project; write small letters, digits, '-', '_' and '.'")
    return named


def _with_its_unit(component: Component, needs: list[str]) -> Component:
    """Return a service with the unit that is made for it, where it is a compose file."""
    if component.project is None:
        return component
    has_variables = any(file.path == component.project.variables for file in component.files)
    text = compose.unit_text(component.project, needs, component.member.start_timeout, has_variables=has_variables)
    return dataclasses.replace(component, files=(*component.files, Wanted(path=f"{UNITS}/{component.unit}", content=text)))


def _wanted(file: pathlib.Path, raw: Raw) -> Wanted:
    place = UNITS if file.suffix in _OF_SYSTEMD else QUADLETS if file.suffix in _OF_QUADLET else None
    if place is None:
        raise raw.fault(f"{file.name!r} is neither a quadlet ({', '.join(_OF_QUADLET)}) nor a unit ({', '.join(_OF_SYSTEMD)})")
    if not _FILE.fullmatch(file.name):
        raise raw.fault(f"{file.name!r} must be one exact name, no template and no pattern")
    content = _text(file, raw)
    wanted = Wanted(path=f"{place}/{file.name}", content=content)
    reached = [file.stem, unit_of(wanted), *(word for _, key, value in lines_of(content) if key in _REACHES for word in value.split())]
    touched = next((name for name in reached if is_vital(name)), None)
    if touched is not None:
        raise raw.fault(_never(touched))
    return wanted


def _text(file: pathlib.Path, raw: Raw) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(_MOST_FILE_BYTES + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise raw.fault(f"{file} cannot be read: {error.strerror if isinstance(error, OSError) else error}") from None
    if len(content) > _MOST_FILE_BYTES:
        raise raw.fault(f"{file} is larger than such a file can be")
    return content


def _never(name: str) -> str:
    return f"{name!r} is never touched: it keeps the host reachable, watched or alive"


def unit_of(wanted: Wanted) -> str:
    """Return the unit that a file is, or that podman's generator makes of it."""
    file = pathlib.PurePosixPath(wanted.path)
    if file.suffix in _OF_SYSTEMD:
        return file.name
    named = next((value for _, key, value in lines_of(wanted.content) if key == "ServiceName"), None)
    return f"{named or f'{file.stem}{_OF_QUADLET[file.suffix]}'}.service"


def _first(units: list[str], files: tuple[Wanted, ...]) -> str | None:
    """Return the unit that is plainly the one to start: the only one, or the only pod, container or service."""
    if len(units) == 1:
        return units[0]
    for ending in _STARTED_FIRST:
        of_kind = [unit for unit, wanted in zip(units, files, strict=True) if wanted.path.endswith(ending)]
        if of_kind:
            return of_kind[0] if len(of_kind) == 1 else None
    return None

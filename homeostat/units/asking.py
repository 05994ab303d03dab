"""Asks a place's systemd and podman: one process a question, whatever the number of services; nothing is changed."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from typing import TYPE_CHECKING, Literal

import msgspec

from homeostat import shell
from homeostat.units.places import PODMAN, Unreachable
from homeostat.units.show import values_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from homeostat.units.places import Place

Ended = Literal["", "stopped", "itself", "unstarted"]

_SECONDS = 10
_MOST_BYTES = 1024 * 1024
_OF_MANAGER = ("UnitPath", "NFailedUnits")
_JOURNAL = ("/usr/bin/journalctl", "--boot", "--no-pager", "--quiet", "--output=json", "--output-fields=MESSAGE_ID", "--lines=10")
# systemd's own ids of "Stopping", which it says only of a stop that was asked for, and of "Started", without which the journal does not reach back to that run.
_ENDINGS: dict[str, Ended] = {"de5b426a63be47a7b6ac3eaac82e2f6f": "stopped", "39f53479d3a045ac8e11786248231fbf": "itself"}
# Its "Failed to start", with the reason that something else did.
_UNSTARTED = ("MESSAGE_ID=be02cf6855d2428ba40df7e9d022f03d", "JOB_RESULT=dependency")
_UNIT_OF = "PODMAN_SYSTEMD_UNIT"
_CONTAINER = (
    '{"id":{{json .ID}},"name":{{json .Name}},"unit":{{json (index .Config.Labels "' + _UNIT_OF + '")}},"image":{{json .ImageName}},'
    '"image_id":{{json .Image}},"argv":{{json .Config.CreateCommand}},"environment":{{json .Config.Env}},'
    '"health":{{if .State.Health}}{{json .State.Health.Status}}{{else}}""{{end}},"running":{{json .State.Running}},'
    '"oom_killed":{{json .State.OOMKilled}},"exit_code":{{json .State.ExitCode}},"started":{{json .State.StartedAt}},'
    '"finished":{{json .State.FinishedAt}},"pid":{{json .State.Pid}},'
    '"restarts":{{json .RestartCount}}}'
)
_SECTION = re.compile(r"---(\S+\.\w+)---")
_SAYS = re.compile(r"quadlet-generator\[\d+\]: (.*)")
_LOADING = re.compile(r"Loading source (?:unit|drop-in) file (.*)")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What podman tells of a container; `unit` is the unit that runs it, empty for none."""

    id: str
    name: str
    image: str
    image_id: str
    unit: str = ""
    argv: list[str] | None = None
    environment: list[str] | None = None
    health: str = ""
    running: bool = False
    oom_killed: bool = False
    exit_code: int = 0
    started: str = ""
    finished: str = ""
    pid: int = 0
    restarts: int = 0


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """What podman tells of an image: its id, what it is called, and when it was made (Unix seconds)."""

    id: str = msgspec.field(name="Id")
    names: list[str] | None = msgspec.field(default=None, name="Names")
    created: int = msgspec.field(default=0, name="Created")


@dataclasses.dataclass(frozen=True, slots=True)
class Generated:
    """What podman's generator would make of all quadlets here: its units' texts by name, the files it read, and what else it said."""

    units: Mapping[str, str]
    files: tuple[str, ...]
    complaints: tuple[str, ...]


def shown(place: Place, units: Sequence[str], properties: Sequence[str]) -> dict[str, dict[str, str] | str]:
    """Return what systemd tells of each unit, or in one line why it tells nothing. Raises Unreachable where it does not answer at all."""
    told = _show(place, units, properties)
    if len(units) > 1:
        # A name that systemd does not take, as of a template, ends the whole answer.
        told |= {unit: _show(place, (unit,), properties).get(unit, "") for unit in units if isinstance(told[unit], str)}
    return told


def _show(place: Place, units: Sequence[str], properties: Sequence[str]) -> dict[str, dict[str, str] | str]:
    asked = f"--property=Id,Names,{','.join(properties)}"
    completed = shell.run((*place.systemctl, "show", "--timestamp=us+utc", asked, "--", *units), _SECONDS, most_output_bytes=_MOST_BYTES)
    if completed.cut is not None:
        raise Unreachable(f"systemd does not answer: {completed}")
    blocks = [values_of(block) for block in completed.output.split("\n\n")]
    by_name = {name: block for block in blocks for name in block.get("Names", "").split()}
    lines = completed.output.strip().splitlines() or [f"exit {completed.status}"]
    return {unit: by_name.get(unit, f"systemd tells nothing of {unit}: {lines[-1]}") for unit in units}


def manager(place: Place) -> dict[str, str]:
    """Return what systemd tells of itself: `UnitPath`, the folders that units are looked for in and `NFailedUnits`. Raises Unreachable."""
    completed = shell.run((*place.systemctl, "show", f"--property={','.join(_OF_MANAGER)}"), _SECONDS)
    values = values_of(completed.output)
    if not completed.ok or not values.keys() >= set(_OF_MANAGER):
        raise Unreachable(f"systemd does not answer: {completed}")
    return values


def ended(place: Place, unit: str, invocation: str) -> Ended:
    """Return how the journal says that a run of a unit ended: it was `stopped` by whoever asked systemd, or ended by `itself`; nothing where it does not tell.

    Without an invocation it has not run: then whether it was `unstarted`, because what it requires did not start. Raises Unreachable.
    """
    of = "" if place.home is None else "USER_"
    matches = (f"{of}INVOCATION_ID={invocation}", *(f"MESSAGE_ID={message}" for message in _ENDINGS)) if invocation else _UNSTARTED
    completed = shell.run((*_JOURNAL, f"{of}UNIT={unit}", *matches), _SECONDS)
    if completed.cut is not None:
        # What somebody stopped must not look as if it had failed.
        raise Unreachable(f"the journal does not answer how {unit} ended: {completed}")
    told = completed.output
    if not invocation:
        return "unstarted" if _UNSTARTED[0].rpartition("=")[2] in told else ""
    return next((word for message, word in _ENDINGS.items() if message in told), "")


def containers(place: Place, names: Sequence[str]) -> list[Told]:
    """Return what podman tells of the containers that units run, and of those with these names; none where it is not installed. Raises Unreachable."""
    if not pathlib.Path(PODMAN[0]).exists():
        return []
    listed = _podman(place, "ps", "--all", "--no-trunc", f"--filter=label={_UNIT_OF}", "--format={{.ID}}")
    if not listed.ok:
        raise Unreachable(f"podman does not answer: {listed}")
    ids = [*listed.output.split(), *names]
    if not ids:
        return []
    inspected = _podman(place, "container", "inspect", "--format", _CONTAINER, "--", *ids)
    if inspected.cut is not None:
        raise Unreachable(f"podman does not answer: {inspected.argv[0]} container inspect was {inspected.cut}")
    told: list[Told] = []
    # One that is gone meanwhile, or never was, is only left out.
    for line in inspected.output.splitlines():
        try:
            told.append(msgspec.json.decode(line, type=Told))
        except msgspec.DecodeError:
            continue
    return told


def images(place: Place) -> list[Image]:
    """Return all images that have a name. Raises Unreachable."""
    listed = _podman(place, "images", "--no-trunc", "--format=json")
    try:
        return msgspec.json.decode(listed.output, type=list[Image])
    except msgspec.DecodeError:
        raise Unreachable(f"podman does not list its images: {listed}") from None


def generated(place: Place) -> Generated:
    """Return what podman's generator would make of the quadlets now, as at a daemon-reload; nothing where there is none. Raises Unreachable."""
    completed = shell.run(place.generator, _SECONDS, most_output_bytes=_MOST_BYTES)
    if completed.cut is not None:
        raise Unreachable(f"podman's generator does not answer: {completed}")
    texts: dict[str, list[str]] = {}
    current: list[str] = []
    said: list[str] = []
    for line in completed.output.splitlines():
        if section := _SECTION.fullmatch(line):
            current = texts.setdefault(section[1], [])
        elif words := _SAYS.fullmatch(line):
            said.append(words[1])
        else:
            current.append(line)
    read = tuple(found[1] for found in map(_LOADING.fullmatch, said) if found)
    return Generated({unit: "\n".join(lines) for unit, lines in texts.items()}, read, tuple(line for line in said if not _LOADING.fullmatch(line)))


def _podman(place: Place, *words: str) -> shell.Completed:
    return shell.run((*place.podman, *words), 2 * _SECONDS, most_output_bytes=_MOST_BYTES)

"""How services are, as their managers tell: one look, by their names in the catalogue."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import msgspec

from homeostat import shell
from homeostat.clock import unix_time
from homeostat.units import asking
from homeostat.units.asking import Ended
from homeostat.units.owned import see_that_owned
from homeostat.units.places import SYSTEM, Unreachable, by_user, place_for
from homeostat.units.show import memory_bytes, moment, resident_bytes, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeostat.config.catalogue import Service
    from homeostat.units.asking import Told
    from homeostat.units.places import Place

_SHOW_SECONDS = 10
_WANTING = ("WantedBy", "RequiredBy", "BoundBy", "UpheldBy")
# What is not there, or shall not start, is in no state of its own while it does not run.
_LOADS = {"masked": "masked", "not-found": "missing"}
# A container that was asked to stop ends with one of these; podman does not tell who asked.
_STOPPED = frozenset({0, 128 + 9, 128 + 15})
_PROPERTIES = (
    "LoadState", "ActiveState", "Result", "NRestarts", "InvocationID", "MainPID", "MemoryCurrent", "StateChangeTimestamp",
    "UnitFileState", "TriggeredBy", "Type", "ConditionResult", "ConditionTimestamp", *_WANTING,
)  # fmt: skip


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How one service is: its state in systemd's words, or `masked` or `missing`; how it ended (`result`), and since when (Unix seconds) it is so.

    It is `wanted` when something starts it with the host to stay up; `ended` is how the journal says that its last run ended, or that
    it could not begin. `health` is podman's word, empty without a check.
    """

    state: str
    result: str = ""
    since: float | None = None
    restarts: int = 0
    invocation: str = ""
    memory_bytes: int | None = None
    health: str = ""
    wanted: bool = False
    ended: Ended = ""


class States(msgspec.Struct, frozen=True, kw_only=True):
    """How services are, by name; `unseen` says in one line of each other one why it could not be seen."""

    services: dict[str, State] = {}
    unseen: dict[str, str] = {}
    failed_units: int | None = None


def look(services: Mapping[str, Service]) -> States:
    """Ask the managers of `services`, and the system's systemd how many units failed. Raises Unreachable where there is neither."""
    found: dict[str, State | str] = {name: _of_command(service) for name, service in services.items() if service.manager == "command"}
    failed = int(asking.manager(SYSTEM)["NFailedUnits"]) if pathlib.Path("/run/systemd/system").exists() else None
    for user, members in by_user(services).items():
        try:
            place = place_for(user)
            found |= _at(place, members)
            if user is not None and failed is not None:
                failed += int(asking.manager(place)["NFailedUnits"])
        except Unreachable as fault:
            found |= dict.fromkeys(members, str(fault))
    if failed is None and not found:
        raise Unreachable("no systemd runs here, and the catalogue has no services")
    seen = {name: state for name, state in found.items() if isinstance(state, State)}
    return States(services=seen, unseen={name: why for name, why in found.items() if isinstance(why, str)}, failed_units=failed)


def _at(place: Place, services: Mapping[str, Service]) -> dict[str, State | str]:
    units = {name: service.unit or "" for name, service in services.items() if service.manager != "podman"}
    names = {name: service.unit or "" for name, service in services.items() if service.manager == "podman"}
    shown = asking.shown(place, tuple(units.values()), _PROPERTIES) if units else {}
    try:
        told, silent = asking.containers(place, tuple(names.values())), None
    except Unreachable as fault:
        told, silent = [], str(fault)
    # One that has ended keeps the health that it had.
    health = {each.unit: each.health for each in told if each.running}
    by_name = {each.name: each for each in told}
    found: dict[str, State | str] = {name: _ended(place, unit, _of_unit(shown[unit], health.get(unit, ""))) for name, unit in units.items()}
    for name, container in names.items():
        found[name] = silent or (_of_container(by_name[container]) if container in by_name else f"podman knows no container {container!r}")
    return found


def _ended(place: Place, unit: str, state: State | str) -> State | str:
    if isinstance(state, str) or not (state.state == "failed" or (state.state == "inactive" and state.wanted)):
        return state
    try:
        return msgspec.structs.replace(state, ended=asking.ended(place, unit, state.invocation))
    except Unreachable as fault:
        return str(fault)


def _of_unit(values: dict[str, str] | str, health: str) -> State | str:
    if isinstance(values, str):
        return values
    load = values.get("LoadState", "loaded")
    restarts = values.get("NRestarts", "")
    try:
        return State(
            state=_LOADS.get(load, values["ActiveState"]) if values["ActiveState"] == "inactive" else values["ActiveState"],
            result=values.get("Result", ""),
            since=moment(values.get("StateChangeTimestamp", "")),
            restarts=int(restarts) if restarts.isdecimal() else 0,
            invocation=values.get("InvocationID", ""),
            memory_bytes=memory_bytes(values),
            health=health,
            wanted=_wanted(values),
        )
    except (KeyError, ValueError) as fault:
        return f"the manager tells what cannot be read: {fault}"


def _wanted(values: dict[str, str]) -> bool:
    """Say whether something starts it with the host to stay up: no timer or socket does when it is due, and no condition forbids it."""
    forbidden = values.get("ConditionResult") == "no" and values.get("ConditionTimestamp", "") != ""
    enabled = values.get("UnitFileState", "").startswith("enabled") or any(values.get(key) for key in _WANTING)
    return enabled and not forbidden and not values.get("TriggeredBy") and values.get("Type") != "oneshot"


def _of_container(told: Told) -> State:
    failed = not told.running and (told.oom_killed or told.exit_code not in _STOPPED)
    ended = "out of memory" if told.oom_killed else f"exit code {told.exit_code}"
    return State(
        state="active" if told.running else "failed" if failed else "inactive",
        result=ended if failed else "success",
        since=_time(told.started if told.running else told.finished),
        restarts=told.restarts,
        invocation=told.started,
        memory_bytes=resident_bytes(told.pid) if told.running else None,
        health=told.health if told.running else "",
    )


def _time(written: str) -> float | None:
    try:
        at = unix_time(written)
    except ValueError:
        return None
    # podman writes the year 1 for never.
    return at if at > 0 else None


def _of_command(service: Service) -> State | str:
    assert service.commands is not None
    try:
        see_that_owned(service.commands.show)
    except Unreachable as fault:
        return str(fault)
    completed = shell.run(service.commands.show, _SHOW_SECONDS)
    values = values_of(completed.output)
    if not completed.ok or "ActiveState" not in values:
        return f"its program does not say how it is: {completed}"
    return _of_unit(values, "")

"""Everything that is done to the host, or asked of it with privilege: the one seam between the flow and the host."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec

from actor import execution, guarded, unit
from actor.deployments import keeper
from actor.disk import space
from actor.model import Case, Plan, Prediction, Stored, Unprotectable
from actor.planning import add_up, in_slices
from actor.playbook import FILESYSTEMS, MEASURES, PROTECTIONS, STEPS, catalogue
from homeostat import shell
from homeostat.clock import SystemClock
from homeostat.config.catalogue import dependants
from homeostat.words import LOSSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from actor.model import Command, Effect, Restored, UnitState
    from actor.playbook import PlannedStep, Playbook
    from homeostat.config import Config, Duration
    from homeostat.config.catalogue import Service

Record = dict[str, Any]

_PROBE_SECONDS = 10
_STARTS_NOTHING = "; that puts its files back, and starts nothing that is down then"


def build_case(config: Config, playbook: Playbook, about: tuple[str, str], now: float, stopped: Callable[[], bool]) -> Case:
    """Build the case of a playbook about (target, incident id), with a target of the catalogue.

    Raises:
        KeyError: the target is not in the catalogue that the playbook acts on.

    """
    target, incident_id = about
    acts_on = playbook.file.acts_on
    if target not in catalogue(config, acts_on):
        raise KeyError(target)
    service = config.services[target] if acts_on == "service" else None
    filesystem = config.filesystems[target] if acts_on in FILESYSTEMS else None
    root = (filesystem.path or target) if filesystem is not None else None
    case = Case(
        incident_id=incident_id,
        action=playbook.name,
        target=target,
        config=config,
        service=service,
        filesystem=filesystem,
        root=root,
        now=now,
        stopped=stopped,
        subvolume=service.subvolume if service is not None else None,
        of_homeostat=acts_on == "homeostat",
        reaches=dependants(config.services, target) if playbook.file.reaches == "dependants" else (),
        deploys=playbook.file.deploys,
        unprivileged=all(STEPS[planned.kind].unprivileged for planned in playbook.steps),
    )
    writes = [(STEPS[planned.kind].writes, planned.options) for planned in playbook.steps]
    undoes = [undo(case, planned.options) for planned in playbook.steps if (undo := STEPS[planned.kind].undo) is not None]
    return dataclasses.replace(
        case,
        write_set=tuple(path for names, options in writes if names is not None for path in names(case, options)),
        undoes=tuple(undo for undo in undoes if undo is not None),
    )


def obstacle(case: Case, playbook: Playbook) -> str | None:
    """Say why none of the declared protections can be given now, or None when one can."""
    return _choose(case, playbook)[1]


def _choose(case: Case, playbook: Playbook) -> tuple[str, str | None]:
    """Return the first protection that can be given and that its steps need no more than, or `none` with what stands in the way."""
    steps = [STEPS[planned.kind].obstacle(case, planned.options) for planned in playbook.steps]
    obstacles = [told for told in steps if told is not None]
    if obstacles:
        return "none", "; ".join(obstacles)
    for name in playbook.file.protections:
        told = PROTECTIONS[name].obstacle(case)
        if told is None:
            return name, None
        obstacles.append(told)
    return "none", "; ".join(obstacles)


def plan(case: Case, playbook: Playbook) -> Plan:
    """Gather facts and plan every step of a playbook, changing nothing.

    Raises:
        StepFailed: a fact cannot be had.

    """
    commands: tuple[Command, ...] = ()
    left: tuple[str, ...] = ()
    target_bytes = space.target_bytes(case, space.look(case)) if case.filesystem is not None else None
    for planned in playbook.steps:
        step, facts = STEPS[planned.kind], gather(case, planned, commands)
        commands, left = commands + step.plan(facts, planned.options), left + step.left(facts)
    undo = what_undo(case, playbook, commands)
    return msgspec.structs.replace(add_up(playbook, case.target, in_slices(commands)), target_bytes=target_bytes, left=left, undo=undo)


def gather(case: Case, planned: PlannedStep, before: tuple[Command, ...]) -> Any:
    """Return the facts that a step plans from, behind the commands that are planned before it. Raises StepFailed."""
    return STEPS[planned.kind].gather(dataclasses.replace(case, planned=before), planned.options)


def what_undo(case: Case, playbook: Playbook, commands: Iterable[Command]) -> str:
    """Say, before anything is done, what of it can be undone and what never, with the class of loss that is declared."""
    return undo_in_words(playbook, _choose(case, playbook), commands, case.config.protections.retention)


def undo_in_words(playbook: Playbook, given: tuple[str, str | None], commands: Iterable[Command], retention: Duration) -> str:
    """Say the same of a protection that is `given`, with what stands in the way of a better one."""
    name, told = given
    if name != "none":
        words = f"what it changes can be undone for {retention} (protection {name}){_STARTS_NOTHING if _only_restarts(playbook) else ''}"
    else:
        loss = f": {LOSSES[playbook.file.loss]}" if playbook.file.loss is not None else ""
        words = f"it cannot be undone{f' ({told})' if told else ''}{loss}"
    lasting = list(dict.fromkeys(_lasting(command) for command in commands if command.irreversible))
    return f"{words}; never to be undone once begun: {', '.join(lasting)}" if lasting else words


def _only_restarts(playbook: Playbook) -> bool:
    """Say whether an undo puts back files under a service that it leaves as it finds it: what deploys is started as it was before."""
    return playbook.file.restarts and not playbook.file.deploys and "command" not in playbook.file.protections


def _lasting(command: Command) -> str:
    loss = STEPS[command.step].loss
    return f"{command.step} ({LOSSES[loss]})" if loss is not None else command.summary


def protect(case: Case, playbook: Playbook) -> Record:
    """Give the declared protection, or none where the playbook declares how that may be; return what an undo needs.

    Raises:
        Unprotectable: it cannot be given, and doing without is not declared.

    """
    name, told = _choose(case, playbook)
    if told is not None and playbook.file.unprotected_feasibility is None:
        raise Unprotectable(told)
    return {"protection": name, "record": PROTECTIONS[name].protect(case)}


def perform(case: Case, command: Command) -> dict[str, Any]:
    """Do one planned command and return what was seen; what a command for good was predicted to free is measured. Raises StepFailed."""
    step = STEPS[command.step]
    if command.frees is None or not command.irreversible:
        return step.perform(case, command)
    before = space.look(case)
    seen = step.perform(case, command)
    # What it saw at the last moment counts: a file may have been left, or a snapshot taken, since the plan.
    prediction = msgspec.convert(seen.get("predicted", command.frees), Prediction, from_attributes=True)
    return {**seen, "freed": msgspec.to_builtins(space.freed(case, prediction, before))}


def oracle(case: Case, command: Command) -> Effect:
    """Say what a command that never reported back has brought about. Raises StepFailed when its oracle cannot be asked."""
    return STEPS[command.step].oracle(case, command)


def seal(case: Case, record: Record) -> Record:
    """Note how the action left what it touched, so that an undo can tell later edits from the action's own."""
    return {**record, "record": PROTECTIONS[record["protection"]].seal(case, record["record"])}


def keep(case: Case, record: Record) -> None:
    """Keep what was done; the protection stays for its retention."""
    PROTECTIONS[record["protection"]].keep(case, record["record"])


def undo(case: Case, record: Record) -> Restored:
    """Put back what the action changed, where nobody touched it since; it may be repeated."""
    return PROTECTIONS[record["protection"]].roll_back(case, record["record"])


def rehearse(case: Case, record: Record) -> Restored:
    """Tell what `undo` would put back, changing nothing."""
    return PROTECTIONS[record["protection"]].rehearse(case, record["record"])


def withdraw(case: Case, record: Record) -> None:
    """Delete what was kept for a run that has begun nothing."""
    del case
    PROTECTIONS[record["protection"]].discard(record["record"])


def all_kept(config: Config) -> list[Stored]:
    """Return what the protections keep on this host: what lies where the configuration names it, and what a guard wrote down. Raises OSError."""
    found = [(name, one) for name, protection in PROTECTIONS.items() for one in protection.kept(config)]
    known = {(name, one.place, one.name) for name, one in found}
    found += [(name, one) for name, one in guarded.kept(config) if (name, one.place, one.name) not in known]
    return [Stored(protection=name, kept=one, room_ratio=PROTECTIONS[name].room(one.record)) for name, one in found]


def kept(config: Config) -> list[Stored]:
    """Return what is kept and may be asked to go: what a guard may be running over is left out. Raises OSError."""
    running = guarded.running(config, SystemClock().now())
    return [stored for stored in all_kept(config) if stored.kept.name not in running]


def discard(config: Config, key: tuple[str, str, str]) -> None:
    """Delete one thing that is kept, and nothing that does not bear our name; twice does no harm. Raises OSError and ValueError."""
    for stored in kept(config):
        if stored.key == key:
            PROTECTIONS[stored.protection].discard(stored.kept.record)
            guarded.forget(config, stored.kept.name)


def keep_deployments(config: Config) -> list[str]:
    """Keep what each service is deployed as once that has been well for a while; say in words what was kept anew and what went. Raises OSError."""
    return list(keeper.keep_good(config, SystemClock().now()))


def release(case: Case, commands: tuple[Command, ...]) -> None:
    """Let go what the system still holds of commands whose results are journalled: their units, and what was to last only as long as their incident."""
    execution.release(case, commands)
    for command in commands:
        STEPS[command.step].release(case, command)


def measure(case: Case, name: str) -> float:
    """Read a measure of verification. Raises StepFailed when it cannot be read."""
    return MEASURES[name].read(case)


def probe(case: Case) -> dict[str, bool]:
    """Run the health probes that matter here: the service's own and those of what is reached beside it, or every service's where none is the target."""
    if case.of_homeostat or case.unprivileged:
        return {}
    services, of_target = case.config.services, (case.target, *case.reaches)
    concerned: dict[str, Service] = {name: services[name] for name in of_target} if case.service is not None else services
    return {name: shell.run(service.health, _PROBE_SECONDS).ok for name, service in concerned.items() if service.health is not None}


def show(case: Case) -> UnitState | None:
    """Return what the manager says of the case's service now, or None where no service is touched. Raises StepFailed."""
    return unit.show(case.service) if case.service is not None else None


def starts(case: Case) -> int:
    """Return how often the case's unit was started within its start limit, 0 without one. Raises StepFailed when nobody tells."""
    assert case.service is not None
    return unit.starts(case.service)


@dataclasses.dataclass(frozen=True, slots=True)
class Hands:
    """Who does the deeds; each raises as the function of its name above. By default this process does them itself."""

    obstacle: Callable[[Case, Playbook], str | None] = obstacle
    plan: Callable[[Case, Playbook], Plan] = plan
    protect: Callable[[Case, Playbook], Record] = protect
    perform: Callable[[Case, Command], dict[str, Any]] = perform
    oracle: Callable[[Case, Command], Effect] = oracle
    seal: Callable[[Case, Record], Record] = seal
    keep: Callable[[Case, Record], None] = keep
    undo: Callable[[Case, Record], Restored] = undo
    rehearse: Callable[[Case, Record], Restored] = rehearse
    withdraw: Callable[[Case, Record], None] = withdraw
    kept: Callable[[Config], list[Stored]] = kept
    discard: Callable[[Config, tuple[str, str, str]], None] = discard
    keep_deployments: Callable[[Config], list[str]] = keep_deployments
    release: Callable[[Case, tuple[Command, ...]], None] = release
    measure: Callable[[Case, str], float] = measure
    probe: Callable[[Case], dict[str, bool]] = probe
    show: Callable[[Case], UnitState | None] = show
    starts: Callable[[Case], int] = starts

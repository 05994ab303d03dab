"""`homeostat deploy`: bring a stack of services up in phases under protection, and take it back as a whole when it is not well; it needs no actor."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import secrets
import signal
from typing import TYPE_CHECKING, Any

import click
import msgspec

from actor.stack import compose, images, plan, record, syntax
from actor.stack.deploying import NotWell, Site, bring_up, take_back
from actor.stack.images import ImageBefore, ImageFailed
from actor.stack.places import held
from actor.stack.record import Busy, Deployed
from actor.stack.stackfile import QUADLETS, load_stack
from actor.stack.units import UnitFailed, UnitNow, look
from homeostat.cli.completing import completing
from homeostat.cli.desk import printable, table
from homeostat.cli.said import as_text, json_option
from homeostat.clock import SystemClock, rfc3339
from homeostat.config import Config, ConfigError, load
from homeostat.units import asking
from homeostat.units.places import SYSTEM, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from actor.stack.record import Phase
    from actor.stack.stackfile import Component

DEPLOYED, NOT_BEGUN, ROLLED_BACK, CONFLICT, STRANDED = 0, 1, 10, 11, 12
_ENDED = {DEPLOYED: "done", ROLLED_BACK: "rolled_back", CONFLICT: "rollback_conflict", STRANDED: "stranded"}


def _deployments(config: Config) -> Iterator[tuple[str, str]]:
    return ((one.id, f"{one.state} {rfc3339(one.made_at)}: {one.stack}") for one in record.everything(config))


deployments = completing(_deployments)


@click.command()
@click.argument("stack", type=click.Path(path_type=pathlib.Path), required=False)
@click.option("--dry-run", is_flag=True, help="Only show the plan, with what changes in each file; with --undo what would go back.")
@click.option("--recover", is_flag=True, help="Only take back what a deployment that was killed has left.")
@click.option("--undo", "undone", metavar="ID", shell_complete=deployments, help="Make all as it was before an earlier deployment.")
@click.option("--list", "listed", is_flag=True, help="Show the deployments that are on record.")
@json_option("The plan, the record, or how it ended, as JSON; what is done meanwhile is told on standard error all the same.")
@click.pass_obj
def deploy(config_file: pathlib.Path, /, stack: pathlib.Path | None, **options: Any) -> None:
    """Bring the services of a STACK file up in phases.

    Each phase is well before the next begins. When anything fails, everything goes back: unit files, and what ran runs again.

    Exit code: 0 done, 1 nothing was changed, 10 failed and rolled back, 11 failed and rolled back but for what somebody
    touched meanwhile, 12 it could not be rolled back.
    """
    if os.geteuid() != 0:
        raise click.ClickException("units are root's; run it as root")
    if sum((stack is not None, options["recover"], options["undone"] is not None, options["listed"])) != 1:
        raise click.UsageError("write: homeostat deploy STACK.yml, or one of --recover, --undo ID, --list")
    stopping: list[int] = []
    try:
        config = load(config_file, Config) if config_file.exists() else Config()
        if options["listed"]:
            _list(config, as_json=options["as_json"])
            return
        with record.alone(config), _ended_by(stopping):
            site = Site(config, SystemClock(), _tell, lambda: bool(stopping))
            code = _code(site, stack, options)
    except (ConfigError, Busy, UnitFailed, ImageFailed, Unreachable, OSError, ValueError) as error:
        raise click.ClickException(printable(str(error))) from None
    if options["as_json"] and not options["dry_run"]:
        click.echo(as_text({"ended": _ENDED[code], "code": code}))
    raise click.exceptions.Exit(code)


def _code(site: Site, stack: pathlib.Path | None, options: dict[str, Any]) -> int:
    if options["undone"]:
        return _undo(site, options["undone"], dry_run=options["dry_run"], as_json=options["as_json"])
    if stack is not None and options["dry_run"]:
        return _show(site, stack, as_json=options["as_json"])
    code = _recover(site)
    return _deploy(site, stack) if stack is not None and code != STRANDED else code


@contextlib.contextmanager
def _ended_by(stopping: list[int]) -> Iterator[None]:
    """Hear what asks us to end: what was begun is rolled back first."""
    before = {number: signal.signal(number, lambda heard, _: stopping.append(heard)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _recover(site: Site) -> int:
    """Take back what deployments that were killed have left."""
    for left in _cut_off(site):
        _tell(f"deployment {left.id} of {left.stack} was cut off; taking it back")
        code = _back(site, left)
        if code == STRANDED:
            return code
    return DEPLOYED


def _cut_off(site: Site) -> list[Deployed]:
    return [one for one in record.everything(site.config) if one.state in {"running", "stranded"}]


def _show(site: Site, stack: pathlib.Path, *, as_json: bool) -> int:
    for left in _cut_off(site):
        _tell(f"deployment {left.id} of {left.stack} was cut off and would be taken back first; what is shown is from how it is now")
    components, phases = _planned(stack)
    fetched = (f"first, fetch {reference}, which is not here" for reference in images.missing(_named(components, phases)))
    _plan((*fetched, *plan.told(phases)), as_json=as_json)
    return DEPLOYED


def _plan(lines: Iterable[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(as_text({"plan": list(lines)}))
        return
    for line in lines:
        click.echo(printable(line))


def _deploy(site: Site, stack: pathlib.Path) -> int:
    components, phases = _planned(stack)
    for fetched in images.fetch(_named(components, phases), site.stopped):
        _tell(f"fetched {fetched}")
    changes = any(phase.files or phase.units for phase in phases)
    if not changes:
        _tell("everything is as the stack wants it")
    record.forget(site.config, site.clock.now())
    deployed = Deployed(id=secrets.token_hex(4), stack=str(stack.resolve()), made_at=site.clock.now(), phases=phases)
    deployed = msgspec.structs.replace(deployed, images=_images(deployed, components))
    record.put(site.config, deployed)
    try:
        images.keep(deployed.images)
        deployed = bring_up(site, deployed, components)
    except (NotWell, UnitFailed, ImageFailed, OSError) as failure:
        _tell(f"{failure}; rolling back")
        # How far it came stands on the disk.
        return {DEPLOYED: ROLLED_BACK}.get(code := _back(site, _find(site.config, deployed.id)), code)
    record.put(site.config, msgspec.structs.replace(deployed, state="deployed"))
    until = rfc3339(deployed.made_at + site.config.protections.retention)
    _tell(f"all is well; it can be undone until {until}: homeostat deploy --undo {deployed.id}" if changes else "all is well, and nothing was changed")
    return DEPLOYED


def _planned(stack: pathlib.Path) -> tuple[tuple[Component, ...], tuple[Phase, ...]]:
    """Read a stack file and look at the host; change nothing. Raises ConfigError, ValueError, UnitFailed and OSError."""
    components = tuple(_understood(component) for component in load_stack(stack))
    wanted = [file for component in components for file in component.files]
    fault = syntax.fault(wanted)
    if fault is not None:
        raise ValueError(f"{stack}: {fault}; nothing was changed")
    outdated = images.outdated(_ran(components))
    units = {component.unit: msgspec.structs.replace(look(component.unit), outdated=component.unit in outdated) for component in components}
    for component in components:
        load_state = units[component.unit].load
        if load_state not in {"loaded", "not-found"} or (load_state == "not-found" and not component.files):
            raise ValueError(f"{stack}: services.{component.name}: the unit {component.unit} is {load_state}; nothing was changed")
    units |= {component.unit: _seen(component.project, units[component.unit]) for component in components if component.project is not None}
    return components, plan.plan(components, {file.path: held(file.path) for file in wanted}, units)


def _understood(component: Component) -> Component:
    return component if component.project is None else dataclasses.replace(component, project=compose.read(component.project))


def _seen(project: compose.Project, now: UnitNow) -> UnitNow:
    """Return how the unit of a compose file is, with what its containers tell. Raises ConfigError where they run, but not by it."""
    containers = asking.containers(SYSTEM, ())
    if not now.active and compose.of(project, containers):
        raise project.said.fault(f"{project.name} has containers already that {project.unit} did not bring up; take them down first: {compose.PROGRAM} --project-name {project.name} --file {project.file} down")
    return msgspec.structs.replace(now, outdated=now.outdated or compose.sick(project, containers) is not None)


def _ran(components: tuple[Component, ...]) -> dict[str, dict[str, str]]:
    """Return what `images.running` does where a stack has containers at all. Raises Unreachable."""
    has_containers = any(component.project is not None or any(file.path.startswith(QUADLETS) for file in component.files) for component in components)
    return images.running() if has_containers else {}


def _images(deployed: Deployed, components: tuple[Component, ...]) -> tuple[ImageBefore, ...]:
    """Return every image that a changed quadlet names or named, and those that run and are about to be others."""
    named = images.references([*_contents(deployed.phases), *_contents_before(deployed.phases)])
    going = {before.unit for phase in deployed.phases for before in phase.units}
    ran = _ran(components)
    # What a compose file named before is known by what it runs alone.
    known = images.outdated(ran) | {component.unit: ran.get(component.unit, {}) for component in components if component.project is not None}
    return images.before(deployed.id, named, {name: image_id for unit in going for name, image_id in known.get(unit, {}).items()})


def _named(components: tuple[Component, ...], phases: tuple[Phase, ...]) -> tuple[str, ...]:
    """Return the images that a stack needs, each once."""
    of_projects = (image for component in components if component.project is not None for image in component.project.images)
    return tuple(dict.fromkeys((*images.references(_contents(phases)), *of_projects)))


def _contents(phases: tuple[Phase, ...]) -> list[str]:
    return [placed.content.decode() for phase in phases for placed in phase.files if placed.path.startswith(QUADLETS)]


def _contents_before(phases: tuple[Phase, ...]) -> list[str]:
    held_before = [placed.before for phase in phases for placed in phase.files if placed.path.startswith(QUADLETS)]
    return [before.content.decode(errors="replace") for before in held_before if before is not None]


def _undo(site: Site, deployment_id: str, *, dry_run: bool, as_json: bool) -> int:
    wanted = _find(site.config, deployment_id)
    after = [one for one in record.everything(site.config) if one.made_at > wanted.made_at and one.state == "deployed" and _touched(one) & _touched(wanted)]
    if after:
        raise ValueError(f"deployment {after[-1].id} changed some of the same since; take that back first: homeostat deploy --undo {after[-1].id}")
    if not dry_run:
        return _back(site, wanted)
    _plan(plan.told_back(wanted), as_json=as_json)
    return DEPLOYED


def _touched(deployed: Deployed) -> set[str]:
    phases = deployed.phases
    return {before.unit for phase in phases for before in phase.units} | {placed.path for phase in phases for placed in phase.files}


def _find(config: Config, deployment_id: str) -> Deployed:
    found = next((one for one in record.everything(config) if one.id == deployment_id), None)
    if found is None:
        raise ValueError(f"no deployment has the id {deployment_id!r}, or it is gone after protections.retention; see: homeostat deploy --list")
    return found


def _back(site: Site, deployed: Deployed) -> int:
    try:
        _, conflicts = take_back(site, deployed)
    except (UnitFailed, ImageFailed, OSError) as failure:
        _tell(f"it could not be taken back: {failure}; repeat it: homeostat deploy --recover")
        return STRANDED
    for path in conflicts:
        _tell(f"  left, for somebody touched it: {path}")
    _tell("all is as it was before" + (" but for that" if conflicts else ""))
    return CONFLICT if conflicts else DEPLOYED


def _list(config: Config, *, as_json: bool) -> None:
    rows = [(one.id, rfc3339(one.made_at), one.state, one.stack) for one in record.everything(config)]
    if as_json:
        click.echo(as_text([dict(zip(("id", "since", "state", "stack"), row, strict=True)) for row in rows]))
        return
    if not rows:
        click.echo("Nothing was deployed.")
        return
    table(("ID", "SINCE", "STATE", "STACK"), rows)


def _tell(words: str) -> None:
    click.echo(f"deploy: {printable(words)}", err=True)


COMMAND = deploy

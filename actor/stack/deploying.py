"""Brings a stack up phase by phase, and takes it back as a whole when any of it is not well."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import threading
from typing import TYPE_CHECKING

import msgspec

from actor.stack import compose, images, places, record, units
from actor.stack.stackfile import UNITS
from actor.stack.units import UnitFailed
from homeostat import shell
from homeostat.units import asking
from homeostat.units.places import SYSTEM, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from actor.stack.record import Deployed, Phase, UnitBefore
    from actor.stack.stackfile import Component
    from homeostat.clock import Clock
    from homeostat.config import Config
    from homeostat.units.asking import Told

_SIDE_BY_SIDE = 4
_HEALTH_SECONDS = 10
_POLL_SECONDS = 0.5
_AGAIN_SECONDS = 120


class NotWell(Exception):  # noqa: N818 - what the service is
    """A service did not come up, or is not well; the message says which and what was seen."""


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """Where a deployment runs: its configuration, the clock, a way to tell people, and whether somebody wants it to end."""

    config: Config
    clock: Clock
    tell: Callable[[str], None]
    stopped: Callable[[], bool]


def bring_up(site: Site, deployed: Deployed, components: Iterable[Component]) -> Deployed:
    """Do all phases of a planned deployment; each is well before the next begins.

    Raises:
        NotWell: a service of it is not, or somebody ended it; nothing is rolled back yet.
        UnitFailed: systemd refused.
        OSError: a file could not be written.

    """
    by_unit = {component.unit: component for component in components}
    for number, phase in enumerate(deployed.phases, start=1):
        members = [by_unit[unit] for unit in phase.members]
        # What is about to change stands on the disk before it changes.
        deployed = msgspec.structs.replace(deployed, begun=number)
        record.put(site.config, deployed)
        site.tell(f"phase {number} of {len(deployed.phases)}: {', '.join(component.name for component in members)}")
        for placed in phase.files:
            places.put(placed)
        if phase.files:
            units.read_anew()
        _side_by_side(site, phase, members)
    return deployed


def _side_by_side(site: Site, phase: Phase, components: list[Component]) -> None:
    """Start what a phase starts and wait until all of it is well; the first that is not ends the waiting for the others. Raises NotWell."""
    failing = threading.Event()
    going = {before.unit: before for before in phase.units}
    watched = dataclasses.replace(site, stopped=lambda: failing.is_set() or site.stopped())

    def one(component: Component) -> None:
        try:
            if component.unit in going:
                _start(watched, component, going[component.unit])
            _see_that_it_is_well(watched, component)
        except BaseException:
            failing.set()
            raise

    with concurrent.futures.ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        results = [pool.submit(one, component) for component in components]
    faults = [fault for fault in (result.exception() for result in concurrent.futures.as_completed(results)) if fault is not None]
    # Who only waited in vain for a sick neighbour has nothing to say.
    told = [fault for fault in faults if not isinstance(fault, _Ended)] or faults
    if told:
        raise NotWell("; ".join(str(fault) for fault in told)) if all(isinstance(fault, NotWell | UnitFailed) for fault in told) else told[0]


class _Ended(NotWell):
    """It was not waited for any longer."""


def _start(site: Site, component: Component, before: UnitBefore) -> None:
    installs = any(wanted.path == f"{UNITS}/{component.unit}" and "[Install]" in wanted.content for wanted in component.files)
    if installs and not before.enabled:
        units.enable(component.unit, wanted=True)
    try:
        units.start(component.unit, component.member.start_timeout, site.stopped)
    except UnitFailed as failed:
        if site.stopped():
            raise _Ended(f"{component.name}: its start was ended") from None
        raise NotWell(f"{component.name} did not start: {failed}") from None
    site.tell(f"  {component.name}: {'restarted' if before.active else 'started'} {component.unit}")


def _see_that_it_is_well(site: Site, component: Component) -> None:
    """Wait until a service is well, and see that it stays so and is not started anew meanwhile. Raises NotWell and UnitFailed."""
    begun, first = site.clock.monotonic(), units.look(component.unit)
    while (sick := _sick(component, first.invocation)) is not None:
        if site.clock.monotonic() - begun >= component.member.health_timeout or not units.look(component.unit).well:
            raise NotWell(f"{component.name} is not well: {sick}")
        _wait(site, component, _POLL_SECONDS)
    before = _starts(component)
    _wait(site, component, component.member.settle)
    sick = _sick(component, first.invocation)
    if sick is None and _starts(component) != before:
        sick = "one of its containers ended and was started anew"
    if sick is not None:
        raise NotWell(f"{component.name} did not stay well for {component.member.settle}: {sick}")
    site.tell(f"  {component.name}: well after {site.clock.monotonic() - begun:.1f} s")


def _sick(component: Component, invocation: str) -> str | None:
    now = units.look(component.unit)
    if not now.well:
        return f"{component.unit} is not up"
    if now.invocation != invocation:
        return f"{component.unit} ended and was started anew"
    if component.project is not None and (sick := compose.sick(component.project, _containers())) is not None:
        return sick
    health = component.member.health
    if health is None:
        return None
    asked = shell.run(health, _HEALTH_SECONDS)
    return None if asked.ok else str(asked)


def _starts(component: Component) -> dict[str, str]:
    """Return when each container of a compose file was started last; of any other service nothing."""
    return {told.id: told.started for told in compose.of(component.project, _containers())} if component.project is not None else {}


def _containers() -> list[Told]:
    try:
        return asking.containers(SYSTEM, ())
    except Unreachable as unreachable:
        raise UnitFailed(str(unreachable)) from None


def _wait(site: Site, component: Component, seconds: float) -> None:
    until = site.clock.monotonic() + seconds
    while site.clock.monotonic() < until:
        if site.stopped():
            raise _Ended(f"{component.name}: it was not waited for any longer")
        site.clock.sleep(min(0.1, max(0.0, until - site.clock.monotonic())))


def take_back(site: Site, deployed: Deployed) -> tuple[Deployed, tuple[str, ...]]:
    """Make everything as it was before a deployment, the last phase first; return what came of it, and the paths left for somebody touched them.

    It may be repeated, after a kill too.

    Raises:
        UnitFailed: a unit could not be stopped, or not be started as it ran before; the record says stranded.
        ImageFailed: an image's name could not mean again what it meant; likewise.
        OSError: a file could not be put back; likewise.

    """
    begun = deployed.phases[: deployed.begun]
    record.put(site.config, msgspec.structs.replace(deployed, state="stranded"))
    for phase in reversed(begun):
        for before in reversed(phase.units):
            _halt(before)
    images.put_back(deployed.images)
    conflicts = tuple(placed.path for phase in reversed(begun) for placed in reversed(phase.files) if not places.put_back(placed))
    units.read_anew()
    for phase in begun:
        for before in phase.units:
            if before.active and not units.look(before.unit).active:
                units.start(before.unit, _AGAIN_SECONDS, lambda: False)
                site.tell(f"  {before.unit} runs again as before")
    ended = msgspec.structs.replace(deployed, state="rollback_conflict" if conflicts else "rolled_back")
    record.put(site.config, ended)
    return ended, conflicts


def _halt(before: UnitBefore) -> None:
    """Stop a unit that is not any more what ran before, and let it not start at boot where it did not."""
    now = units.look(before.unit)
    if now.enabled and not before.enabled:
        units.enable(before.unit, wanted=False)
    if now.load == "loaded" and not (now.active and now.invocation == before.invocation):
        units.stop(before.unit)

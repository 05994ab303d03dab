"""When what runs of each service last changed: its unit as it is declared, or its container's image (SPEC 3.5)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from exporter.declared import gather_units
from exporter.observation import Happened, Looking, Metric, Observer, Sight
from homeostat.config.section import DAY
from homeostat.units.differences import as_started
from homeostat.units.facts import Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.units.facts import Unit

_HELP = {
    "deployment_timestamp_seconds": "When a service was first started with another unit, or with another image, than before; none where neither has changed since it is watched.",
    "image_created_timestamp_seconds": "When the image was made that a service's container runs.",
}
_TOLD_SECONDS = 30 * DAY
_MOST_TOLD = 200
_NAMES = {"unit": "its unit", "image": "its image"}


class Last(msgspec.Struct, frozen=True):
    """What of a service ran at the last look, in short, when it began to where that was seen (Unix seconds), and by which run of its unit."""

    is_now: str
    since: float | None = None
    invocation: str = ""


class Deployed(msgspec.Struct, frozen=True):
    """A change of what runs of a service, and when it began to run (Unix seconds)."""

    at: float
    target: str
    words: str


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """By service, its unit and its image as they ran last, and what was deployed in the last 30 days."""

    units: dict[str, Last] = {}
    images: dict[str, Last] = {}
    events: tuple[Deployed, ...] = ()


def _read(facts: Look, looking: Looking) -> Sight:
    before: Memory = looking.memory or Memory()
    units, images, fresh = dict(before.units), dict(before.images), list(before.events)
    for name, unit in facts.units.items():
        at = unit.started_at if unit.started_at is not None else looking.now
        for known, what, is_now in ((units, "unit", _unit_in_short(unit)), (images, "image", _image_of(unit))):
            last = known.get(name)
            if is_now is None:
                continue
            # The first look ever sees no change, and a unit that is told otherwise while it runs on, by a newer generator of podman's say, was not deployed.
            is_new = last is not None and last.is_now != is_now and not (what == "unit" and last.invocation == unit.invocation != "")
            known[name] = Last(is_now, at if is_new else last.since if last is not None else None, unit.invocation)
            if last is not None and is_new:
                fresh.append(Deployed(at, name, f"{name} was started with {_NAMES[what]} changed: {last.is_now[:12]} before, {is_now[:12]} now"))
    events = tuple(event for event in fresh if event.at > looking.now - _TOLD_SECONDS)[-_MOST_TOLD:]
    known_still = Memory(units=_of(units, looking), images=_of(images, looking), events=events)
    happened = tuple(Happened(event.at, event.target, "deployment", event.words) for event in events)
    return Sight((*_metrics(known_still), *_created(facts)), events=happened, memory=known_still)


def _of(known: dict[str, Last], looking: Looking) -> dict[str, Last]:
    return {name: last for name, last in known.items() if name in looking.config.services}


def _unit_in_short(unit: Unit) -> str | None:
    """Return a digest of what the unit said when it was started, None where that is not seen, or where no unit is."""
    settings = as_started(unit)
    if settings is None or not unit.files:
        return None
    told = msgspec.json.encode(sorted((*settings.items(), *(unit.command or {}).items())))
    return hashlib.blake2b(told, digest_size=8).hexdigest()


def _image_of(unit: Unit) -> str | None:
    return unit.container.image_id if unit.container is not None and unit.container.running else None


def _metrics(known: Memory) -> Iterator[Metric]:
    for what, of in (("unit", known.units), ("image", known.images)):
        for name, last in of.items():
            if last.since is not None:
                yield Metric("deployment_timestamp_seconds", last.since, {"target": name, "what": what})


def _created(facts: Look) -> Iterator[Metric]:
    for name, unit in facts.units.items():
        if unit.container is not None and unit.container.running and unit.container.image_created_at is not None:
            yield Metric("image_created_timestamp_seconds", unit.container.image_created_at, {"target": name})


OBSERVER = Observer(help=_HELP, facts=Look, gather=gather_units, read=_read, memory=Memory, needs_root=True, kept=lambda looking: None if looking.config.services else Look())

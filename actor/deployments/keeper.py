"""Keeps what each service of the catalogue is deployed as once that has been well for a while, a few for each, so that a later one can be rolled back."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

import msgspec

from actor.deployments import facts, store
from actor.disk import copies, files, shelf
from actor.model import StepFailed
from homeostat import shell, stopping
from homeostat.units.differences import as_started
from homeostat.units.look import look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.deployments.facts import Running
    from actor.deployments.store import Deployment, Good
    from homeostat.config import Config
    from homeostat.config.catalogue import Service
    from homeostat.units.facts import Settings

log = logging.getLogger(__name__)

_PROBE_SECONDS = 10
_ACTION = "deployment"


def keep_good(config: Config, now: float) -> tuple[str, ...]:
    """Keep every deployment that is good at a Unix time and let go those that are too many or too old; say in words what was kept anew and what went.

    In shadow mode and under a stop nothing is touched, not even a name of an image. Raises OSError.
    """
    return (*_kept(config, now), *_let_go(config, now))


def _is_held_back(config: Config) -> bool:
    """Say whether nothing may be touched; a stop may come in the midst."""
    stops = stopping.places(config.actor.stop_directories)
    return config.autonomy.mode == "shadow" or any(stopping.written_in(path) is not None for path in stops)


def _kept(config: Config, now: float) -> Iterator[str]:
    for name, service in sorted(config.services.items()):
        if not service.has_unit:
            continue
        if _is_held_back(config):
            return
        try:
            running = facts.look(service)
            if _is_good(config, service, running, now) and _keep(config, (name, service), running, now):
                yield f"the deployment of {name} has been well and is kept"
        except (StepFailed, OSError, ValueError, copies.ChangedMeanwhile) as failure:
            # Of the others' there is no less to keep.
            log.debug("the deployment of %s is not kept: %s", name, failure)


def _is_good(config: Config, service: Service, running: Running, now: float) -> bool:
    """Say whether it has run for long enough just as it is declared, and is healthy."""
    started_at = running.state.started_at
    if not running.state.active or running.edited or running.retagged or started_at is None:
        return False
    if now - started_at < config.protections.deployment_good_after:
        return False
    return service.health is None or shell.run(service.health, _PROBE_SECONDS).ok


def _keep(config: Config, about: tuple[str, Service], running: Running, now: float) -> bool:
    """Keep a deployment, or note of one that is kept that it still is good; say whether it is a new one."""
    place = store.folder_of(config)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    deployment = msgspec.structs.replace(store.deployment_of(about, running.image, running.state.started_at), said=_said(*about))
    own_name = f"homeostat-{_ACTION}-{_digest(deployment, copies.sums(running.places))}"
    is_new = not place.joinpath(own_name).exists()

    def is_so() -> bool:
        # A health probe takes its time, in which somebody may have edited what it is declared by, or have stopped everything.
        return not _is_held_back(config) and facts.runs_still(about[1], running)

    with files.opened(str(place)) as shelves:
        if is_new:
            store.put(shelves, own_name, deployment, running.places, is_so)
        elif is_so():
            store.renew(shelves, own_name, deployment)
        else:
            raise copies.ChangedMeanwhile
    store.seen_good(str(place / own_name), now)
    return is_new


def _said(name: str, service: Service) -> Settings | None:
    seen = look({name: service}).units.get(name)
    return as_started(seen) if seen is not None else None


def _digest(deployment: Deployment, sums: dict[str, str]) -> str:
    """Return what is the same for a service as long as its files and its image are."""
    what = (deployment.service, deployment.unit, deployment.user, deployment.image, sorted(sums.items()))
    return hashlib.sha256(msgspec.json.encode(what)).hexdigest()[:16]


def _let_go(config: Config, now: float) -> Iterator[str]:
    seen: dict[str, int] = {}
    for good in store.everything(config):
        if _is_held_back(config):
            return
        name = good.deployment.service
        seen[name] = seen.get(name, 0) + 1
        why = _why_gone(config, good, seen[name], now)
        if why is None:
            continue
        try:
            store.discard(good.folder)
            yield f"an earlier deployment of {name} is kept no longer, {why}"
        except (StepFailed, OSError) as failure:
            log.warning("%s was not deleted: %s", good.folder, failure)
    for path in store.folder_of(config).glob(f"*{copies.UNFINISHED}"):
        # Of a process that was killed over it.
        if not _is_held_back(config) and shelf.incident_of(path.name.removesuffix(copies.UNFINISHED)) is not None:
            store.discard(str(path))


def _why_gone(config: Config, good: Good, place: int, now: float) -> str | None:
    limits = config.protections
    if not store.is_of(config, good.deployment.service, good.deployment):
        return "for the catalogue has it no more"
    if place > limits.deployments_kept:
        return f"for {limits.deployments_kept} are younger"
    # The last one is what an edit of tomorrow is rolled back to, however old it is.
    return f"after {limits.deployment_retention}" if place > 1 and now - good.seen_at > limits.deployment_retention else None

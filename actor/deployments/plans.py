"""What a deployment would change: what runs, what is declared, what was before; told in words and line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor.deployments import difference, facts, store
from actor.deployments.facts import Running
from actor.disk import copies
from actor.model import StepFailed
from homeostat.units.differences import differences
from homeostat.units.look import look

if TYPE_CHECKING:
    from actor.deployments.store import Good
    from actor.model import Case
    from homeostat.units.differences import Difference
    from homeostat.units.facts import Settings


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What is declared of a service beside what runs: the sha256 of its files, in words what differs and whether that is major, and line by line."""

    running: Running
    sha256: dict[str, str]
    words: tuple[str, ...]
    major: bool
    difference: tuple[str, ...]


def declared(case: Case) -> Declared:
    """Compare what runs with what is declared. Raises StepFailed where one of them cannot be looked at."""
    assert case.service is not None
    running = facts.look(case.service)
    try:
        before = _before(case, running)
        # What another invocation was says nothing of this one, which may never have been well for long enough to be kept.
        is_it = before is not None and before.deployment.started_at == running.state.started_at
        found = _differences(case, before.deployment.said if before is not None and is_it else None)
        lines = difference.of_files(store.texts(before.folder), store.texts_now(running.places)) if before is not None else ()
        sums = copies.sums(running.places)
    except (OSError, ValueError) as error:
        raise StepFailed(f"the files of {case.target} cannot be read: {error}") from None
    if running.image is not None:
        lines = (*lines, *difference.of_images(running.image.reference, running.image.id, running.declared))
    words, major = tuple(each.words for each in found), any(each.severity == "major" for each in found)
    return Declared(running=running, sha256=sums, words=words, major=major, difference=lines)


def _before(case: Case, running: Running) -> Good | None:
    """Return the deployment that runs, as it was kept, where its files no longer stand so; None where they do, or nothing was kept."""
    kept = store.good_of(case.config, case.target) if running.edited else []
    return store.before_the_edit(kept, running.image, running.state.started_at) if kept else None


def _differences(case: Case, former: Settings | None) -> tuple[Difference, ...]:
    assert case.service is not None
    seen = look({case.target: case.service})
    if case.target not in seen.units:
        raise StepFailed(seen.unseen.get(case.target, f"{case.target} declares nothing"))
    return differences(seen.units[case.target], former)


def earlier(case: Case, running: Running) -> Good | None:
    """Return the good deployment of a service that was last before the one that runs, None where none is kept. Raises OSError and StepFailed."""
    sums = copies.sums(running.places)
    image = running.image.id if running.image is not None else None
    for good in store.good_of(case.config, case.target):
        its_image = good.deployment.image.id if good.deployment.image is not None else None
        if copies.manifest_of(good.folder).sha256 != sums or its_image != image:
            return good
    return None


def drift(case: Case) -> tuple[Difference, ...]:
    """Return in what what runs is not what is declared. Raises StepFailed as `declared`."""
    return _differences(case, None)

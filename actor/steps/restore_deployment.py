"""Puts the good deployment before the one that runs back: its unit's files, the name of its image; then the units are read anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor import systemctl
from actor.deployments import difference, facts, force, plans, podman, sharing, store
from actor.deployments.podman import Image
from actor.disk import copies, three_way
from actor.kinds import Step
from actor.model import Case, Command, Effect, StepFailed
from homeostat.clock import rfc3339

if TYPE_CHECKING:
    from actor.deployments.facts import Running


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No options: the deployment is the last good one before that which runs."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Which service; the earlier deployment, where it is kept and when it was last good (Unix seconds), and how both differ.

    `sha256` of its files and the id of its image are `now` what runs and is declared, `then` what will.
    """

    service: str
    folder: str
    good_at: float
    now: dict[str, str]
    then: dict[str, str]
    image_now: Image | None = None
    image_then: Image | None = None
    difference: tuple[str, ...] = ()


def _gather(case: Case, options: Options) -> Facts:
    del options
    assert case.service is not None
    running = facts.look(case.service)
    if running.edited or running.retagged:
        raise StepFailed(f"{case.target} does not run what is declared; what would be rolled back is not what runs")
    try:
        good = plans.earlier(case, running)
        if good is None:
            raise StepFailed(f"no other good deployment of {case.target} is kept, so there is none to go back to")
        lines = difference.of_files(store.texts_now(running.places), store.texts(good.folder))
        now = copies.sums(running.places)
        then = copies.manifest_of(good.folder).sha256
    except (OSError, ValueError) as error:
        raise StepFailed(f"what was deployed of {case.target} cannot be read: {error}") from None
    image = good.deployment.image
    _see_that_it_is_its_own(case, running, image)
    images = difference.of_images(image.reference, running.image.id if running.image is not None else None, image.id) if image is not None else ()
    return Facts(
        service=case.target, folder=good.folder, good_at=good.seen_at, now=now, then=then, image_now=running.image, image_then=image, difference=(*lines, *images)
    )


def _see_that_it_is_its_own(case: Case, running: Running, image: Image | None) -> None:
    """See that nobody else asks for the image by the name that would be moved back. Raises StepFailed."""
    assert case.service is not None
    if image is None or not image.is_tagged or (running.image is not None and running.image.id == image.id):
        return
    others = sharing.others(case.service, running.places, image.reference)
    if others:
        raise StepFailed(f"{image.reference} is the image of {', '.join(others)} too, where the earlier one would run from the next start on; give {case.target} a name of its own for it, or go back by hand")


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    del options
    files = [f"/{path}" for path in sorted({*facts.now, *facts.then}) if facts.now.get(path) != facts.then.get(path)]
    image = [facts.image_then.reference] if facts.image_then is not None and facts.image_then != facts.image_now else []
    return (
        Command(
            step="restore-deployment",
            summary=f"put back the deployment of {facts.service} that was good until {rfc3339(facts.good_at)}: {', '.join((*files, *image))}",
            arguments=msgspec.to_builtins({"folder": facts.folder, "now": facts.now, "then": facts.then, "image_now": facts.image_now, "image_then": facts.image_then}),
            expected="the files and the name of the image are those of then, and the units are read",
            oracle="the sha256 of each file and what the image's name stands for say whether they are back",
            difference=facts.difference,
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    found = _gather(case, Options())
    if _plan(found, Options())[0].arguments != command.arguments:
        raise StepFailed("what is deployed, or what is kept, changed since the plan was made; nothing was put back")
    assert case.service is not None
    try:
        restored = copies.undone(found.folder, copies.changes(found.folder), three_way.revert)
    except OSError as error:
        raise StepFailed(f"the files of {case.target} cannot be put back: {error}") from None
    if restored.conflicts:
        raise StepFailed(f"somebody touched meanwhile: {', '.join(restored.conflicts)}")
    if found.image_then is not None and found.image_then.is_tagged:
        podman.tag(found.image_then.id, found.image_then.reference, store.read(found.folder).user)
    force.read_units(case.service)
    return {"restored": restored.restored, "paths": list(restored.paths)}


def _oracle(case: Case, command: Command) -> Effect:
    """Say how much of it is back; a file that is neither what it was nor what it was to be counts as half."""
    assert case.service is not None
    state, places = facts.unit_of(case.service)
    try:
        sums = copies.sums(places)
    except OSError as error:
        raise StepFailed(f"the files of {case.target} cannot be read: {error}") from None
    now, then = command.arguments["now"], command.arguments["then"]
    image = _image_now(case, command)
    if (sums, image) == (then, _id(command, "image_then")) and not state.needs_reload:
        return "done"
    return "none" if (sums, image) == (now, _id(command, "image_now")) else "partial"


def _image_now(case: Case, command: Command) -> str | None:
    assert case.service is not None
    then = command.arguments["image_then"]
    return podman.image_id(then["reference"], systemctl.user_of(case.service)) if then is not None else _id(command, "image_now")


def _id(command: Command, name: str) -> str | None:
    image = command.arguments[name]
    return image["id"] if image is not None else None


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, deploys=True, acts_on=("service",))

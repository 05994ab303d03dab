"""What in a playbook cannot be meant together, each in one sentence with the place where it stands; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actor.change import Change
from homeostat.config.limits import Window
from homeostat.config.units import Duration
from homeostat.words import LOSSES, SELFTEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from actor.kinds import Measure, Step
    from actor.playbook import Expectation, PlannedStep, Playbook
    from homeostat.config import Config

Place = tuple[str | int, ...]
_STAND_FOR = {"{unit}": ("service",), "{path}": ("filesystem", "backup-filesystem")}
# What moves files aside.
_ASIDE = {"quarantine-files", "compress-files"}


class Contradiction(NamedTuple):
    """Where it stands, as keys and places in lists, and what is wrong and would be right."""

    place: Place
    message: str


def found(playbook: Playbook, steps: Mapping[str, Step], measures: Mapping[str, Measure]) -> Iterator[Contradiction]:
    """Yield what contradicts itself in one playbook, the plainest first."""
    yield from _of_answers(playbook)
    yield from _of_limits(playbook)
    yield from _of_verification(playbook, measures)
    yield from _of_steps(playbook, steps)
    yield from _of_protection(playbook, steps)
    yield from _of_times(playbook)


def _of_answers(playbook: Playbook) -> Iterator[Contradiction]:
    answers = playbook.file.answers
    if not answers:
        yield Contradiction(("answers",), "it answers nothing, so nothing would ever call for it; name a problem")
    twice = next((place for place, problem in enumerate(answers) if problem in answers[:place]), None)
    if twice is not None:
        yield Contradiction(("answers", twice), f"{answers[twice]} stands here twice; keep one")
    if (playbook.file.acts_on == "homeostat") != (SELFTEST in answers):
        yield Contradiction(("acts_on",), f"acts_on homeostat is for what answers {SELFTEST!r}, and that for nothing else")


def _of_limits(playbook: Playbook) -> Iterator[Contradiction]:
    limits, cooldown = playbook.file.limits, playbook.file.cooldown
    for key in ("per_target", "per_action"):
        windows = [Window.parse(text) for text in getattr(limits, key)]
        for place, window in enumerate(windows):
            stricter = next((other for other in windows if other is not window and other.count <= window.count and other.within >= window.within), None)
            if stricter is not None:
                yield Contradiction(("limits", key, place), f"it never comes to {window.count} in {window.within}, for another limit here allows {stricter.count} in {stricter.within}")
            # Each target rests so long, so that no more than this fit into the window.
            elif key == "per_target" and cooldown and window.count > 1 and (window.count - 1) * cooldown >= window.within:
                yield Contradiction(("limits", key, place), f"it never comes to {window.count} in {window.within}, for cooldown lets it rest {cooldown} each time")


def _of_verification(playbook: Playbook, measures: Mapping[str, Measure]) -> Iterator[Contradiction]:
    verify, acts_on = playbook.file.verify, playbook.file.acts_on
    for place, expected in [((), verify), *((("instead", problem), other) for problem, other in verify.instead.items())]:
        yield from _of_expectation(("verify", *place), expected, measures, acts_on)
    for number, name in enumerate(verify.unharmed):
        if measures[name].acts_on and acts_on not in measures[name].acts_on:
            yield Contradiction(("verify", "unharmed", number), f"{name} measures a {_or(measures[name].acts_on)}, and acts_on is {acts_on}")


def _of_expectation(place: Place, expected: Expectation, measures: Mapping[str, Measure], acts_on: str) -> Iterator[Contradiction]:
    measure = measures[expected.measure]
    if measure.acts_on and acts_on not in measure.acts_on:
        yield Contradiction((*place, "measure"), f"{expected.measure} measures a {_or(measure.acts_on)}, and acts_on is {acts_on}")
    if not Change(expected.success).implies(Change(expected.warn)):
        yield Contradiction((*place, "warn"), f"{expected.success!r} can be met without {expected.warn!r}, and warn is what is less than a success; write it weaker")


def _of_steps(playbook: Playbook, steps: Mapping[str, Step]) -> Iterator[Contradiction]:
    if not playbook.steps:
        yield Contradiction(("steps",), "it does nothing; name a step")
    acts_on, kinds = playbook.file.acts_on, [planned.kind for planned in playbook.steps]
    for place, planned in enumerate(playbook.steps):
        step, at = steps[planned.kind], ("steps", place, planned.kind)
        if step.acts_on and acts_on not in step.acts_on:
            yield Contradiction(at, f"this step needs acts_on {_or(step.acts_on)}, and acts_on is {acts_on}")
        if playbook.only_reads and not step.only_reads(planned.options):
            yield Contradiction(("action_class",), f"read is for what only reads, which needs no budget; step {planned.kind} does more")
        misplaced = next((word for word, kinds in _STAND_FOR.items() if word in getattr(planned.options, "words", ()) and acts_on not in kinds), None)
        if misplaced is not None:
            yield Contradiction(at, f"{misplaced} stands for something only where acts_on is {_or(_STAND_FOR[misplaced])}")
        deadline = getattr(planned.options, "deadline", None)
        if isinstance(deadline, Duration) and deadline > playbook.file.deadline:
            yield Contradiction((*at, "deadline"), f"{deadline} is longer than the playbook's own deadline of {playbook.file.deadline}, which ends everything")
    if "purge-quarantine" in kinds and not _ASIDE.intersection(kinds[: kinds.index("purge-quarantine")]):
        yield Contradiction(("steps", kinds.index("purge-quarantine"), "purge-quarantine"), "nothing is quarantined before this step, so there is nothing to purge")
    if ("restart-dependants" in kinds) != (playbook.file.reaches == "dependants"):
        yield Contradiction(("reaches",), "reaches dependants and the step restart-dependants need each other")


def _of_protection(playbook: Playbook, steps: Mapping[str, Step]) -> Iterator[Contradiction]:
    words, kinds = playbook.file.protection_words, [planned.kind for planned in playbook.steps]
    twice = next((word for place, word in enumerate(words) if word in words[:place]), None)
    if twice is not None:
        yield Contradiction(("protection",), f"{twice} stands here twice; keep one")
    if "none" in words[:-1]:
        yield Contradiction(("protection",), "none can always be given, so that what stands behind it never is; write none last")
    if playbook.only_reads and words != ("none",):
        yield Contradiction(("protection",), "what only reads changes nothing that could be put back; write protection: none")
    if ("quarantine" in words) != bool(_ASIDE.intersection(kinds)):
        yield Contradiction(("protection",), "protection quarantine and a step quarantine-files or compress-files need each other: only what is moved aside comes back from there")
    deeds = [(place, planned) for place, planned in enumerate(playbook.steps) if not steps[planned.kind].only_reads(planned.options)]
    if playbook.file.loss == "reads-only" and deeds:
        yield Contradiction(("loss",), f"step {deeds[0][1].kind} does more than read; write another of {', '.join(LOSSES)}")
    yield from _of_commands(playbook, deeds, steps)


def _of_commands(playbook: Playbook, deeds: list[tuple[int, PlannedStep]], steps: Mapping[str, Step]) -> Iterator[Contradiction]:
    """Yield where the owner's commands and their undo do not fit the protection that the playbook declares."""
    words = playbook.file.protection_words
    with_undo = [place for place, planned in deeds if getattr(planned.options, "undo", None) is not None]
    for place, planned in deeds:
        has_undo, at = place in with_undo, ("steps", place, planned.kind)
        if has_undo and "command" not in words:
            yield Contradiction((*at, "undo"), "nobody would ever run this undo; write protection: command")
        elif not has_undo and planned.kind == "command" and playbook.file.loss is None:
            yield Contradiction(at, f"without undo it is done for good, so say what that may lose; write loss: and one of {', '.join(LOSSES)}")
        elif not has_undo and "command" in words and steps[planned.kind].loss is None and planned.kind != "command":
            yield Contradiction(("protection",), f"protection command runs the undo that steps name, and step {planned.kind} names none")
    if "command" in words and not with_undo:
        yield Contradiction(("protection",), "protection command runs the undo that steps name, and no step names one")


def _of_times(playbook: Playbook) -> Iterator[Contradiction]:
    file = playbook.file
    whole = Duration(file.deadline + file.verify.settle + file.verify.watch)
    if file.estimate > whole:
        yield Contradiction(("estimate",), f"{file.estimate} is longer than it can ever take: {whole} with deadline, settle and watch")


def _or(words: tuple[str, ...]) -> str:
    return " or ".join(words)


def with_configuration(config: Config, playbooks: Mapping[str, Playbook]) -> Iterator[Contradiction]:
    """Yield where a person's word lets an action run unasked, by `min_confidence`, and another word never does."""
    for name, override in config.autonomy.actions.items():
        never = _never_unasked(config, playbooks[name]) if override.min_confidence else None
        if never is not None:
            yield Contradiction(("autonomy", "actions", name, "min_confidence"), f"it says when {name} runs unasked, which it never does: {never}; leave one of the two out")


def _never_unasked(config: Config, playbook: Playbook) -> str | None:
    """Return the word by which an action never runs unasked, whatever the confidence, or None."""
    override = config.autonomy.actions[playbook.name]
    if playbook.file.risk == "high":
        return "its playbook says risk: high"
    if override.requires_confirmation:
        return "requires_confirmation is true"
    if playbook.name in config.autonomy.require_approval_for:
        return "it stands in autonomy.require_approval_for"
    services = config.services if playbook.file.acts_on == "service" else {}
    if services and not any(service.auto_restart for service in services.values()):
        return f"every service says auto_restart: false ({', '.join(services)})"
    return None

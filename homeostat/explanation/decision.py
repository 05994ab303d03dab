"""The decision in words: each term with its weight and what it adds, every floor and threshold, and hence the tier or why there is none."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from homeostat.config.thresholds import NEVER
from homeostat.explanation.parts import Part, day, listed, number
from homeostat.words import DECISIONS, EXECUTING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.explanation.facts import Facts, Key
    from homeostat.prometheus import Sample

HEADING = "Decision"
# As in alert-rules/decision.rules.yml, where a tier is left so far below its threshold.
BAND = 0.03
OFFSET_LEAST, OFFSET_MOST = -0.30, 0.05
_TERMS = ("prediction", "historical_success", "impact_certainty", "rollback_feasibility")
# What a risk may become at most, whatever a configuration says.
_TIERS = {"low": DECISIONS[:3], "medium": DECISIONS[1:3], "high": DECISIONS[2:3]}


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """One term of a confidence: its weight and its value (0 to 1), None where Prometheus has none."""

    name: str
    weight: float | None
    value: float | None

    @property
    def adds(self) -> float | None:
        """What it adds to the confidence."""
        return None if self.weight is None or self.value is None else self.weight * self.value


@dataclasses.dataclass(frozen=True, slots=True)
class Terms:
    """What the confidence in an action is the sum of; `recorded` is the confidence as the rules have it, `above` what proposing it needs."""

    terms: tuple[Term, ...]
    offset: float | None
    trials: float | None
    recorded: float | None
    above: float | None


def terms_of(facts: Facts, key: Key, action: str, risk: str) -> Terms:
    """Return the terms of the confidence in an action against one problem, as far as Prometheus has them."""
    choice = _Choice(facts, key, action, risk)
    terms = tuple(Term(name, choice.weight(name), choice.term(name)) for name in _TERMS)
    return Terms(terms, choice.offset, choice.trials, choice.confidence, choice.threshold("propose"))


@dataclasses.dataclass(frozen=True, slots=True)
class _Choice:
    """The action that answers a problem, with all that Prometheus holds of it."""

    facts: Facts
    key: Key
    action: str
    risk: str

    @property
    def host(self) -> str:
        return self.key.host

    def term(self, name: str) -> float | None:
        if name == "prediction":
            return self.facts.least("target:homeostat_prediction:ratio", **self.key._asdict())
        return self.facts.least(f"homeostat_action_{name}_ratio", host=self.host, action=self.action)

    def weight(self, name: str) -> float | None:
        return self.facts.most("homeostat_confidence_weight_ratio", host=self.host, term=name)

    @property
    def trials(self) -> float | None:
        return self.facts.least("homeostat_action_trials", host=self.host, action=self.action)

    @property
    def offset(self) -> float | None:
        learned = self.facts.least("homeostat_action_learned_offset_ratio", host=self.host, action=self.action)
        return None if learned is None else min(OFFSET_MOST, max(OFFSET_LEAST, learned))

    @property
    def confidence(self) -> float | None:
        return self.facts.least("target_action:homeostat_confidence:ratio", **self.key._asdict(), action=self.action)

    def threshold(self, decision: str) -> float | None:
        recorded = self.facts.most("target_action:homeostat_threshold:ratio", **self.key._asdict(), action=self.action, decision=decision)
        served = self.facts.most("homeostat_autonomy_threshold_ratio", host=self.host, risk=self.risk, decision=decision)
        return served if recorded is None else recorded

    @property
    def own_threshold(self) -> float:
        return self.facts.most("homeostat_action_min_confidence_ratio", host=self.host, action=self.action) or 0.0


def decision_part(facts: Facts, key: Key) -> Part:
    """Explain what Prometheus decides of one problem; `because` says why it is no more than an alert, where that is so."""
    decided = facts.all("target_action:homeostat_decision:ratio", **key._asdict())
    if not decided:
        return _undecided(facts, key)
    decision, action, risk = (decided[0].labels.get(name, "") for name in ("decision", "action", "risk"))
    if action == "none":
        why = _no_choice(facts, key)
        return Part(HEADING, (f"It is alert-only: {why}.",), why)
    choice = _Choice(facts, key, action, risk)
    lines = [f"{action} answers {key.problem} here, at {risk} risk."]
    if choice.confidence is None:
        why = f"the confidence in {action} could not be computed: {_incomplete(choice)}"
        return Part(HEADING, (*lines, *_sum(choice), f"It is alert-only: {why}."), why)
    hence = _hence(choice, decision, choice.confidence)
    because = f"{hence}, so it is alert-only" if decision == "alert-only" else None
    return Part(HEADING, (*lines, *_sum(choice), *_floors(choice), _thresholds(choice), f"{hence}: so it is {decision}."), because)


def _undecided(facts: Facts, key: Key) -> Part:
    if not facts.samples:
        when = "" if facts.at is None else f" of {day(facts.at)}"
        lines = (f"Prometheus holds nothing{when} about {key.target} or its host{'; it may keep less than that' if when else ''}.",)
        return Part(HEADING, lines, f"Prometheus holds nothing about {key.target} or its host")
    if not facts.all("homeostat_problem_confidence_ratio", **key._asdict()) and not facts.all("target:homeostat_problem:info", **key._asdict()):
        return Part(HEADING, ("Prometheus sees no problem here, so there is nothing to decide.",), f"Prometheus sees no {key.problem} at {key.target}")
    why = f"Prometheus has decided nothing about {key.problem} at {key.target}, though it sees it: ask again in a minute, and if that stays, ask homeostat doctor about the rules"
    return Part(HEADING, (f"{why[:1].upper()}{why[1:]}",), why)


def _no_choice(facts: Facts, key: Key) -> str:
    """Say why no one action answers a problem."""
    if facts.least("homeostat_actor_ready", host=key.host) is None:
        return f"the actor of {key.host} is silent: Prometheus has no series of it"
    options = [sample for sample in facts.all("homeostat_problem_action_info", host=key.host, problem=key.problem) if sample.value == 1]
    here = [sample for sample in options if sample.labels.get("target") == key.target]
    actions = sorted({_action(sample) for sample in here or [sample for sample in options if not sample.labels.get("target")]})
    if not actions:
        return f"no playbook answers {key.problem}"
    if len(actions) > 1:
        return f"{len(actions)} actions answer {key.problem} here, {listed(actions)}, and that is no choice"
    return f"{actions[0]} has answered {key.problem} only since the last evaluation"


def _action(sample: Sample) -> str:
    return sample.labels.get("action", "")


def _incomplete(choice: _Choice) -> str:
    """Say which of what a confidence needs is missing."""
    facts, host = choice.facts, choice.host
    missing = [name.replace("_", " ") for name in _TERMS if choice.term(name) is None]
    missing += [f"the weight of {name.replace('_', ' ')}" for name in _TERMS if choice.weight(name) is None]
    missing += ["the learned offset"] if choice.offset is None else []
    missing += ["the trials"] if choice.trials is None else []
    missing += ["the person's own threshold"] if not facts.all("homeostat_action_min_confidence_ratio", host=host, action=choice.action) else []
    ready = facts.least("homeostat_actor_ready", host=host)
    if ready is None:
        return f"the actor of {host} is silent: Prometheus has no series of it"
    if missing:
        return f"missing {'is' if len(missing) == 1 else 'are'} {listed(missing)}"
    if ready != 1:
        return f"the actor of {host} is not ready yet"
    return f"thresholds or floors of risk {choice.risk} are missing"


def _sum(choice: _Choice) -> Iterator[str]:
    """Yield the confidence and what it is the sum of."""
    total = 0.0
    rows = []
    for name in _TERMS:
        value, weight = choice.term(name), choice.weight(name)
        words = name.replace("_", " ")
        if name == "historical_success" and choice.trials is not None:
            words += f" ({choice.trials:g} trials)"
        if value is None or weight is None:
            rows.append(f"  {words}: {'missing' if value is None else 'its weight is missing'}")
            continue
        total += value * weight
        rows.append(f"  {number(weight)} x {number(value)} {words} = {value * weight:.3f}")
    offset = choice.offset
    rows.append("  learned offset: missing" if offset is None else f"  learned offset {offset:+.3f}")
    total = min(1.0, max(0.0, round(total + (offset or 0.0), 4)))
    if choice.confidence is None:
        yield "Of the confidence there is:"
    elif abs(choice.confidence - total) > 0.0001:
        # Terms move between two evaluations: the decision rests on what was recorded.
        yield f"Its confidence was recorded as {number(choice.confidence)}; its terms now add up to {number(total)}:"
    else:
        yield f"Its confidence is {number(choice.confidence)}, the sum of"
    yield from rows


def _floors(choice: _Choice) -> Iterator[str]:
    """Yield what executing needs besides, and whether it is there."""
    for decision in (decision for decision in EXECUTING if decision in _TIERS.get(choice.risk, ())):
        prediction, trials = _floor(choice, decision)
        if prediction is not None and trials is not None:
            short = "; ".join(_short_of(choice, decision))
            yield f"{decision} also needs a prediction of at least {number(prediction)} and {trials:g} trials: {short or 'met'}."


def _floor(choice: _Choice, decision: str) -> tuple[float | None, float | None]:
    labels = {"host": choice.host, "decision": decision}
    return choice.facts.most("homeostat_prediction_floor_ratio", **labels), choice.facts.most("homeostat_trials_floor", **labels)


def _short_of(choice: _Choice, decision: str) -> list[str]:
    """Say which floors of an executing decision are not reached."""
    if decision not in EXECUTING:
        return []
    (prediction_floor, trials_floor), prediction, trials = _floor(choice, decision), choice.term("prediction"), choice.trials
    short = []
    if prediction is not None and prediction_floor is not None and prediction < prediction_floor:
        short.append(f"the prediction is {number(prediction)}, below {number(prediction_floor)}")
    if trials is not None and trials_floor is not None and trials < trials_floor:
        short.append(f"it was tried {trials:g} of {trials_floor:g} times")
    return short


def _thresholds(choice: _Choice) -> str:
    """Say in a line what the confidence must exceed for each tier, and whose word that is."""
    said = [f"{decision} {_above(choice.threshold(decision))}" for decision in _TIERS.get(choice.risk, ())]
    named = (("homeostat_mode", "mode", " in mode"), ("homeostat_autonomy_level", "level", ", level"), ("homeostat_schedule_active", "entry", " by the schedule"))
    mode = "".join(f"{words} {holding}" for metric, label, words in named for holding in _holding(choice, metric, label))
    own = f"; the {number(choice.own_threshold)} is the action's own min_confidence" if choice.own_threshold > 0 else ""
    return f"At {choice.risk} risk{mode}: {', '.join(said) or 'nothing is allowed'}{own}."


def _holding(choice: _Choice, metric: str, label: str) -> list[str]:
    """Return which of a metric's words holds on this host, at most one."""
    return [sample.labels.get(label, "") for sample in choice.facts.all(metric, host=choice.host) if sample.value == 1][:1]


def _above(threshold: float | None) -> str:
    if threshold is None:
        return "unknown"
    return "never" if threshold >= NEVER else f"above {number(threshold)}"


def _hence(choice: _Choice, decision: str, confidence: float) -> str:
    """Say how the confidence stands to its tier's threshold and to the next one above."""
    tiers = _TIERS.get(choice.risk, ())
    here = tiers.index(decision) if decision in tiers else len(tiers)
    told = tiers[max(0, here - 1) : here + 1] if decision in tiers else tiers[-1:]
    said = [_standing(choice, tier, confidence) for tier in reversed(told)]
    return f"{number(confidence)} {' and '.join(said).replace(' and is ', ' and ') or 'is not weighed at this risk'}"


def _standing(choice: _Choice, tier: str, confidence: float) -> str:
    threshold = choice.threshold(tier)
    if threshold is None:
        return f"has no threshold for {tier}"
    if threshold >= NEVER:
        return f"cannot be enough for {tier}, which is never allowed here"
    if confidence > threshold:
        short = _short_of(choice, tier)
        return f"is above {tier} ({number(threshold)})" + (f", for which {listed(short)}" if short else "")
    decided = choice.facts.all("target_action:homeostat_decision:ratio", **choice.key._asdict(), decision=tier)
    if decided and confidence > threshold - BAND:
        return f"is no longer above {tier} ({number(threshold)}), which it was, and not yet below {number(threshold - BAND)}, where that is left"
    return f"is not above {tier} ({number(threshold)})"

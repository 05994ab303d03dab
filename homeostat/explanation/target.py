"""Why something happens at a target, or nothing: every door asked at once, then the chain as it is now, problem by problem."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from homeostat.explanation import delivery, facts
from homeostat.explanation.asking import ask
from homeostat.explanation.decision import decision_part
from homeostat.explanation.deeds import deed_parts, outcome_sentence
from homeostat.explanation.delivery import Mail, delivery_part
from homeostat.explanation.facts import Facts, Key
from homeostat.explanation.forecast import HEADING, forecast_part, remembered_part
from homeostat.explanation.parts import Part, Silent, day, first_closed, sections
from homeostat.prometheus import quoted
from homeostat.words import EXECUTED

if TYPE_CHECKING:
    from homeostat.doors import Doors

AGO_SECONDS = 30 * 86400
# The actor asks Prometheus and Alertmanager itself, each for as long as an explanation waits.
_STORY_SECONDS = 9.0


@dataclasses.dataclass(frozen=True, slots=True)
class Heard:
    """What the doors said of one target; `stories` are the newest incident of each problem, whole, and `older` those before."""

    host: str
    target: str
    forecasts: list[dict[str, Any]] | Silent
    now: Facts | Silent
    mail: Mail | Silent
    incidents: list[dict[str, Any]] | Silent
    stories: dict[Key, dict[str, Any]] = dataclasses.field(default_factory=dict)


def hear(doors: Doors, target: str) -> Heard:
    """Ask every door about a target, and the actor for the whole story of the newest incident of each problem."""
    host = doors.config.host
    answers = ask(
        {
            "forecasts": lambda: doors.exporter.get("forecast", host=host, target=target)["forecasts"],
            "now": functools.partial(facts.look, doors.prometheus, host, target),
            "mail": functools.partial(delivery.collect, doors.alertmanager, 'alertname=~"Homeostat.+"', f"host={quoted(host)}"),
            "incidents": lambda: doors.actor.get("decisions", last=float(AGO_SECONDS), target=target),
        }
    )
    heard = Heard(host, target, **answers)
    newest = {key_of(incident): incident["id"] for incident in reversed(_known(heard.incidents))}
    stories = ask({incident_id: functools.partial(doors.actor.get, f"incidents/{incident_id}") for incident_id in newest.values()}, _STORY_SECONDS)
    whole = {key: stories[incident_id] for key, incident_id in newest.items() if not isinstance(stories[incident_id], Silent)}
    return dataclasses.replace(heard, stories=whole)


def of_target(heard: Heard) -> list[dict[str, Any]]:
    """Explain each problem at a target as `{"problem", "resource", "explanation", "incident"}`: what happens or happened first."""
    keys = _keys(heard)
    if not keys:
        parts = _chain(heard, None)
        return [_told(None, sections(f"Nothing happened because {first_closed(parts)}.", parts), None)]
    return [_explained(heard, key) for key in keys]


def nobody_knows(heard: Heard) -> bool:
    """Say whether Prometheus could tell of the target, and neither it nor the exporter or the actor knows a problem there."""
    return isinstance(heard.now, Facts) and not _keys(heard)


def key_of(incident: dict[str, Any]) -> Key:
    """Return the problem that an incident or a forecast is about."""
    return Key(*(incident[name] for name in Key._fields))


def _keys(heard: Heard) -> list[Key]:
    """Return the problems that anyone knows of at the target: what Prometheus decides first, then what was acted on."""
    now = heard.now.keys(heard.host, heard.target) if isinstance(heard.now, Facts) else []
    found = [*(key_of(entry) for entry in _known(heard.forecasts)), *now, *heard.stories]
    return sorted(dict.fromkeys(found), key=lambda key: (not _decided(heard, key), key not in heard.stories))


def _decided(heard: Heard, key: Key) -> bool:
    return isinstance(heard.now, Facts) and bool(heard.now.all("target_action:homeostat_decision:ratio", **key._asdict()))


def _explained(heard: Heard, key: Key) -> dict[str, Any]:
    story = heard.stories.get(key)
    chain = _chain(heard, key)
    deeds = deed_parts(story) if story else [_unheard(heard, key)]
    return _told(key, sections(_short(heard, key, chain, deeds), [*chain, *deeds]), story)


def _told(key: Key | None, explanation: list[dict[str, Any]], story: dict[str, Any] | None) -> dict[str, Any]:
    return {"problem": key.problem if key else None, "resource": key.resource if key else None, "explanation": explanation, "incident": story["id"] if story else None}


def _short(heard: Heard, key: Key, chain: list[Part], deeds: list[Part]) -> str:
    """Name what was done in this episode, or in the last one as long as nothing new is decided, else the first link that is closed, else what the actor says."""
    story, closed = heard.stories.get(key), first_closed(chain)
    goes_on = story is not None and story["episode_ended_at"] is None
    if isinstance(heard.incidents, Silent) and (closed is None or isinstance(heard.now, Silent)):
        return f"Whether anything was done is not known: {first_closed(deeds)}."
    if story is not None and (story["outcome"] or story["state"]) in {*EXECUTED, "running"}:
        if goes_on:
            return outcome_sentence(story)
        if not _decided(heard, key):
            return f"{outcome_sentence(story)} Its episode ended at {day(story['episode_ended_at'])}, and nothing happened since because {closed}."
    if closed is None and story is not None:
        if goes_on:
            return outcome_sentence(story, "the actor last heard of it as no more than an alert, and has not heard yet that it became more")
        closed = f"the actor has heard of no decision since its last episode ended at {day(story['episode_ended_at'])}"
    return f"Nothing happened because {closed or first_closed(deeds)}."


def _chain(heard: Heard, key: Key | None) -> list[Part]:
    """Return the links before the actor, as they are now; without Prometheus nothing is decided, whatever is forecast."""
    parts = [_series(heard, key)]
    if isinstance(heard.now, Silent):
        return [Part("Decision", (f"Prometheus does not say: {heard.now.reason}.",), f"Prometheus decides nothing that could be read: {heard.now.reason}"), *parts]
    if key is None or (parts[0].because is not None and not _decided(heard, key)):
        return parts
    return [*parts, decision_part(heard.now, key), delivery_part(heard.mail, key)]


def _series(heard: Heard, key: Key | None) -> Part:
    if isinstance(heard.forecasts, Silent):
        known = remembered_part(heard.now, key).lines if isinstance(heard.now, Facts) and key is not None else ()
        # What Prometheus has scraped just now shows that the exporter lives.
        alive = isinstance(heard.now, Facts) and key is not None and heard.now.all("homeostat_problem_confidence_ratio", **key._asdict())
        return Part(HEADING, (f"The exporter does not tell more: {heard.forecasts.reason}.", *known), None if alive else heard.forecasts.reason)
    for entry in heard.forecasts:
        if key_of(entry) == key:
            return forecast_part(entry)
    named = key.problem if key else "nothing"
    return Part(HEADING, (f"The exporter knows of no {named} at {heard.target} now.",), f"the exporter knows of no {named} at {heard.target}: either it is over, or its series are not in Prometheus")


def _unheard(heard: Heard, key: Key) -> Part:
    if isinstance(heard.incidents, Silent):
        return Part("Actor", (f"The actor does not say: {heard.incidents.reason}.",), f"the actor does not say what it does: {heard.incidents.reason}")
    if any(key_of(incident) == key for incident in heard.incidents):
        return Part("Actor", ("The actor knows an incident and does not tell it.",), "the actor does not tell its story")
    said = f"the actor has heard of no decision on {key.problem} at {key.target} in the last 30 days"
    return Part("Actor", (f"{said[:1].upper()}{said[1:]}.",), f"{said}: is it a receiver of Alertmanager?")


def _known(said: list[dict[str, Any]] | Silent) -> list[dict[str, Any]]:
    return [] if isinstance(said, Silent) else said

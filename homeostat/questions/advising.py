"""What to do about a target, in words: which action answers its problem, how that went before, and how to have it run; pure."""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING, Any

from homeostat.clock import rfc3339
from homeostat.words import EXECUTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Entry = dict[str, Any]
_BY_ITSELF = {"auto-execute", "notify-execute"}
_MOST_ACTIONS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """What is known of a target: the problems that are asserted and how sure (0..1), with the action and decision of each.

    What an investigation found is None where none could be had; incidents are the newest first; proposals wait for a person.
    `within` is what is asserted at others on the host, as (problem, target, how sure), where the target is the host itself.
    """

    target: str
    asserted: tuple[tuple[str, float], ...]
    actions: Mapping[str, str]
    decisions: Mapping[str, str]
    looked: Entry | None
    incidents: tuple[Entry, ...]
    proposals: tuple[Entry, ...]
    within: tuple[tuple[str, str, float], ...] = ()


def advise(case: Case) -> Iterator[str]:
    """Yield what to do, the most pressing first."""
    for problem, target, sure in case.within:
        yield f"{problem} is asserted at {target} there, {sure:.0%} sure: ask what is wrong with {target}."
    for problem, sure in case.asserted:
        yield from _against(case, problem, sure)
    if not case.asserted:
        yield from _unasserted(case)


def record_lines(target: str, here: Sequence[Entry], elsewhere: Sequence[Entry]) -> Iterator[str]:
    """Yield of each action how often it helped at the target, and elsewhere against the same."""
    for place, entries in ((f"At {target}", here), ("Elsewhere", elsewhere)):
        counted = collections.Counter((entry["action"], entry["problem"]) for entry in entries)
        for (action, problem), count in counted.most_common(_MOST_ACTIONS):
            helped = sum(entry["outcome"] == "succeeded" for entry in entries if (entry["action"], entry["problem"]) == (action, problem))
            yield f"{place} {action} against {problem} succeeded {helped} of {count} times in 90 days."


def _against(case: Case, problem: str, sure: float) -> Iterator[str]:
    action = case.actions.get(problem)
    yield f"{problem} is asserted at {case.target}, {sure:.0%} sure."
    if not action or action == "none":
        yield f"No playbook answers {problem} here, so it is a person's: the evidence below says where to begin."
        return
    yield f"What answers it is {action}. {_record(case, action, problem)}"
    yield _how(case, problem, action)


def _record(case: Case, action: str, problem: str) -> str:
    tried = [entry for entry in case.incidents if (entry["action"], entry["problem"]) == (action, problem) and entry["outcome"] in EXECUTED]
    if not tried:
        return "It has not been run here in 90 days."
    helped = sum(entry["outcome"] == "succeeded" for entry in tried)
    last = tried[0]
    doubt = " It does not last, or does not help: look for the cause first." if helped * 2 < len(tried) else ""
    return f"Here it succeeded {helped} of {len(tried)} times in 90 days, the last one, {last['id']}, ended {last['outcome']}.{doubt}"


def _how(case: Case, problem: str, action: str) -> str:
    """Say how it is run: by a person's yes, by itself, or by asking for it."""
    waiting = next((entry for entry in case.proposals if entry["target"] == case.target and entry["problem"] == problem), None)
    if waiting is not None:
        return f"It waits for your yes: `homeostat proposals` shows its plan and what can be undone, `homeostat approve {waiting['id']}` runs it."
    open_one = next((entry for entry in case.incidents if entry["problem"] == problem and entry["episode_ended_at"] is None), None)
    decision = case.decisions.get(problem, "")
    if open_one is not None and open_one["state"] is not None:
        return f"It is on its way: incident {open_one['id']} is {open_one['state']}, {open_one['reason']}."
    if open_one is not None and open_one["outcome"] == "alerted":
        return f"It is decided {decision or 'alert-only'}, too unsure to act: `homeostat why {open_one['id']}` shows which term is low. Run it by hand if the evidence convinces you."
    if open_one is not None:
        return f"Incident {open_one['id']} ended {open_one['outcome']}: {open_one['reason']}. `homeostat again {open_one['id']}` has {action} proposed anew, which you then approve."
    if decision in _BY_ITSELF:
        return f"It is decided {decision}: it runs by itself unless a gate says no, which `homeostat why` with the target's name tells."
    return f"It is decided {decision or 'nowhere yet'}, and the actor has not heard of it: `homeostat doctor` looks at every link between."


def _unasserted(case: Case) -> Iterator[str]:
    yield f"No problem is asserted at {case.target}{' itself' if case.within else ', so Homeostat does nothing there by itself'}."
    known = (case.looked or {}).get("known")
    if known is not None:
        calls = f"What that calls for is {known['action']}. {_any_record(case, known['action'])}" if known["action"] else "It calls for a person."
        yield f"What is seen looks like {known['name']} ({known['confidence']:.0%}): {known['sentence']}. {calls}"
        return
    done = next((entry for entry in case.incidents if entry["outcome"] in EXECUTED), None)
    if done is not None:
        yield f"The last time something was done there, at {rfc3339(done['acted_at'] or done['opened_at'])}, it was {done['action']} against {done['problem']}, and it ended {done['outcome']}."
    if case.looked is not None:
        yield "No known pattern of trouble fits what is seen: the evidence below is all there is; a longer look is `homeostat investigate` with the target's name and --last 7d."


def _any_record(case: Case, action: str) -> str:
    tried = [entry for entry in case.incidents if entry["action"] == action and entry["outcome"] in EXECUTED]
    helped = sum(entry["outcome"] == "succeeded" for entry in tried)
    return f"It succeeded here {helped} of {len(tried)} times in 90 days." if tried else "It has not been run here in 90 days."

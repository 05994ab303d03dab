"""What only a program can tell: why something was done or not, and what to do about a target in trouble."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from homeostat.config.section import DAY
from homeostat.explanation import facts
from homeostat.explanation.asking import ask
from homeostat.explanation.deeds import outcome_sentence
from homeostat.explanation.parts import Silent, number
from homeostat.explanation.target import AGO_SECONDS, hear, of_target
from homeostat.prometheus import quoted, selector
from homeostat.questions.acting import may_act
from homeostat.questions.advising import Case, advise, record_lines
from homeostat.questions.model import Heading, Part, cut_short
from homeostat.words import EXECUTED, SELFTEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from homeostat.doors import Doors
    from homeostat.prometheus import Sample

Entry = dict[str, Any]
_BACK_SECONDS = 90.0 * DAY
_MOST_PROBLEMS = 5
_MOST_ALIKE = 10
# An investigation asks Prometheus for all that is measured around the target.
_LOOK_SECONDS = 8.0
_HEADINGS = (Heading("when", "moment"), Heading("id"), Heading("problem"), Heading("target"), Heading("action"), Heading("became"), Heading("why"))


def why(doors: Doors, target: str) -> tuple[Part, ...]:
    """Tell of each problem at a target the one sentence that says it all, and what was decided there in 30 days."""
    heard = hear(doors, target)
    asked = (*facts.queries(doors.config.host, target), f"GET /api/v1/forecast?target={target} of the exporter")
    dark = all(isinstance(said, Silent) for said in (heard.incidents, heard.now, heard.forecasts))
    parts = [dataclasses.replace(_why(target, told, asked), silent=dark) for told in of_target(heard)[:_MOST_PROBLEMS]]
    return (*_last_run(target, _known(heard.incidents)), *parts, _decided(target, heard.incidents))


def _last_run(target: str, incidents: list[Entry]) -> Iterator[Part]:
    """Yield what was run there last: who asks why something was done means that."""
    last = next((entry for entry in incidents if entry["outcome"] in EXECUTED and entry["problem"] != SELFTEST), None)
    if last is not None:
        sure = f" at confidence {number(last['confidence'])}" if last["confidence"] is not None else ""
        why_so = f"It answered {last['problem']}, and was decided {last['decision']}{sure}: `homeostat why {last['id']}` shows every term and gate."
        yield Part(f"What was run at {target} last", (outcome_sentence(last), why_so), asked=(_of_a_month(target),))


def _decided(target: str, said: list[Entry] | Silent) -> Part:
    title, asked = "What was decided there", (_of_a_month(target),)
    if isinstance(said, Silent):
        return Part(title, (f"No answer: {said.reason}",), asked=asked, silent=True)
    counted = f"{len(said)} in the last 30 days." if said else "Nothing was decided there in the last 30 days."
    return Part(title, (counted, *cut_short(said)), _HEADINGS, tuple(map(_row, said[:_MOST_ALIKE])), asked, max(0, len(said) - _MOST_ALIKE))


def _of_a_month(target: str) -> str:
    return _address("decisions", last=AGO_SECONDS, target=target)


def _why(target: str, told: Entry, asked: tuple[str, ...]) -> Part:
    short = told["explanation"][0]["lines"]
    more = f"`homeostat why {told['incident']}` tells its whole story." if told["incident"] else "`homeostat why` with the target's name tells every link of the chain."
    return Part(f"{told['problem']} at {target}" if told["problem"] else target, (*short, more), asked=asked)


def advice(doors: Doors, target: str) -> tuple[Part, ...]:
    """Say what to do about a target, from what is asserted, what was found out now, and what was done in cases like it and came of it."""
    host = doors.config.host
    queries = _standing(host, target)
    told = ask(
        {
            "looked": lambda: doors.exporter.get("investigation", target=target),
            "here": lambda: doors.actor.get("decisions", last=_BACK_SECONDS, target=target),
            "proposals": lambda: doors.actor.get("proposals"),
            **{name: functools.partial(doors.prometheus.query, query) for name, query in queries.items()},
        },
        _LOOK_SECONDS,
    )
    here = _known(told["here"])
    samples: dict[str, list[Sample]] = {name: _known(told[name]) for name in queries}
    asserted = tuple(sorted({sample.labels.get("problem", ""): sample.value for sample in samples["asserted"]}.items(), key=lambda pair: -pair[1]))
    problems = tuple(dict.fromkeys([problem for problem, _ in asserted] + [entry["problem"] for entry in here]))[:_MOST_PROBLEMS]
    elsewhere = _elsewhere(doors, target, problems)
    looked = None if isinstance(told["looked"], Silent) else told["looked"]
    within = sorted(((sample.labels.get("problem", ""), sample.labels.get("target", ""), sample.value) for sample in samples.get("within", ())), key=lambda each: -each[2])
    case = Case(target, asserted, _by_problem(samples["choice"], "action"), _by_problem(samples["decision"], "decision"), looked, tuple(here), tuple(_known(told["proposals"])), tuple(within[:_MOST_PROBLEMS]))
    silent = [f"{name} is not known: {said.reason}" for name, said in (("What was decided here", told["here"]), ("What is asserted", told["asserted"])) if isinstance(said, Silent)]
    return (
        Part("What to do", (*advise(case), *silent), asked=tuple(queries.values()), silent=len(silent) == 2 and looked is None),
        _evidence(target, told["looked"]),
        dataclasses.replace(_alike(target, here, elsewhere, problems), silent=isinstance(told["here"], Silent)),
    )


def _standing(host: str, target: str) -> dict[str, str]:
    of = {"host": host, "target": target}
    asserted = f"max by (problem) ({selector('homeostat_problem_confidence_ratio', **of)})"
    # Who asks of a host means all that is on it.
    within = {"within": f'max by (problem, target) (homeostat_problem_confidence_ratio{{host={quoted(host)},target!={quoted(host)},problem!="{SELFTEST}"}})'} if target == host else {}
    return within | {"asserted": asserted, "choice": selector("target_action:homeostat_choice:info", **of), "decision": selector("target_action:homeostat_decision:ratio", **of)}


def _elsewhere(doors: Doors, target: str, problems: tuple[str, ...]) -> list[Entry]:
    told = ask({problem: functools.partial(doors.actor.get, "decisions", last=_BACK_SECONDS, problem=problem) for problem in problems})
    return [entry for said in told.values() for entry in _known(said) if entry["target"] != target and entry["outcome"] in EXECUTED]


def _evidence(target: str, looked: Any) -> Part:
    asked = (f"GET /api/v1/investigation?target={target} of the exporter",)
    if isinstance(looked, Silent):
        return Part("What is seen now", (f"Nothing could be looked into: {looked.reason}",), asked=asked, silent=True)
    measured = tuple(dict.fromkeys(point["promql"] for point in looked["points"]))
    return Part("What is seen now", tuple(looked["words"]), asked=(*asked, *measured))


def _alike(target: str, here: list[Entry], elsewhere: list[Entry], problems: tuple[str, ...]) -> Part:
    """List what was done in cases like this one, those of the same target first, with what came of it."""
    done = [entry for entry in here if entry["outcome"] in EXECUTED and entry["problem"] != SELFTEST]
    alike = (done + elsewhere)[:_MOST_ALIKE]
    lines = (*record_lines(target, done, elsewhere), *cut_short(here)) or (f"Nothing was done at {target} in 90 days, nor elsewhere against the same.",)
    asked = (_address("decisions", last=_BACK_SECONDS, target=target), *(_address("decisions", last=_BACK_SECONDS, problem=problem) for problem in problems))
    return Part("What was done in cases like this", lines, _HEADINGS, tuple(map(_row, alike)), asked, len(done) + len(elsewhere) - len(alike))


def _by_problem(samples: list[Sample], label: str) -> dict[str, str]:
    return {sample.labels.get("problem", ""): sample.labels.get(label, "") for sample in samples}


def _row(entry: Entry) -> tuple[Any, ...]:
    names = (entry[name] for name in ("id", "problem", "target", "action"))
    return (entry["acted_at"] or entry["opened_at"], *names, entry["outcome"] or entry["state"], entry["reason"])


def _address(path: str, **said: str | float) -> str:
    return f"GET /api/v1/{path}?{'&'.join(f'{name}={value:.0f}' if isinstance(value, float | int) else f'{name}={value}' for name, value in said.items())} of the actor"


def _known(said: Any) -> list[Any]:
    return [] if isinstance(said, Silent) else list(said)


TELLERS: dict[str, Callable[[Doors, str], tuple[Part, ...]]] = {"why": why, "advice": advice, "windows": may_act}

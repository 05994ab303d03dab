"""Asks the exporter what happened at the target and around it, adds what was done in cases like it, and attaches both to the incident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor.kinds import Step
from actor.model import Case, Command, Effect, StepFailed
from homeostat.clock import rfc3339
from homeostat.daemon_client import DaemonError
from homeostat.doors import exporter_door
from homeostat.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.model import Past

_MOST_LINES = 30
_MOST_LETTERS = 600
_MOST_MARKDOWN = 30_000


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked into: an exact name of the configuration."""

    target: str


class _Known(msgspec.Struct, frozen=True):
    name: str
    action: str | None = None


class _Told(msgspec.Struct, frozen=True):
    """What is used of the exporter's answer, whatever else it holds."""

    words: tuple[str, ...]
    markdown: str
    known: _Known | None = None


def _gather(case: Case, options: Options) -> Facts:
    del options
    return Facts(target=case.target)


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    del options
    return (
        Command(
            step="investigate",
            summary=f"look into {facts.target}: what happened there and around it, since when, and what was done in cases like it",
            arguments={"target": facts.target},
            expected="a report is attached to the incident; nothing is changed",
            oracle="none is needed: it only reads, so it may be done again",
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    """Ask for the case's own target, which is an exact name of the configuration. Raises StepFailed."""
    del command
    try:
        answer = exporter_door(case.config, None).get("investigation", target=case.target)
        told = msgspec.convert(answer, _Told)
    except (DaemonError, msgspec.ValidationError) as fault:
        raise StepFailed(f"the exporter gave no investigation: {fault}") from None
    past = case.annals.past()
    report = [printable(line)[:_MOST_LETTERS] for line in (*told.words, *_before(case, past))]
    return {
        "known": told.known.name if told.known is not None else "no known pattern",
        "report": report[:_MOST_LINES],
        "past": [one.id for one in past],
        "in_full": {"markdown": told.markdown[:_MOST_MARKDOWN]},
    }


def _before(case: Case, past: tuple[Past, ...]) -> Iterator[str]:
    """Tell what was done in earlier cases of the same problem, and what came of it."""
    for one in past:
        where = "here" if one.target == case.target else f"at {one.target}"
        yield f"The last time {where}, at {rfc3339(one.at)}: {one.action} {one.outcome.replace('_', ' ')}: {one.reason} (incident {one.id})."
    if not past:
        yield "Nothing was done about this problem before."


def _oracle(case: Case, command: Command) -> Effect:
    del case, command
    return "none"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, loss="reads-only", unprivileged=True)

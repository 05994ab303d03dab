"""Deletes what this incident has quarantined: the declared point of no return."""

from __future__ import annotations

from typing import Any

import msgspec

from actor import files, quarantine
from actor.model import Case, Command, Effect, Step


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose: only this incident's own quarantine is purged."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Whose quarantine."""

    incident_id: str


def _gather(case: Case, options: Options) -> Facts:
    del options
    return Facts(incident_id=case.incident_id)


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    del options
    return (
        Command(
            step="purge-quarantine",
            summary=f"delete what incident {facts.incident_id} has quarantined",
            arguments={},
            expected="the quarantined bytes are free",
            oracle="the incident's quarantine: once it is gone it was deleted",
            irreversible=True,
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    del command
    assert case.root is not None
    part = quarantine.part(case)
    with files.opened(case.root) as root, files.opened_below(root, part.parent) as place:
        with files.opened_below(place, part.relative_to(part.parent)) as own:
            purged, purged_bytes = files.count(own)
        files.remove_tree(place, part.name)
    return {"purged": purged, "purged_bytes": purged_bytes}


def _oracle(case: Case, command: Command) -> Effect:
    del command
    assert case.root is not None
    try:
        with files.opened(case.root) as root, files.opened_below(root, quarantine.part(case)):
            return "partial"
    except FileNotFoundError:
        return "done"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, follows=True, loss="rule-bound")

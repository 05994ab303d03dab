"""The hands of a process without root: each deed is written as an intent, and root's answer is waited for."""

from __future__ import annotations

import pathlib
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from actor.deeds import Hands
from actor.executor.intents import ANSWERS, INTENTS, WIRES, Answer, Intent, remove, write
from actor.model import StepFailed, Unprotectable

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.model import Case
    from homeostat.clock import Clock
    from homeostat.config.types import Actor

_POLL_SECONDS = 0.01
_LAST_WORD_SECONDS = 5
_SILENT_SECONDS = 30


def remote_hands(actor: Actor, clock: Clock) -> Hands:
    """Return hands that ask the executor, and make the folder that it is asked through. Raises OSError."""
    assert actor.executor_directory is not None
    intents = pathlib.Path(actor.state_directory, INTENTS)
    intents.mkdir(mode=0o700, parents=True, exist_ok=True)
    answers = pathlib.Path(actor.executor_directory, ANSWERS)

    def deed(name: str) -> Callable[..., Any]:
        def ask(case: Case, *arguments: Any) -> Any:
            intent = _intent(name, case, () if WIRES[name].of_playbook else arguments, clock)
            write(str(intents), intent.id, intent)
            try:
                return _result(name, _await(intents, answers, intent, case, clock))
            finally:
                remove(str(intents), intent.id)

        return ask

    return Hands(**{name: deed(name) for name in WIRES} | {"obstacle": _in_words(deed("obstacle"))})


def _intent(name: str, case: Case, arguments: tuple[Any, ...], clock: Clock) -> Intent:
    return Intent(
        id=secrets.token_hex(8),
        deed=name,
        incident_id=case.incident_id,
        action=case.action,
        target=case.target,
        arguments=msgspec.to_builtins(arguments),
        written_at=clock.now(),
        uptime_seconds=clock.monotonic(),
    )


def _await(intents: pathlib.Path, answers: pathlib.Path, intent: Intent, case: Case, clock: Clock) -> Answer:
    """Wait for the answer.

    A stop, or the incident's deadline, takes back what changes the host, which ends what runs; root has a moment for its
    last word. What only looks, or undoes, is asked under a stop as well.
    """
    path, ends = answers / f"{intent.id}.json", clock.monotonic() + _silence_borne_seconds(intent, case)
    withdrawn = False
    while clock.monotonic() < ends:
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=Answer)
        if not withdrawn and WIRES[intent.deed].changes and case.stopped():
            remove(str(intents), intent.id)
            withdrawn, ends = True, clock.monotonic() + _LAST_WORD_SECONDS
        clock.sleep(_POLL_SECONDS)
    why = "it was stopped" if withdrawn else "the executor does not answer; is homeostat-executor.path active?"
    return Answer(said="failed", reason=f"{intent.deed} on {case.target}: {why}")


def _silence_borne_seconds(intent: Intent, case: Case) -> float:
    # What changes the host has its own deadline, which ends it by way of case.stopped().
    longest = case.service.restart_timeout if case.service is not None else 0.0
    return float("inf") if WIRES[intent.deed].changes else _SILENT_SECONDS + longest


def _result(name: str, answer: Answer) -> Any:
    if answer.said == "unprotectable":
        raise Unprotectable(answer.reason)
    if answer.said == "failed":
        raise StepFailed(answer.reason)
    return msgspec.convert(answer.result, WIRES[name].gives)


def _in_words(ask: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a failure to be answered into the answer: where root does not say, that is what stands in the way."""

    def obstacle(case: Case, *arguments: Any) -> Any:
        try:
            return ask(case, *arguments)
        except (StepFailed, OSError) as failure:
            return str(failure)

    return obstacle


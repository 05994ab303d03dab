"""The hands of a process without root: each deed is written as an intent, and root's answer is waited for."""

from __future__ import annotations

import dataclasses
import errno
import pathlib
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from actor.deeds import Hands
from actor.executor.intents import ANSWERS, INTENTS, WIRES, Answer, Intent, remove, write
from actor.model import Command, StepFailed, Unprotectable
from actor.playbook import STEPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.model import Case
    from homeostat.clock import Clock
    from homeostat.config import Config
    from homeostat.config.types import Actor

# What needs no privilege is done here: root hears nothing from the network, not even by way of another daemon.
_OWN = Hands()
_POLL_SECONDS = 0.01
_LAST_WORD_SECONDS = 5
_SILENT_SECONDS = 30


def remote_hands(actor: Actor, clock: Clock, make_room: Callable[[], None]) -> Hands:
    """Return hands that ask the executor, and make the folder that it is asked through; where that is full, `make_room` is called. Raises OSError."""
    assert actor.executor_directory is not None
    folder = pathlib.Path(actor.state_directory, INTENTS)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    door = Door(str(folder), pathlib.Path(actor.executor_directory, ANSWERS), clock, make_room)
    asking = {name: _of_case(door, name) if wire.of_case else _of_host(door, name) for name, wire in WIRES.items()}
    return Hands(**asking | {"obstacle": _in_words(asking["obstacle"])})


@dataclasses.dataclass(frozen=True)
class Door:
    """Where intents are laid down and answers are found."""

    intents: str
    answers: pathlib.Path
    clock: Clock
    make_room: Callable[[], None]

    def ask(self, intent: Intent, case: Case | None) -> Any:
        """Lay an intent down and return what root answers. Raises StepFailed and Unprotectable."""
        try:
            answer = self._answer(intent, case)
        except OSError as fault:
            raise StepFailed(f"{intent.deed}: root cannot be asked: {fault}") from None
        if answer.said == "unprotectable":
            raise Unprotectable(answer.reason)
        if answer.said == "failed":
            raise StepFailed(answer.reason)
        return msgspec.convert(answer.result, WIRES[intent.deed].gives)

    def _answer(self, intent: Intent, case: Case | None) -> Answer:
        self._lay(intent)
        try:
            return _await(self, intent, case)
        finally:
            remove(self.intents, intent.id)

    def _lay(self, intent: Intent) -> None:
        try:
            write(self.intents, intent.id, intent)
        except OSError as fault:
            if fault.errno != errno.ENOSPC:
                raise
            # Else nobody could be asked to clean up; what is made is room for the answer too.
            self.make_room()
            write(self.intents, intent.id, intent)


def _of_case(door: Door, name: str) -> Callable[..., Any]:
    def ask(case: Case, *arguments: Any) -> Any:
        if case.unprivileged or any(isinstance(argument, Command) and STEPS[argument.step].unprivileged for argument in arguments):
            return getattr(_OWN, name)(case, *arguments)
        about = (case.incident_id, case.action, case.target)
        return door.ask(_intent(door, name, about, () if WIRES[name].of_playbook else arguments), case)

    return ask


def _of_host(door: Door, name: str) -> Callable[..., Any]:
    def ask(_: Config, *arguments: Any) -> Any:
        # Root has a configuration of its own; all else that these take crosses.
        return door.ask(_intent(door, name, ("", "", ""), arguments), None)

    return ask


def _intent(door: Door, name: str, about: tuple[str, str, str], arguments: tuple[Any, ...]) -> Intent:
    incident_id, action, target = about
    return Intent(
        id=secrets.token_hex(8),
        deed=name,
        incident_id=incident_id,
        action=action,
        target=target,
        arguments=msgspec.to_builtins(arguments),
        written_at=door.clock.now(),
        uptime_seconds=door.clock.monotonic(),
    )


def _await(door: Door, intent: Intent, case: Case | None) -> Answer:
    """Wait for the answer.

    A stop, or the incident's deadline, takes back what changes the host, which ends what runs; root has a moment for its
    last word. What only looks, or undoes, is asked under a stop as well.
    """
    path, ends = door.answers / f"{intent.id}.json", door.clock.monotonic() + _silence_borne_seconds(intent, case)
    withdrawn = False
    while door.clock.monotonic() < ends:
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=Answer)
        if not withdrawn and case is not None and WIRES[intent.deed].changes and case.stopped():
            remove(door.intents, intent.id)
            withdrawn, ends = True, door.clock.monotonic() + _LAST_WORD_SECONDS
        door.clock.sleep(_POLL_SECONDS)
    why = "it was stopped" if withdrawn else "the executor does not answer; is homeostat-executor.path active?"
    return Answer(said="failed", reason=f"{intent.deed}: {why}")


def _silence_borne_seconds(intent: Intent, case: Case | None) -> float:
    # What changes the host has its own deadline, which ends it by way of case.stopped().
    longest = case.service.restart_timeout if case is not None and case.service is not None else 0.0
    return float("inf") if WIRES[intent.deed].changes else _SILENT_SECONDS + WIRES[intent.deed].patience_seconds + longest


def _in_words(ask: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a failure to be answered into the answer: where root does not say, that is what stands in the way."""

    def obstacle(case: Case, *arguments: Any) -> Any:
        try:
            return ask(case, *arguments)
        except StepFailed as failure:
            return str(failure)

    return obstacle


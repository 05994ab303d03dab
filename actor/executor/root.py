"""Does what the process without root wants done, but nothing that root-owned policy and root's own plans do not say."""

from __future__ import annotations

import dataclasses
import logging
import pathlib
import threading
from typing import TYPE_CHECKING, Any

import msgspec

from actor import deeds
from actor.disk import shelf
from actor.executor import intents
from actor.executor.held import Given, Held, Run, Store
from actor.executor.intents import ANSWERS, FRESH_SECONDS, INTENTS, WIRES, Answer, Intent
from actor.executor.policy import refusal, restarts
from actor.model import Command, Plan, StepFailed, Stored, Unprotectable
from actor.world import StopSwitch

if TYPE_CHECKING:
    from actor.deeds import Record
    from actor.executor.intents import Wire
    from actor.model import Case, Effect
    from actor.playbook import Playbook
    from homeostat.clock import Clock
    from homeostat.config import Config

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5


class Refused(Exception):  # noqa: N818 - a past tense like every outcome
    """Root does not do this; the message says why."""


@dataclasses.dataclass(frozen=True)
class Root:
    """The root-owned configuration, and where root keeps its answers and its memory."""

    config: Config
    playbooks: dict[str, Playbook]
    clock: Clock
    store: Store
    intents: str
    answers: str
    stop: StopSwitch
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    @classmethod
    def of(cls, config: Config, playbooks: dict[str, Playbook], clock: Clock) -> Root:
        """Lay root's folders as the configuration says. Raises OSError."""
        assert config.actor.executor_directory is not None
        answers = pathlib.Path(config.actor.executor_directory, ANSWERS)
        answers.mkdir(mode=0o750, parents=True, exist_ok=True)
        directory = config.actor.executor_directory
        inbox = str(pathlib.Path(config.actor.state_directory, INTENTS))
        return cls(config, playbooks, clock, Store(directory), inbox, str(answers), StopSwitch(*config.actor.stop_directories))


def answer(root: Root, name: str) -> Answer | None:
    """Read one intent, do what it wants where that is right, and answer durably; None when it was taken back before."""
    try:
        intent = intents.read_intent(root.intents, name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as fault:
        said = Answer(said="failed", reason=f"the executor cannot read intent {name}: {fault}")
    else:
        said = _attempt(root, intent)
    if said.said != "done":
        log.warning("intent %s: %s: %s", name, said.said, said.reason)
    intents.write(root.answers, name, said)
    return said


def _attempt(root: Root, intent: Intent) -> Answer:
    try:
        result = _do(root, intent)
    except Unprotectable as obstacle:
        return Answer(said="unprotectable", reason=str(obstacle))
    except (StepFailed, Refused) as failure:
        return Answer(said="failed", reason=str(failure))
    except (KeyError, ValueError, OSError) as fault:
        return Answer(said="failed", reason=f"the executor cannot do {intent.deed}: {type(fault).__name__}: {fault}")
    return Answer(said="done", result=msgspec.to_builtins(result))


def _do(root: Root, intent: Intent) -> Any:
    wire = WIRES.get(intent.deed)
    if wire is None:
        raise Refused(f"{intent.deed!r} is no deed")
    argument = _argument(wire, intent)
    if not wire.of_case:
        return deeds.keep_deployments(root.config) if intent.deed == "keep_deployments" else _of_host(root, argument)
    playbook, case = _case(root, intent)
    if wire.of_playbook:
        return _of_playbook(root, intent, case, playbook)
    if isinstance(argument, Command):
        return _commanded(root, intent, case, argument)
    if wire.of_record:
        return _recorded(root, intent, case, argument)
    if intent.deed == "release":
        return deeds.release(case, _begun(root, case, argument))
    function = getattr(deeds, intent.deed)
    return function(case, argument) if wire.takes else function(case)


def _argument(wire: Wire, intent: Intent) -> Any:
    if len(intent.arguments) != len(wire.takes):
        raise Refused(f"{intent.deed} takes {len(wire.takes)} arguments, not {len(intent.arguments)}")
    return msgspec.convert(intent.arguments[0], wire.takes[0]) if wire.takes else None


def _case(root: Root, intent: Intent) -> tuple[Playbook, Case]:
    """Build the case from root's own configuration: the intent only selects exact members of it."""
    playbook = root.playbooks.get(intent.action)
    if playbook is None:
        raise Refused(f"no playbook is named {intent.action!r}")
    ends_at = root.clock.monotonic() + playbook.file.deadline
    path = pathlib.Path(root.intents, f"{intent.id}.json")

    def stopped() -> bool:
        return root.stop.reason() is not None or root.clock.monotonic() > ends_at or not path.exists()

    try:
        case = deeds.build_case(root.config, playbook, (intent.target, intent.incident_id), root.clock.now(), stopped)
    except KeyError:
        raise Refused(f"{intent.target!r} is not in the catalogue of {playbook.file.acts_on}s") from None
    return playbook, case


def _of_playbook(root: Root, intent: Intent, case: Case, playbook: Playbook) -> str | Plan | Record | None:
    if intent.deed == "obstacle":
        return deeds.obstacle(case, playbook)
    if intent.deed == "plan":
        plan = deeds.plan(case, playbook)
        with root.lock:
            root.store.put(msgspec.structs.replace(_held(root, case), plan=plan, begun=()))
        return plan
    _permit(root, intent, case, playbook)
    record = deeds.protect(case, playbook)
    try:
        with root.lock:
            held = _held(root, case)
            root.store.put(msgspec.structs.replace(held, given=(*held.given, Given(record=record))))
    except OSError:
        # What root does not know of it would never take away for this incident, nor undo.
        deeds.withdraw(case, record)
        raise
    return record


def _held(root: Root, case: Case) -> Held:
    held = root.store.find(case.incident_id)
    fresh = Held(incident_id=case.incident_id, action=case.action, target=case.target)
    if held is not None and (held.action, held.target) != (case.action, case.target):
        # A new decision of the same episode: what was held for another action is spent, its records stay.
        return msgspec.structs.replace(fresh, given=held.given, tokens=held.tokens, runs=held.runs)
    return held or fresh


def _commanded(root: Root, intent: Intent, case: Case, command: Command) -> dict[str, Any] | Effect:
    with root.lock:
        held = root.store.find(case.incident_id)
        if held is None or not held.places(command) or not command.token:
            raise Refused("this is no command that root has planned for this incident; nothing was done")
        used_by = held.tokens.get(command.token)
        if used_by is None:
            # Asked after before it was begun, it is begun no more: its token is spent.
            begun = _beginning(root, intent, case, (held, command)) if intent.deed == "perform" else held
            root.store.put(msgspec.structs.replace(begun, tokens=held.tokens | {command.token: intent.id}))
    if intent.deed == "oracle":
        return "none" if used_by is None else deeds.oracle(case, command)
    if used_by is None:
        return deeds.perform(case, command)
    if used_by == intent.id:
        return _attach(root, case, command)
    raise Refused("the command's token has been used; nothing is begun twice")


def _beginning(root: Root, intent: Intent, case: Case, about: tuple[Held, Command]) -> Held:
    """Return what is held once a command of root's plan is begun: each once, and the first of them is a run that budgets count. Raises Refused."""
    (held, command), playbook = about, root.playbooks[case.action]
    if (held.action, held.target) != (case.action, case.target):
        # By another playbook's limits it might be done at any time.
        raise Refused(f"root planned this command for {held.action} at {held.target}; nothing was done")
    place = next((place for place in held.places(command) if place not in held.begun), None)
    if place is None:
        raise Refused("this command was begun since root planned it; nothing is begun twice")
    _permit(root, intent, case, playbook)
    run = () if held.begun else (Run(root.clock.now(), playbook.file.action_class, held.action, held.target, restarts(playbook, held.plan)),)
    return msgspec.structs.replace(held, begun=(*held.begun, place), runs=(*held.runs, *run))


def _begun(root: Root, case: Case, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """Return those of `commands` that root has planned word for word and begun: what the others name is not touched."""
    held = root.store.find(case.incident_id)
    return tuple(command for command in commands if held is not None and command.token in held.tokens and held.places(command))


def _attach(root: Root, case: Case, command: Command) -> dict[str, Any]:
    """Take up a command that root itself was killed over: wait for it, and never begin it again. Raises StepFailed."""
    while (effect := deeds.oracle(case, command)) == "running" and not case.stopped():
        root.clock.sleep(_POLL_SECONDS)
    if effect != "done":
        deeds.release(case, (command,))
        raise StepFailed(f"the executor was interrupted over it, and its effect is {effect}: {command.summary}")
    return {"attached": True}


def _recorded(root: Root, intent: Intent, case: Case, record: Record) -> Any:
    held = root.store.find(case.incident_id)
    given = held.given_as(record) if held is not None else None
    if held is None or given is None:
        raise Refused("this is no record that root has given for this incident; nothing was touched")
    if intent.deed == "withdraw":
        return _withdrawn(root, held, case, given)
    if intent.deed != "seal":
        return getattr(deeds, intent.deed)(case, record)
    # Sealed again it would take what a person did since for the action's own.
    sealed = given.sealed if given.sealed is not None else deeds.seal(case, given.record)
    _replace(root, held.incident_id, given, (msgspec.structs.replace(given, sealed=sealed),))
    return sealed


def _withdrawn(root: Root, held: Held, case: Case, given: Given) -> None:
    if held.runs:
        raise Refused("something was begun in this incident, so what undoes it stays")
    deeds.withdraw(case, given.record)
    _replace(root, held.incident_id, given, ())


def _of_host(root: Root, key: tuple[str, str, str] | None) -> list[Stored] | None:
    """Tell what is kept on this host; or delete of it what root itself finds too old, or in the way of a full disk."""
    kept = deeds.kept(root.config)
    if key is None:
        return kept
    for stored in [stored for stored in kept if stored.key == key]:
        if shelf.why_gone(stored, root.config.protections, root.clock.now()) is None:
            raise Refused(f"{stored.kept.name} is kept for {root.config.protections.retention}, and space is not short; it was not deleted")
        deeds.discard(root.config, key)
        for held in root.store.all():
            for given in [given for given in held.given if stored.is_of(given.record)]:
                _replace(root, held.incident_id, given, ())
    return None


def _replace(root: Root, incident_id: str, given: Given, others: tuple[Given, ...]) -> None:
    """Hold `others` in the place of what root has given in an incident."""
    with root.lock:
        held = root.store.find(incident_id)
        assert held is not None
        kept = [known for known in held.given if known != given]
        root.store.put(msgspec.structs.replace(held, given=(*kept, *others)))


def _permit(root: Root, intent: Intent, case: Case, playbook: Playbook) -> None:
    """See once more, from what only root may write, that this may be done. Raises Refused."""
    # By both clocks: one may be set, the other begins again at boot.
    ages_seconds = (root.clock.now() - intent.written_at, root.clock.monotonic() - intent.uptime_seconds)
    if not all(-1 <= age_seconds <= FRESH_SECONDS for age_seconds in ages_seconds):
        raise Refused("the intent is not fresh: it was written more than a minute ago, or before the host or its clock was set up")
    reason = root.stop.reason()
    if reason is not None:
        raise Refused(f"stopped: {reason}")
    why = refusal(root.config, playbook, case, tuple(root.store.all()))
    if why is not None:
        raise Refused(why)

"""The values that the actor's parts hand to one another; no effects."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from homeostat.words import (
    DECISION_ALERTS,
    SELFTEST,
    ActionClass,
    Decision,
    Outcome,
    PersonsWord,
    Problem,
    Risk,
    Severity,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actor.agenda import Agenda
    from actor.playbook import Playbook
    from homeostat.alertmanager import Silence
    from homeostat.config import Config
    from homeostat.config.catalogue import Filesystem, Service

Answer = Literal["allow", "refuse", "defer", "confirm", "shadow"]
Effect = Literal["none", "running", "partial", "done", "unknowable"]
Standing = Literal["closed", "open", "half-open"]


class EpisodeKey(NamedTuple):
    """What makes two alerts the same trouble; action, tier and severity are no part of it (SPEC 1)."""

    host: str
    problem: Problem
    target: str
    resource: str


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted episode; times are Unix seconds. `state` is set while it is on its way, else `outcome` is.

    `announced_at` is the time at which people were told that it will act, `told_gate` the gate whose deferral they were told of.
    """

    id: str
    host: str
    problem: Problem
    target: str
    resource: str
    action: str
    risk: str
    decision: Decision
    severity: str
    confidence: float | None
    state: State | None
    outcome: Outcome | None
    reason: str
    opened_at: float
    last_firing_at: float
    wake_at: float | None
    acted_at: float | None
    closed_at: float | None
    episode_ended_at: float | None
    alert_labels: dict[str, str] = {}
    announced_at: float | None = None
    told_gate: str | None = None
    gone_at: float | None = None

    @property
    def key(self) -> EpisodeKey:
        """The episode that this incident is."""
        return EpisodeKey(self.host, self.problem, self.target, self.resource)

    @property
    def is_selftest(self) -> bool:
        """Whether its problem is synthetic: then nobody hears of it, and no total counts it."""
        return self.problem == SELFTEST

    @property
    def labels(self) -> dict[str, str]:
        """The labels that its decision alert bears, as a silence's matchers see them: Prometheus may have added some."""
        alertname = next(name for name, decision in DECISION_ALERTS.items() if decision == self.decision)
        return {
            **self.alert_labels,
            "alertname": alertname,
            "problem": self.problem,
            "action": self.action,
            "risk": self.risk,
            "decision": self.decision,
            "severity": self.severity,
            "host": self.host,
            "target": self.target,
            "resource": self.resource,
        }


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision alert says."""

    key: EpisodeKey
    action: str
    risk: Risk | Literal["none"]
    decision: Decision
    severity: Severity
    confidence: float | None
    labels: dict[str, str] = {}


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One admitted run of an action; `ended_at` is None while it runs."""

    incident_id: str
    action: str
    action_class: ActionClass
    target: str
    host: str
    started_at: float
    ended_at: float | None
    outcome: Outcome | None


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """A breaker that counted failures, of `global` or of `action/target`; `probe` is the incident that tries whether it may close."""

    scope: str
    failures: int
    open_until: float | None
    openings: int
    probe: str | None = None

    def standing(self, now: float) -> Standing:
        """Say how it stands at `now` (Unix seconds): after its time it is half-open, for one probe."""
        if self.open_until is None:
            return "closed"
        return "open" if self.open_until > now else "half-open"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said of an incident, and when (Unix seconds); `until` is set where something is moved."""

    word: PersonsWord
    author: str
    said_at: float
    until: float | None = None
    reason: str = ""


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A person's yes to exactly the plan of that hash; it is used up by one run."""

    author: str
    approved_at: float
    plan_hash: str


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's answer with its reason and the inputs it saw; a reason stays the same while what it says holds.

    `until` says when a deferral is asked again; `tell` that people are to hear of this no.
    """

    answer: Answer
    reason: str
    inputs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    until: float | None = None
    tell: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Silences:
    """The silences in force and when Alertmanager was heard of them; `lost` are those among them that it no longer has."""

    active: tuple[Silence, ...]
    answered_at: float
    lost: tuple[Silence, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """A report in short as it was gathered once, with when it was due and when it was gathered (Unix seconds)."""

    due_at: float
    gathered_at: float
    line: str
    below: str


@dataclasses.dataclass(frozen=True, slots=True)
class DecisionNow:
    """What Prometheus decides at this moment for one episode; `action` and `decision` are None when it decides nothing."""

    action: str | None
    decision: str | None
    confidence: float | None
    evaluated_at: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class Spread:
    """Where Prometheus sees one problem at this moment: (host, target) of each, and every host that it sees at all."""

    sick: frozenset[tuple[str, str]]
    hosts: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Members:
    """How the members of a target's group are: on this host each by its own word, and how many are well by the owner's query.

    `counted` is None where the owner has no such query, NaN where Prometheus does not answer it.
    """

    here: Mapping[str, bool]
    counted: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class Surroundings:
    """What the gates must know beyond the target itself.

    `sessions` are the people at each service that a deed disturbs, `starts` how often the unit was started within its start
    limit, both None where nobody knows; `ailing` are targets of this host that are sick, `dependants` the sick ones that a
    cascade may restart beside its target. `quiet_from` is when the service's next quiet window begins (Unix seconds, now in one),
    None where its traffic tells nothing of that.
    """

    sessions: Mapping[str, float | None]
    spread: Spread | None
    members: Members | None
    ailing: frozenset[str]
    starts: int | None
    dependants: frozenset[str] = frozenset()
    quiet_from: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Situation:
    """All that the gates may see: gathered once, then every gate is a pure function of it. `plan` is what is about to be done, `restarting` the actions that start services afresh."""

    now: float
    incident: Incident
    config: Config
    playbook: Playbook | None
    service: Service | None
    filesystem: Filesystem | None
    stop_reason: str | None
    silences: Silences | None
    decision_now: DecisionNow | None
    executions: tuple[Execution, ...]
    breakers: tuple[Breaker, ...]
    unit_state: UnitState | None
    unprotectable: str | None
    shortage: str | None
    surroundings: Surroundings
    agenda: Agenda
    approval: Approval | None = None
    words: tuple[Word, ...] = ()
    plan: Plan | None = None
    undoing: tuple[Undoing, ...] = ()
    restarting: frozenset[str] = frozenset()

    @property
    def reached(self) -> frozenset[str]:
        """The services beside the target that would be touched: those that a cascade may restart, and those that the plan names, which may be more by now."""
        planned = {command.arguments["service"] for command in self.plan.commands if "service" in command.arguments} if self.plan is not None else set()
        return (self.surroundings.dependants | planned) - {self.incident.target}


class Undoing(NamedTuple):
    """What is done at this moment with what makes an incident's action undoable: an undo on a person's word, or the removal of what is kept no longer."""

    incident_id: str
    target: str
    what: str = "an undo on"

    @property
    def words(self) -> str:
        """Say what runs."""
        return f"{self.what} {self.target} is running"


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """How many bytes will be free: at least what nothing else holds, at most what snapshots or other files hold too."""

    least_bytes: int
    most_bytes: int


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One planned deed as data: which step does it, with what, what it should bring about, and what tells whether it did.

    `confidence` and `risk` are the step's own, None where it is as sure and as risky as its playbook; `after` names by
    their places in the plan the commands that must have succeeded before. `token` and `boot_id` are given when it is begun:
    the token fences it, so that it never starts twice. `frees` is measured once the command cannot be undone. Commands of
    one `slice` run together, slices in ascending order. `difference` shows, line by line, what it makes of what.
    """

    step: str
    summary: str
    arguments: dict[str, Any]
    expected: str
    oracle: str
    irreversible: bool = False
    confidence: float | None = None
    risk: Risk | None = None
    after: tuple[int, ...] = ()
    token: str = ""
    boot_id: str = ""
    frees: Prediction | None = None
    slice: int = 0
    difference: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Commands in order, as they will run until `target_bytes` are free (where that is asked); `left` says in words what stays, and why.

    It knows how sure it is over all, its highest risk, about how long it takes, and in words what of it can be undone.
    """

    action: str
    target: str
    commands: tuple[Command, ...]
    confidence: float
    risk: Risk
    duration_seconds: float
    target_bytes: int | None = None
    left: tuple[str, ...] = ()
    undo: str = ""


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """A command that puts back what another may have done, the files of it that nobody but root may write, and how long it may take."""

    argv: tuple[str, ...]
    files: tuple[str, ...]
    deadline_seconds: float


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier incident of the same problem in which something was done: when (Unix seconds), where, what, and what came of it."""

    id: str
    at: float
    target: str
    action: str
    outcome: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Annals:
    """What the journal tells of an incident: cases like it, and how many reports are attached to it. Root, which has no journal, is told nothing."""

    past: Callable[[], tuple[Past, ...]] = tuple
    reports: Callable[[], int] = int


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """What a step, a protection or a measure may know of the incident it works for; `planned` is what a step is planned behind.

    Without a service and a file system it may be `of_homeostat` itself, which concerns nothing else on the host. `reaches` are
    the services that it may touch beside its target: those that need it, each behind what it needs itself.
    Where it `deploys`, another unit or image of the service comes into force.
    All of an `unprivileged` one is done by whoever asks, and nothing of it by root.
    """

    incident_id: str
    action: str
    target: str
    config: Config
    service: Service | None
    filesystem: Filesystem | None
    root: str | None
    now: float
    stopped: Callable[[], bool]
    subvolume: str | None = None
    write_set: tuple[str, ...] = ()
    undoes: tuple[Undo, ...] = ()
    planned: tuple[Command, ...] = ()
    of_homeostat: bool = False
    reaches: tuple[str, ...] = ()
    deploys: bool = False
    unprivileged: bool = False
    annals: Annals = Annals()


class StepFailed(Exception):  # noqa: N818 - a past tense like every outcome
    """A step ended without its effect; the message says what was seen."""


class HandedOver(Exception):  # noqa: N818 - not a fault: the next process goes on
    """The process is ending: what is on its way stays in the journal for the next one to recover."""


class Unprotectable(Exception):  # noqa: N818 - an adjective of the target, not a fault
    """The declared protection cannot be given; the message says why."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What an undo did: how many paths it put back (the first of them by name), and the paths it left because someone touched them since."""

    restored: int = 0
    conflicts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Something of ours that a protection keeps: its name, where it lies, since when (Unix seconds), and the record that leads to it."""

    name: str
    place: str
    made_at: float
    record: dict[str, Any]


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept, by which protection, and the free share (0..1) of where it lies."""

    protection: str
    kept: Kept
    room_ratio: float

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from all else that is kept on this host: its protection, its place and its name."""
        return self.protection, self.kept.place, self.kept.name

    @property
    def record(self) -> dict[str, Any]:
        """The record as the journal has it."""
        return {"protection": self.protection, "record": self.kept.record}

    def is_of(self, record: dict[str, Any]) -> bool:
        """Say whether a record, sealed or not, leads to this."""
        places = {name: value for name, value in self.kept.record.items() if isinstance(value, str)}
        return bool(record["protection"] == self.protection and places.items() <= record["record"].items())


class UnitState(msgspec.Struct, frozen=True, kw_only=True):
    """What a manager says of a service; `invocation` changes with every start, `memory_bytes` is None where unknown.

    `image` is the id of the image that a container runs, None where no container is known;
    `edited` is a file of its unit that is newer than what runs; `touches` are the units that a restart restarts, by all
    their names; a `start_limit` of None is none. `files` are those that its unit is made of, as far as systemd names them, and
    `started_at` (Unix seconds) is when its main process began.
    """

    active: bool
    invocation: str
    main_pid: int
    memory_bytes: int | None
    image: str | None = None
    needs_reload: bool = False
    edited: str | None = None
    touches: tuple[str, ...] = ()
    start_limit: StartLimit | None = None
    files: tuple[str, ...] = ()
    started_at: float | None = None

    @property
    def drift(self) -> str | None:
        """In words, what of its unit a restart would deploy; None where it runs what is declared."""
        if self.needs_reload:
            return "its unit was edited since it was loaded: a restart would deploy that"
        return f"{self.edited} is newer than what runs: a restart would deploy that" if self.edited is not None else None


class StartLimit(msgspec.Struct, frozen=True, kw_only=True):
    """systemd lets a unit start at most `burst` times within a time (None: since boot); the unit last changed so long ago."""

    burst: int
    within_seconds: float | None
    unchanged_seconds: float

    def bears_another_after(self, starts: int) -> bool:
        """Say whether it may be started once more: the last start is left to systemd, which may have to start it again after us."""
        return starts + 1 <= max(1, self.burst - 1)

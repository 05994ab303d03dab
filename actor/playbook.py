"""Playbooks: strict YAML, each the answer to named problems, with its risk, protection, steps and verification."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from actor import contradictions, measures, protections, steps
from actor.change import Change as Change  # noqa: PLC0414 - what a playbook is made of is had from here
from actor.kinds import Measure, Protection, Step
from homeostat.config import ConfigError, Duration, Raw, load
from homeostat.config.backups import holders
from homeostat.config.limits import Window
from homeostat.config.section import Ratio
from homeostat.config.strict import nearest
from homeostat.discovery import discover
from homeostat.words import LOSSES, SELFTEST, ActionClass, Loss, Problem, ProtectionName, Risk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from homeostat.config import Config

BUILT_IN = pathlib.Path(__file__).parent / "playbooks"

STEPS = discover(steps, "STEP", Step)
PROTECTIONS = discover(protections, "PROTECTION", Protection)
MEASURES = discover(measures, "MEASURE", Measure)

Reach = Literal["target", "dependants"]
ActsOn = Literal["filesystem", "backup-filesystem", "service", "host", "homeostat", "any"]
FILESYSTEMS: tuple[ActsOn, ...] = ("filesystem", "backup-filesystem")
Condition = Literal["deployment-correlates", "dependants-down"]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often, as `1/1h`: per target and over all targets."""

    per_target: tuple[str, ...] = ()
    per_action: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a window that does not read as COUNT/DURATION."""
        for text in (*self.per_target, *self.per_action):
            Window.parse(text)


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured, and which change of it counts as success or warning."""

    measure: str
    success: str
    warn: str

    def __post_init__(self) -> None:
        """Refuse an unknown measure or an unreadable change."""
        if self.measure not in MEASURES:
            raise ValueError(f"measure {self.measure!r} is not known{nearest(self.measure, list(MEASURES))}")
        for key in ("success", "warn"):
            try:
                Change.parse(getattr(self, key))
            except ValueError as error:
                raise ValueError(f"{key} {error}") from None


class Verify(Expectation, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured after `settle`, for some problems something else, which measures must not fall, and how long all is watched until Prometheus has seen it.

    What does not end its problem, as it only finds out, is not watched, and Prometheus is not asked.
    """

    settle: Duration
    watch: Duration = Duration(180)
    instead: dict[Problem, Expectation] = {}
    ends_problem: bool = True
    unharmed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an unknown measure."""
        super().__post_init__()
        other = next((name for name in self.unharmed if name not in MEASURES), None)
        if other is not None:
            raise ValueError(f"unharmed: unknown measure {other!r}; known: {', '.join(MEASURES)}")

    def expects(self, problem: Problem) -> Expectation:
        """Return what is measured when the playbook answers `problem`."""
        return self.instead.get(problem, self)


class PlaybookFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A playbook as written; `only_where` names the condition under which it answers, at the targets where that holds, before all others.

    What `reaches` dependants acts on its target, and on those services that need it and are not well.
    """

    name: str
    answers: tuple[Problem, ...]
    acts_on: ActsOn
    reaches: Reach = "target"
    action_class: ActionClass
    risk: Risk
    risks: dict[Problem, Risk] = {}
    impact_certainty: Ratio
    protection: ProtectionName | tuple[ProtectionName, ...]
    only_where: Condition | None = None
    unprotected_feasibility: Ratio | None = None
    loss: Loss | None = None
    cooldown: Duration | None = None
    limits: Limits = Limits()
    estimate: Duration
    deadline: Duration
    steps: tuple[dict[str, Raw], ...]
    verify: Verify

    def __post_init__(self) -> None:
        """Refuse a deed that nobody is told of, a protection that cannot be given, doing without one where nobody says what that loses, and a check of what is not answered."""
        if SELFTEST in self.answers and self.action_class != "read":
            raise ValueError(f"action_class {self.action_class}: nobody is told what answers {SELFTEST!r}, the synthetic problem, so only what reads may; set action_class: read")
        if self.acts_on == "any" and self.action_class != "read":
            raise ValueError("acts_on: any is for what only reads; write filesystem or service, or set action_class: read")
        if not self.verify.ends_problem and self.action_class != "read":
            raise ValueError("verify.ends_problem: false is for what only reads; what acts has to show that the problem is gone")
        other = sorted(set(self.verify.instead) - set(self.answers))
        if other:
            raise ValueError(f"verify.instead names {other[0]!r}, which this playbook does not answer")
        if self.reaches == "dependants" and self.acts_on != "service":
            raise ValueError(f"only services have dependants; acts_on is {self.acts_on}")
        strange = sorted(set(self.risks) - set(self.answers))
        if strange:
            raise ValueError(f"risks names {strange[0]!r}, which this playbook does not answer")
        if not self.protections:
            raise ValueError(f"protection {self.protection!r} names none; known: {', '.join(get_args(ProtectionName))}")
        without = "none" in self.protections or self.unprotected_feasibility is not None
        if without and self.loss is None:
            raise ValueError(f"protection: what runs without one says what that may lose; write loss: and one of {', '.join(LOSSES)}")

    def risk_of(self, problem: Problem) -> Risk:
        """Return how risky it is when it answers `problem`."""
        return self.risks.get(problem, self.risk)

    @property
    def deploys(self) -> bool:
        """Whether a step of it brings another unit or image of a service into force: then these are what is protected."""
        return any(kind in STEPS and STEPS[kind].deploys for step in self.steps for kind in step)

    @property
    def restarts(self) -> bool:
        """Whether it starts a service afresh: its class or a step of it says so."""
        return self.action_class == "restart" or any(kind in STEPS and STEPS[kind].restarts for step in self.steps for kind in step)

    @property
    def protection_words(self) -> tuple[ProtectionName, ...]:
        """What may protect it, in words, the preferred one first."""
        return (self.protection,) if isinstance(self.protection, str) else self.protection

    @property
    def protections(self) -> tuple[str, ...]:
        """The same by file, for a word may stand for several kinds: the first that can be given where the data lies is given."""
        fit = {name: protection for name, protection in PROTECTIONS.items() if protection.of_deployments in (None, self.deploys)}
        return tuple(name for word in self.protection_words for name, protection in fit.items() if protection.word == word)


@dataclasses.dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a playbook: its kind and its options, already of the kind's own type."""

    kind: str
    options: Any


@dataclasses.dataclass(frozen=True, slots=True)
class Playbook:
    """A playbook as the actor uses it."""

    file: PlaybookFile
    steps: tuple[PlannedStep, ...]

    @property
    def name(self) -> str:
        """The action's name."""
        return self.file.name

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing, which its steps say: then it spends no budget, opens no breaker and has nothing to earn."""
        return self.file.action_class == "read"

    def lacks(self, config: Config) -> str | None:
        """Say in words what the configuration would have to say before it could do anything, or None."""
        return next((told for told in (STEPS[planned.kind].lacks(config) for planned in self.steps) if told is not None), None)


def catalogue(config: Config, acts_on: ActsOn) -> Collection[str]:
    """Return the targets that may be acted on, each by its exact name; a file system that holds backups as that too, Homeostat itself only by its selftest, any of them only by what reads."""
    if acts_on == "any":
        return config.names
    known: dict[ActsOn, Collection[str]] = {
        "service": config.services,
        "filesystem": config.filesystems,
        "backup-filesystem": holders(config.backups),
        "host": (config.host,),
        "homeostat": (SELFTEST,),
    }
    return known[acts_on]


def load_playbooks(own_directory: str | None) -> dict[str, Playbook]:
    """Load the built-in playbooks and the owner's; an owner's file of the same name takes the built-in's place.

    Raises:
        ConfigError: a file does not fit, or its name is not its playbook's; the message has path and line.

    """
    found, files = {}, list(_files(own_directory))
    for path in files:
        written = load(path, PlaybookFile)
        if written.name != path.stem:
            other = next((f", for {each} has that one" for each in files if each.stem == written.name), "")
            raise ConfigError(str(path), 1, "name", f"{written.name!r} must be the file's own name, {path.stem!r}{other}")
        found[written.name] = Playbook(written, tuple(_step(path, step) for step in written.steps))
        told = next(contradictions.found(found[written.name], STEPS, MEASURES), None)
        if told is not None:
            raise _place(load(path, Raw), told.place).fault(told.message)
    return found


def _place(whole: Raw, place: contradictions.Place) -> Raw:
    """Return the part that lies at a place; of one that is not written down, what it would stand in."""
    try:
        return whole.at(*place)
    except KeyError:
        return _place(whole, place[:-1])


def _files(own_directory: str | None) -> Iterator[pathlib.Path]:
    yield from sorted(BUILT_IN.glob("*.yml"))
    if own_directory is None:
        return
    own = pathlib.Path(own_directory)
    if not own.is_dir():
        raise ConfigError(own_directory, 0, "actor.playbook_directory", "no such folder")
    for path in sorted(own.glob("*.yaml")):
        beside = path.with_suffix(".yml")
        second = f"; the playbook {path.stem!r} stands in {beside} already, keep one of them" if beside.exists() else ""
        raise ConfigError(str(path), 0, "", f"a playbook's file must end in .yml, or it is not read{second}")
    yield from sorted(own.glob("*.yml"))


def _step(path: pathlib.Path, step: dict[str, Raw]) -> PlannedStep:
    if len(step) != 1:
        raise ConfigError(str(path), 1, "steps", "each step is one kind with its options, as in - journal-vacuum: {keep: 7d}")
    ((kind, options),) = step.items()
    if kind not in STEPS:
        raise options.fault(f"unknown step{nearest(kind, list(STEPS))}")
    return PlannedStep(kind, options.read(STEPS[kind].options))

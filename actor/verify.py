"""Verification: a baseline before, then by own measurement, health through settle window and watch, and by Prometheus."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import msgspec

from actor.model import HandedOver, StepFailed
from actor.playbook import Change
from actor.told import Outlook, expectation, has_seen, health_score, outlook, seen_since, tell
from homeostat.words import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actor.model import Case, EpisodeKey
    from actor.playbook import Playbook
    from actor.reckoning import Reckoning
    from actor.world import World
    from homeostat.config import Config

Status = Literal["passed", "warned", "failed", "unknown"]

_SETTLE_POLL_SECONDS = 1.0
_WATCH_POLL_SECONDS = 2.0
_NO_WORSE = 0.05


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """How things were before: the measure and those that must not fall, each health probe, the service, and what Prometheus said (None where unknown).

    `usage` is the share of its limit; an `observed` problem was seen, any other is forecast, with this `outlook`.
    """

    measured: float
    health: dict[str, bool]
    invocation: str | None
    active: bool | None
    usage: float | None
    observed: bool | None = None
    image: str | None = None
    health_score: float | None = None
    outlook: Outlook | None = None
    unharmed: dict[str, float] = {}


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at; only a check that passed before may cause a rollback."""

    name: str
    status: Status
    passed_before: bool
    detail: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What verification saw: its checks as evidence and counted, the share of them that passed, and how long it took.

    `health_scores` are the host's before and after, where Prometheus told both: they judge nothing, for others move them too.
    """

    finding: Finding
    confidence: float
    checks: tuple[Check, ...]
    passed: int = 0
    warned: int = 0
    failed: int = 0
    seconds: float = 0.0
    health_scores: tuple[float, float] | None = None

    @property
    def calls_for_rollback(self) -> bool:
        """Something that was well before is not well now."""
        return any(check.status == "failed" and check.passed_before for check in self.checks)

    @property
    def sentence(self) -> str:
        """What decided the finding, in words, and what a cleanup freed; everything that was seen when all went well."""
        deciding = {"failed": {"failed"}, "unverifiable": {"unknown"}, "weak": {"warned", "unknown"}}.get(self.finding)
        told = [check.detail for check in self.checks if deciding is None or check.status in deciding or check.name == "prediction"]
        return "; ".join([*told, *self._score_words()])

    def _score_words(self) -> list[str]:
        before, after = self.health_scores or (0.0, 0.0)
        return [f"the host's health score went from {before:.0f} to {after:.0f}"] if round(before) != round(after) else []


def take_baseline(world: World, case: Case, playbook: Playbook, key: EpisodeKey) -> Baseline:
    """Measure what verification will compare with.

    Raises:
        StepFailed: the measure cannot be taken, so success could never be shown.

    """
    state, told = world.hands.show(case), tell(world, key)
    return Baseline(
        measured=world.hands.measure(case, playbook.file.verify.expects(key.problem).measure),
        health=world.hands.probe(case),
        invocation=state.invocation if state is not None else None,
        active=state.active if state is not None else None,
        usage=told.usage if told is not None else None,
        observed=told.observed if told is not None else None,
        image=state.image if state is not None else None,
        health_score=health_score(world, key.host),
        outlook=outlook(world, key),
        unharmed={name: world.hands.measure(case, name) for name in playbook.file.verify.unharmed},
    )


def still_healthy(world: World, case: Case, before: dict[str, bool]) -> None:
    """Make sure that what was healthy before is so now.

    Raises:
        StepFailed: it names what is not.

    """
    now = world.hands.probe(case)
    sick = [name for name, passed in before.items() if passed and not now.get(name, False)]
    if sick:
        raise StepFailed(f"no longer healthy: {', '.join(sick)}")


def verify(world: World, case: Case, playbook: Playbook, key: EpisodeKey, baseline: Baseline) -> Verification:
    """Settle and measure, then watch until Prometheus has seen enough; the finding is the worst of the checks.

    Raises:
        StepFailed: everything was stopped meanwhile.
        HandedOver: the process is ending; the next one verifies afresh.

    """
    spec, override = playbook.file.verify, world.config.autonomy.actions.get(playbook.name)
    watch = override.watch if override is not None and override.watch is not None else max(spec.watch, _two_cycles_seconds(world.config))
    began, held = (world.clock.now(), world.clock.monotonic()), _Held(world, case)
    held.wait(_settle_seconds(world, playbook), _SETTLE_POLL_SECONDS, lambda: False)
    held.settled()
    measured = _measured(world, case, playbook, key, baseline)
    if not spec.ends_problem:
        return _sum_up([*held.checks(baseline), measured], world.clock.monotonic() - began[1])
    held.wait(watch, _WATCH_POLL_SECONDS, lambda: has_seen(world, key, observed=bool(baseline.observed), began=began))
    checks = [*held.checks(baseline), measured, *_unharmed(world, case, baseline), _predicted(world, key, baseline, seen_since(world, key.host, began))]
    seen, score = _sum_up(checks, world.clock.monotonic() - began[1]), health_score(world, key.host)
    known = baseline.health_score is not None and score is not None
    return msgspec.structs.replace(seen, health_scores=(baseline.health_score, score)) if known else seen


def _settle_seconds(world: World, playbook: Playbook) -> float:
    override = world.config.autonomy.actions.get(playbook.name)
    return override.settle if override is not None and override.settle is not None else playbook.file.verify.settle


def _two_cycles_seconds(config: Config) -> float:
    """Return within which time Prometheus sees two new cycles of the exporter, each a scrape later."""
    return 2.0 * (config.exporter.cycle + config.exporter.scrape_interval)


def with_reckoning(seen: Verification, reckoning: Reckoning) -> Verification:
    """Return a verification that also saw what was freed, if anything was: a misprediction fails it, but nothing can be put back for that."""
    if not reckoning.freed:
        return seen
    status: Status = "passed" if reckoning.mispredicted is None else "failed"
    checks = [*seen.checks, Check(name="prediction", status=status, passed_before=False, detail=reckoning.sentence)]
    return msgspec.structs.replace(_sum_up(checks, seen.seconds), health_scores=seen.health_scores)


def recovered(world: World, case: Case, playbook: Playbook, baseline: Baseline) -> Verification:
    """See, after a rollback, whether all that was well before is so again; it may take the settle window, but not under a stop."""
    began = world.clock.monotonic()
    checks = _well_again(world, case, baseline)
    while any(check.status == "failed" for check in checks) and world.clock.monotonic() - began < _settle_seconds(world, playbook):
        if world.ending.is_set() or world.stop.reason() is not None:
            break
        world.clock.sleep(_SETTLE_POLL_SECONDS)
        checks = _well_again(world, case, baseline)
    return _sum_up(checks, world.clock.monotonic() - began)


def _well_again(world: World, case: Case, baseline: Baseline) -> list[Check]:
    health = world.hands.probe(case)
    checks = [_health_check(name, health.get(name, False), baseline) for name, passed in sorted(baseline.health.items()) if passed]
    if baseline.active:
        up = _invocation(world, case) is not None
        checks.append(_check("active", up, True, f"{case.target} {'is up' if up else 'is not up'}"))
    return checks


def _sum_up(checks: list[Check], seconds: float) -> Verification:
    statuses = [check.status for check in checks]
    finding: Finding = "verified"
    if "failed" in statuses:
        finding = "failed"
    elif any(check.status == "unknown" and check.name == "measure" for check in checks):
        finding = "unverifiable"
    elif "warned" in statuses or "unknown" in statuses:
        finding = "weak"
    passed, warned, failed = (statuses.count(status) for status in ("passed", "warned", "failed"))
    return Verification(
        finding=finding,
        confidence=passed / max(1, len(checks)),
        checks=tuple(checks),
        passed=passed,
        warned=warned,
        failed=failed,
        seconds=seconds,
    )


def _check(name: str, well: bool, passed_before: bool, detail: str) -> Check:
    return Check(name=name, status="passed" if well else "failed", passed_before=passed_before, detail=detail)


@dataclasses.dataclass
class _Held:
    """What is watched from the deed on: each health probe and, for a service, its InvocationID."""

    world: World
    case: Case

    def __post_init__(self) -> None:
        """Look for the first time."""
        self.first = _invocation(self.world, self.case)
        self.steady = True
        self.health = self.world.hands.probe(self.case)
        self.lost: set[str] = set()

    def wait(self, seconds: float, poll_seconds: float, enough: Callable[[], bool]) -> None:
        """Look again and again for so long, or until it is enough. Raises as `verify`."""
        clock = self.world.clock
        ends = clock.monotonic() + seconds
        while clock.monotonic() < ends and not enough():
            _go_on(self.world)
            clock.sleep(min(poll_seconds, max(0.0, ends - clock.monotonic())))
            self.look()

    def look(self) -> None:
        """Look once: what was seen well and is not so now did not hold, whatever it does later."""
        self.steady = self.steady and _invocation(self.world, self.case) == self.first
        health = self.world.hands.probe(self.case)
        self.lost |= {name for name, passed in self.health.items() if passed and not health.get(name, False)}
        self.health = health

    def settled(self) -> None:
        """Take what is not well by now for lost: the settle window was its time to come up."""
        self.lost |= {name for name, passed in self.health.items() if not passed}

    def checks(self, baseline: Baseline) -> list[Check]:
        """Return what was seen."""
        checks = [_health_check(name, name not in self.lost, baseline) for name in sorted(self.health)]
        if baseline.image is not None and not self.case.deploys:
            # A restart that brings another image is a deployment.
            state = self.world.hands.show(self.case)
            same = state is not None and state.image == baseline.image
            checks.append(_check("image", same, True, f"{self.case.target} runs {'the same' if same else 'another'} image than before"))
        return checks if self.case.service is None else [self._restarted(baseline), *checks]

    def _restarted(self, baseline: Baseline) -> Check:
        up, new = self.first is not None and self.steady, self.first != baseline.invocation
        words = "runs as a new invocation and stayed up through the settle window and the watch"
        if not up:
            words = "did not stay up through the settle window and the watch"
        elif not new:
            words = "still runs as the old invocation"
        return _check("invocation", up and new, bool(baseline.active), f"{self.case.target} {words}")


def _go_on(world: World) -> None:
    # A window that is cut short proves nothing: the next process verifies afresh, or a person has stopped it.
    if world.ending.is_set():
        raise HandedOver
    reason = world.stop.reason()
    if reason is not None:
        raise StepFailed(f"stopped while verifying: {reason}")


def _invocation(world: World, case: Case) -> str | None:
    try:
        state = world.hands.show(case)
    except StepFailed:
        return None
    return state.invocation if state is not None and state.active else None


def _health_check(name: str, passed: bool, baseline: Baseline) -> Check:
    detail = f"health of {name} {'held' if passed else 'did not hold'}"
    return _check(f"health {name}", passed, baseline.health.get(name, False), detail)


def _measured(world: World, case: Case, playbook: Playbook, key: EpisodeKey, baseline: Baseline) -> Check:
    spec = playbook.file.verify.expects(key.problem)
    try:
        after = world.hands.measure(case, spec.measure)
    except StepFailed as failure:
        return Check(name="measure", status="unknown", passed_before=False, detail=str(failure))
    change = after - baseline.measured
    words = f"{spec.measure} went from {baseline.measured:.4f} to {after:.4f} ({change:+.4f}; success is {spec.success}, warned is {spec.warn})"
    status: Status = "passed" if Change.parse(spec.success).met(change) else "warned" if Change.parse(spec.warn).met(change) else "failed"
    return Check(name="measure", status=status, passed_before=False, detail=words)


def _unharmed(world: World, case: Case, baseline: Baseline) -> Iterator[Check]:
    """Measure once more what must not fall."""
    for name, before in baseline.unharmed.items():
        try:
            after = world.hands.measure(case, name)
        except StepFailed as failure:
            yield _check(name, False, True, f"{name} was {before:.4f} and cannot be measured any more: {failure}")
        else:
            yield _check(name, after >= before, True, f"{name} {'is' if after >= before else 'fell to'} {after:.4f} after {before:.4f}")


def _predicted(world: World, key: EpisodeKey, baseline: Baseline, fresh: bool) -> Check:
    """Judge by the exporter's series: what was observed must be gone, what was forecast no worse.

    Not by its forecast: the deed has begun a new regime, of which for a while nothing is known.
    """
    told = tell(world, key)
    if not fresh or told is None:
        return Check(name="prometheus", status="unknown", passed_before=False, detail="Prometheus showed no two new cycles within the watch")
    if baseline.observed:
        detail = f"{key.problem} at {key.target}, which was seen before, is {'gone' if told.gone else 'still there'}"
        return _check("prometheus", told.gone, False, detail)
    if told.usage is None or baseline.usage is None:
        return Check(name="prometheus", status="unknown", passed_before=False, detail=f"Prometheus does not tell how far {key.target} is used")
    detail = f"in Prometheus the use of {key.target} went from {baseline.usage:.0%} to {told.usage:.0%} of its limit"
    detail += expectation(baseline.outlook, outlook(world, key), told.usage)
    return _check("prometheus", told.usage <= baseline.usage + _NO_WORSE, False, detail)

"""Verification: a baseline before, then by own measurement, health through the settle window, and by Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from actor.model import HandedOver, StepFailed
from actor.playbook import Change
from homeostat.prometheus import PrometheusError, selector
from homeostat.words import Finding

if TYPE_CHECKING:
    from actor.model import Case, EpisodeKey
    from actor.playbook import Playbook
    from actor.reckoning import Reckoning
    from actor.world import World

_POLL_SECONDS = 1.0
_NO_WORSE = 0.05
_CYCLES = 2


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """How things were before: the measure, each health probe, and the usage as Prometheus has it (None where unknown)."""

    measured: float
    health: dict[str, bool]
    invocation: str | None
    active: bool | None
    usage: float | None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at; only a check that passed before may cause a rollback."""

    name: str
    status: Literal["passed", "warned", "failed", "unknown"]
    passed_before: bool
    detail: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What verification saw, with its evidence and the share of its checks that passed."""

    finding: Finding
    confidence: float
    checks: tuple[Check, ...]

    @property
    def calls_for_rollback(self) -> bool:
        """Something that was well before is not well now."""
        return any(check.status == "failed" and check.passed_before for check in self.checks)

    @property
    def sentence(self) -> str:
        """What decided the finding, in words, and what a cleanup freed; everything that was seen when all went well."""
        deciding = {"failed": {"failed"}, "unverifiable": {"unknown"}, "weak": {"warned", "unknown"}}.get(self.finding)
        told = [check.detail for check in self.checks if deciding is None or check.status in deciding or check.name == "prediction"]
        return "; ".join(told)


def take_baseline(world: World, case: Case, playbook: Playbook, key: EpisodeKey) -> Baseline:
    """Measure what verification will compare with.

    Raises:
        StepFailed: the measure cannot be taken, so success could never be shown.

    """
    state = world.hands.show(case)
    try:
        usage = _usage(world, key)
    except PrometheusError:
        usage = None
    return Baseline(
        measured=world.hands.measure(case, playbook.file.verify.measure),
        health=world.hands.probe(case),
        invocation=state.invocation if state is not None else None,
        active=state.active if state is not None else None,
        usage=usage,
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
    """Settle, then look at everything; the finding is the worst of the checks."""
    override = world.config.autonomy.actions.get(playbook.name)
    settle = override.settle if override is not None and override.settle is not None else playbook.file.verify.settle
    watch = override.watch if override is not None and override.watch is not None else playbook.file.verify.watch
    acted_at = world.clock.now()
    checks = [*_held(world, case, baseline, settle), _measured(world, case, playbook, baseline), _predicted(world, key, baseline, (acted_at, watch))]
    return _sum_up([check for check in checks if check is not None])


def with_reckoning(seen: Verification, reckoning: Reckoning) -> Verification:
    """Return a verification that also saw what was freed, if anything was: a misprediction fails it, but nothing can be put back for that."""
    if not reckoning.freed:
        return seen
    status: Literal["passed", "failed"] = "passed" if reckoning.mispredicted is None else "failed"
    return _sum_up([*seen.checks, Check(name="prediction", status=status, passed_before=False, detail=reckoning.sentence)])


def _sum_up(checks: list[Check]) -> Verification:
    statuses = [check.status for check in checks]
    known = [status for status in statuses if status != "unknown"]
    finding: Finding = "verified"
    if "failed" in statuses:
        finding = "failed"
    elif any(check.status == "unknown" and check.name == "measure" for check in checks):
        finding = "unverifiable"
    elif "warned" in statuses or "unknown" in statuses:
        finding = "weak"
    return Verification(finding=finding, confidence=known.count("passed") / max(1, len(known)), checks=tuple(checks))


def _held(world: World, case: Case, baseline: Baseline, settle: float) -> list[Check]:
    """Watch health and, for a service, its InvocationID through the settle window."""
    service, first = case.service, _invocation(world, case)
    steady, last_health, flapped = True, world.hands.probe(case), set[str]()
    ends = world.clock.monotonic() + settle
    while world.clock.monotonic() < ends:
        _go_on(world)
        world.clock.sleep(min(_POLL_SECONDS, max(0.0, ends - world.clock.monotonic())))
        steady = steady and _invocation(world, case) == first
        health = world.hands.probe(case)
        flapped |= {name for name, passed in last_health.items() if passed and not health.get(name, False)}
        last_health = health
    checks = [_health_check(name, passed and name not in flapped, baseline) for name, passed in sorted(last_health.items())]
    return checks if service is None else [_restarted(case, baseline, first, steady=steady), *checks]


def _go_on(world: World) -> None:
    # A settle window that is cut short proves nothing: the next process verifies afresh, or a person has stopped it.
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


def _restarted(case: Case, baseline: Baseline, first: str | None, *, steady: bool) -> Check:
    well = first is not None and first != baseline.invocation and steady
    if well:
        detail = f"{case.target} runs as a new invocation and stayed up through the settle window"
    elif first is None or not steady:
        detail = f"{case.target} did not stay up through the settle window"
    else:
        detail = f"{case.target} still runs as the old invocation"
    return Check(name="invocation", status="passed" if well else "failed", passed_before=bool(baseline.active), detail=detail)


def _health_check(name: str, passed: bool, baseline: Baseline) -> Check:
    detail = f"health of {name} {'held' if passed else 'did not hold'}"
    return Check(name=f"health {name}", status="passed" if passed else "failed", passed_before=baseline.health.get(name, False), detail=detail)


def _measured(world: World, case: Case, playbook: Playbook, baseline: Baseline) -> Check:
    spec = playbook.file.verify
    try:
        after = world.hands.measure(case, spec.measure)
    except StepFailed as failure:
        return Check(name="measure", status="unknown", passed_before=False, detail=str(failure))
    change = after - baseline.measured
    words = f"{spec.measure} went from {baseline.measured:.4f} to {after:.4f} ({change:+.4f}; success is {spec.success}, warned is {spec.warn})"
    if Change.parse(spec.success).met(change):
        return Check(name="measure", status="passed", passed_before=False, detail=words)
    return Check(name="measure", status="warned" if Change.parse(spec.warn).met(change) else "failed", passed_before=False, detail=words)


def _predicted(world: World, key: EpisodeKey, baseline: Baseline, watch: tuple[float, float]) -> Check | None:
    """Wait for two cycles of the exporter since the deed, then see in its own series that the target is no worse.

    Not in its forecast: the deed has begun a new regime, of which for a while nothing is known.
    """
    acted_at, watch_seconds = watch
    ends = world.clock.monotonic() + watch_seconds
    while not _seen_since(world, key.host, acted_at):
        _go_on(world)
        if world.clock.monotonic() >= ends:
            return Check(name="prometheus", status="unknown", passed_before=False, detail=f"Prometheus showed no two new cycles within {watch_seconds:g} s")
        world.clock.sleep(_POLL_SECONDS)
    try:
        after = _usage(world, key)
    except PrometheusError as error:
        return Check(name="prometheus", status="unknown", passed_before=False, detail=str(error))
    if after is None or baseline.usage is None:
        return Check(name="prometheus", status="unknown", passed_before=False, detail=f"Prometheus does not tell how far {key.target} is used")
    status: Literal["passed", "warned"] = "passed" if after <= baseline.usage + _NO_WORSE else "warned"
    detail = f"in Prometheus the use of {key.target} went from {baseline.usage:.0%} to {after:.0%} of its limit"
    return Check(name="prometheus", status=status, passed_before=False, detail=detail)


def _seen_since(world: World, host: str, moment: float) -> bool:
    cycle = f"max({selector('homeostat_exporter_last_success_timestamp_seconds', host=host)})"
    try:
        samples = world.prometheus.query(cycle)
    except PrometheusError:
        return False
    return bool(samples) and samples[0].value >= moment + _CYCLES * world.config.exporter.cycle


def _usage(world: World, key: EpisodeKey) -> float | None:
    samples = world.prometheus.query(f"max({selector('homeostat_usage_ratio', **key._asdict())})")
    return samples[0].value if samples else None

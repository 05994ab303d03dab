"""Verification: what each check sees, and the finding that comes of them."""

from __future__ import annotations

import pathlib
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actor.model import HandedOver, StepFailed
from actor.verify import Check, Verification, recovered, still_healthy, take_baseline, verify
from actor.world import case_of
from homeostat import shell
from tests.support import DAY, LAST_SUCCESS, PREDICTION, PROBABILITY, USAGE, WEB, Actor, Host

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.verify import Baseline
    from tests.support import FakePrometheus


class Verifying:
    """A service that is about to be restarted, and verified after."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.book = actor.world.playbooks["service-restart"]
        self.case = case_of(actor.world, self.book, "web", "i1")
        actor.prometheus.decide(WEB, "service-restart", "auto-execute", 0.95)

    def baseline(self) -> Baseline:
        return take_baseline(self.actor.world, self.case, self.book, WEB)

    def restart(self) -> None:
        assert shell.run([str(self.actor.host.control), "restart"], 5).ok

    def verify(self, baseline: Baseline) -> Verification:
        return verify(self.actor.world, self.case, self.book, WEB, baseline)


@pytest.fixture
def verifying(actor: Actor) -> Verifying:
    return Verifying(actor)


def seen(verifying: Verifying, at_sleep: Callable[[], object] = lambda: None) -> Verification:
    baseline = verifying.baseline()
    verifying.restart()
    verifying.actor.clock.at_sleep = lambda: at_sleep() and None
    return verifying.verify(baseline)


def status(verification: Verification, name: str) -> tuple[str, bool]:
    (check,) = [check for check in verification.checks if check.name == name]
    return check.status, check.passed_before


def test_a_restart_that_helped_is_verified_with_its_evidence(verifying: Verifying) -> None:
    verification = seen(verifying)
    assert (verification.finding, verification.confidence, verification.calls_for_rollback) == ("verified", 1.0, False)
    assert [check.name for check in verification.checks] == ["invocation", "health web", "measure", "prometheus"]


def test_it_waits_for_two_cycles_of_the_exporter_after_the_deed(verifying: Verifying) -> None:
    began = verifying.actor.clock.monotonic()
    seen(verifying)
    assert verifying.actor.clock.monotonic() - began == 2 * verifying.actor.config.exporter.cycle


def test_the_old_invocation_is_no_restart(verifying: Verifying) -> None:
    baseline = verifying.baseline()
    verification = verifying.verify(baseline)
    assert status(verification, "invocation") == ("failed", True)
    assert "still runs as the old invocation" in verification.sentence


def test_a_service_that_starts_again_by_itself_did_not_stay_up(verifying: Verifying) -> None:
    assert status(seen(verifying, verifying.restart), "invocation") == ("failed", True)


def test_health_that_flaps_did_not_hold_even_when_it_is_well_in_the_end(verifying: Verifying) -> None:
    healthy = verifying.actor.host.service / "healthy"
    states = iter([healthy.unlink, healthy.touch, *[lambda: None] * 100])
    verification = seen(verifying, lambda: next(states)())  # noqa: PLW0108 - another one at each call
    assert status(verification, "health web") == ("failed", True)
    assert verification.calls_for_rollback


def test_health_that_comes_back_within_the_settle_window_held(verifying: Verifying) -> None:
    healthy = verifying.actor.host.service / "healthy"
    baseline = verifying.baseline()
    verifying.restart()
    healthy.unlink()
    verifying.actor.clock.at_sleep = healthy.touch
    assert status(verifying.verify(baseline), "health web") == ("passed", True)


def test_what_was_sick_before_may_stay_sick_without_a_rollback(verifying: Verifying) -> None:
    (verifying.actor.host.service / "healthy").unlink()
    verification = seen(verifying)
    assert status(verification, "health web") == ("failed", False)
    assert (verification.finding, verification.calls_for_rollback) == ("failed", False)


def test_a_cleanup_is_judged_by_the_health_of_every_service(actor: Actor) -> None:
    case = case_of(actor.world, actor.world.playbooks["disk-cleanup"], "disk", "i1")
    assert actor.world.hands.probe(case) == {"web": True}
    (actor.host.service / "healthy").unlink()
    with pytest.raises(StepFailed, match="no longer healthy: web"):
        still_healthy(actor.world, case, {"web": True})
    still_healthy(actor.world, case, {"web": False})


def test_a_forecast_older_than_two_cycles_after_the_deed_proves_nothing(verifying: Verifying) -> None:
    verifying.actor.prometheus.drop(LAST_SUCCESS)
    verification = seen(verifying)
    assert status(verification, "prometheus") == ("unknown", False)
    assert (verification.finding, verification.confidence) == ("weak", 0.75)
    assert "Prometheus showed no two new cycles within the watch" in verification.sentence


def test_it_counts_what_it_saw_and_how_long_it_took(verifying: Verifying) -> None:
    (verifying.actor.host.service / "leaks").touch()
    (verifying.actor.host.service / "memory").write_text("921000")
    verification = seen(verifying)
    assert (verification.passed, verification.warned, verification.failed, verification.seconds) == (3, 1, 0, 10.0)
    assert (verification.finding, verification.confidence) == ("weak", 0.75)


def test_health_is_watched_until_prometheus_has_spoken_not_only_while_it_settles(verifying: Verifying) -> None:
    healthy, looks = verifying.actor.host.service / "healthy", iter(range(100))
    verification = seen(verifying, lambda: next(looks) == 4 and healthy.unlink())
    assert status(verification, "health web") == ("failed", True)


def test_a_service_that_dies_after_the_settle_window_fails(verifying: Verifying) -> None:
    down, looks = verifying.actor.host.service / "down", iter(range(100))
    verification = seen(verifying, lambda: next(looks) == 4 and down.touch())
    assert status(verification, "invocation") == ("failed", True)
    assert "did not stay up" in verification.sentence


def test_health_that_comes_only_after_the_settle_window_came_too_late(verifying: Verifying) -> None:
    baseline = verifying.baseline()
    verifying.restart()
    healthy, looks = verifying.actor.host.service / "healthy", iter(range(100))
    healthy.unlink()
    verifying.actor.clock.at_sleep = lambda: next(looks) == 3 and healthy.touch()
    assert status(verifying.verify(baseline), "health web") == ("failed", True)


def observed(verifying: Verifying, usage: float | None = 1.2) -> None:
    """Let the problem be seen, not forecast: past its limit, or without any."""
    verifying.actor.prometheus.drop(PROBABILITY)
    verifying.actor.prometheus.drop(USAGE)
    if usage is not None:
        verifying.actor.prometheus.put(USAGE, usage, **WEB._asdict())


@pytest.mark.parametrize("usage", [1.2, None])
def test_a_problem_that_was_seen_must_be_gone(verifying: Verifying, usage: float | None) -> None:
    observed(verifying, usage)
    verification = seen(verifying)
    assert status(verification, "prometheus") == ("failed", False)
    assert (verification.finding, verification.calls_for_rollback) == ("failed", False)
    assert verification.sentence == "memory_leak at web, which was seen before, is still there"


@pytest.mark.parametrize("usage", [1.2, None])
def test_a_problem_that_was_seen_and_is_gone_within_the_watch_is_verified(verifying: Verifying, usage: float | None) -> None:
    observed(verifying, usage)
    prometheus, looks = verifying.actor.prometheus, iter(range(100))

    def goes() -> None:
        if next(looks) == 10:
            prometheus.put(USAGE, 0.4, **WEB._asdict()) if usage else prometheus.forget(WEB)

    assert seen(verifying, goes).finding == "verified"


def test_what_was_forecast_tells_when_the_limit_is_expected_now_and_was_before(verifying: Verifying) -> None:
    prometheus, labels = verifying.actor.prometheus, WEB._asdict()
    prometheus.put("homeostat_usage_growth_ratio_per_second", 0.2 / DAY, **labels, bound="median")
    prometheus.put("homeostat_time_to_limit_seconds", 1.0 * DAY, **labels, bound="median")

    def begins_anew() -> None:
        prometheus.drop("homeostat_time_to_limit_seconds")
        prometheus.put(USAGE, 0.4, **labels)

    told = next(check.detail for check in seen(verifying, begins_anew).checks if check.name == "prometheus")
    assert told.endswith("went from 80% to 40% of its limit, which at the pace of before is expected in 3d, and before was expected in 1d")


def test_below_its_limit_again_is_gone_though_a_forecast_is_asserted_still(verifying: Verifying) -> None:
    observed(verifying)
    verification = seen(verifying, lambda: verifying.actor.prometheus.put(USAGE, 0.95, **WEB._asdict()))
    assert verification.finding == "verified"


def test_past_its_limit_is_seen_whatever_is_forecast_beside_it(verifying: Verifying) -> None:
    verifying.actor.prometheus.put(USAGE, 1.0, **WEB._asdict())
    assert verifying.baseline().observed is True
    verifying.actor.prometheus.put(USAGE, 0.99, **WEB._asdict())
    assert verifying.baseline().observed is False


def test_a_clock_set_forward_makes_no_cycles_pass(verifying: Verifying) -> None:
    began = verifying.actor.clock.monotonic()
    baseline = verifying.baseline()
    verifying.restart()
    jumps = iter([DAY])
    verifying.actor.clock.at_sleep = lambda: verifying.actor.clock.jump(next(jumps, 0.0))
    assert verifying.verify(baseline).finding == "verified"
    assert verifying.actor.clock.monotonic() - began == 2 * verifying.actor.config.exporter.cycle


def test_a_dead_service_is_measured_by_its_being_up(verifying: Verifying) -> None:
    down = verifying.actor.host.service / "down"
    down.touch()
    (verifying.actor.host.service / "memory").write_text("")
    key = WEB._replace(problem="service_down")
    verifying.actor.prometheus.put(PREDICTION, 1.0, **key._asdict())
    world, case, book = verifying.actor.world, verifying.case, verifying.book
    baseline = take_baseline(world, case, book, key)
    assert (baseline.measured, baseline.active, baseline.observed) == (0.0, False, True)
    verifying.restart()
    down.unlink()
    verifying.actor.clock.at_sleep = lambda: verifying.actor.prometheus.forget(key)
    assert verify(world, case, book, key, baseline).finding == "verified"
    down.touch()
    failed = verify(world, case, book, key, baseline)
    assert (failed.finding, failed.calls_for_rollback) == ("failed", False), "what was dead before is no reason to roll back"


def test_after_a_rollback_all_that_was_well_must_be_so_again(verifying: Verifying) -> None:
    world, healthy = verifying.actor.world, verifying.actor.host.service / "healthy"
    baseline = verifying.baseline()
    healthy.unlink()
    again = recovered(world, verifying.case, verifying.book, baseline)
    assert (again.finding, again.passed, again.failed, again.seconds) == ("failed", 1, 1, 2.0)
    verifying.actor.clock.at_sleep = healthy.touch
    assert recovered(world, verifying.case, verifying.book, baseline).finding == "verified"


def test_after_a_rollback_under_a_stop_it_is_looked_once(verifying: Verifying) -> None:
    baseline = verifying.baseline()
    (verifying.actor.host.service / "down").touch()
    verifying.actor.stop()
    again = recovered(verifying.actor.world, verifying.case, verifying.book, baseline)
    assert (again.finding, again.seconds) == ("failed", 0.0)


def test_a_baseline_without_prometheus_is_taken_all_the_same(verifying: Verifying) -> None:
    verifying.actor.prometheus.down = True
    assert verifying.baseline().usage is None


def test_a_stop_ends_the_watch(verifying: Verifying) -> None:
    with pytest.raises(StepFailed, match="stopped while verifying: by ada: enough"):
        seen(verifying, verifying.actor.stop)


def test_the_end_of_the_process_hands_the_watch_over(verifying: Verifying) -> None:
    with pytest.raises(HandedOver):
        seen(verifying, verifying.actor.world.ending.set)


def test_the_owners_settle_and_watch_take_the_playbooks_place(host: Host) -> None:
    patient = {"autonomy": {"actions": {"service-restart": {"settle": "90s"}}}}
    actor = Actor(host, **patient)
    began = actor.clock.monotonic()
    seen(Verifying(actor))
    assert actor.clock.monotonic() - began >= 90
    actor.journal.close()


def test_the_watch_is_long_enough_for_two_cycles_unless_the_owner_says_how_long(host: Host) -> None:
    for own, seconds in ((None, 650), ("60s", 60)):
        actor = Actor(host, exporter={"cycle": "5m", "scrape_interval": "25s"}, autonomy={"actions": {"service-restart": {"watch": own}}})
        verifying, began = Verifying(actor), actor.clock.monotonic()
        actor.prometheus.drop(LAST_SUCCESS)
        seen(verifying)
        assert seconds <= actor.clock.monotonic() - began < seconds + 90
        actor.journal.close()


CHECKS = {
    "passed": Check(name="a", status="passed", passed_before=True, detail="fine"),
    "warned": Check(name="b", status="warned", passed_before=False, detail="so so"),
    "failed": Check(name="c", status="failed", passed_before=False, detail="bad"),
    "lost": Check(name="c", status="failed", passed_before=True, detail="lost"),
}


@pytest.mark.parametrize(("names", "rollback"), [(["passed", "warned"], False), (["failed"], False), (["passed", "failed", "lost"], True)])
def test_only_what_was_well_before_calls_for_a_rollback(names: list[str], rollback: bool) -> None:
    verification = Verification(finding="failed", confidence=0.5, checks=tuple(CHECKS[name] for name in names))
    assert verification.calls_for_rollback is rollback


def test_the_sentence_names_the_worst() -> None:
    told = Verification(finding="failed", confidence=0.3, checks=(CHECKS["passed"], CHECKS["warned"], CHECKS["failed"]))
    assert told.sentence == "bad"


# Mostly all goes well but for one thing, or else one failure would hide the other.
NEVER_OR_AT = st.sampled_from([None] * 8 + [0, 1, 3, 5, 8])
SCENES = st.fixed_dictionaries(
    {
        "restarts": st.sampled_from([True] * 7 + [False]),
        "memory": st.sampled_from([100 * 1024] * 6 + [920_000, 950_000]),
        "dies_at": NEVER_OR_AT,
        "ill_at": NEVER_OR_AT,
        "usage": st.sampled_from([0.8, 0.99, 1.2, None]),
        "usage_after": st.sampled_from([0.3, 0.82, 0.95, 1.3, None]),
        "forecast": st.booleans(),
        "gone": st.booleans(),
        "prometheus": st.sampled_from(["answers"] * 8 + ["silent", "stale"]),
    }
)


@given(SCENES)
@settings(max_examples=40, deadline=None)
def test_success_needs_a_new_invocation_that_stays_health_that_holds_the_measure_and_prometheus(scene: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        actor = Actor(Host(pathlib.Path(folder)))
        verifying = Verifying(actor)
        prometheus, service, looks = actor.prometheus, actor.host.service, iter(range(1000))
        set_or_drop(prometheus, scene["usage"])
        if not scene["forecast"]:
            prometheus.drop(PROBABILITY)
        baseline = verifying.baseline()
        if scene["restarts"]:
            verifying.restart()
        (service / "memory").write_text(str(scene["memory"]))

        def happens() -> None:
            number = next(looks)
            if number == scene["dies_at"]:
                (service / "down").touch()
            if number == scene["ill_at"]:
                (service / "healthy").unlink()
            if number == 0:
                set_or_drop(prometheus, scene["usage_after"])
                prometheus.down = scene["prometheus"] == "silent"
                if scene["gone"]:
                    prometheus.forget(WEB)
                if scene["prometheus"] == "stale":
                    prometheus.drop(LAST_SUCCESS)

        actor.clock.at_sleep = happens
        finding = verifying.verify(baseline).finding
        # Two looks while it settles, at least four more until two cycles are over, and as many as the watch has where it is not gone.
        watched = 6 if scene["prometheus"] == "answers" and proves(scene) else 17
        held = all(scene[name] is None or scene[name] >= watched for name in ("dies_at", "ill_at"))
        helped = scene["memory"] == 100 * 1024
        assert (finding == "verified") == (scene["restarts"] and held and helped and scene["prometheus"] == "answers" and proves(scene))
        if finding == "verified":
            assert scene["usage_after"] is None or scene["usage_after"] < 1 or not observed_before(scene)
        actor.journal.close()


def observed_before(scene: dict[str, Any]) -> bool:
    return not scene["forecast"] or (scene["usage"] or 0) >= 1


def proves(scene: dict[str, Any]) -> bool:
    """Say whether what Prometheus shows after the deed proves that it helped."""
    before, after = scene["usage"], scene["usage_after"]
    if observed_before(scene):
        return after < 1 if after is not None else scene["gone"]
    return before is not None and after is not None and after <= before + 0.05


def set_or_drop(prometheus: FakePrometheus, usage: float | None) -> None:
    prometheus.drop(USAGE)
    if usage is not None:
        prometheus.put(USAGE, usage, **WEB._asdict())

"""The whole flow on a small real host, with fakes only for Prometheus and Alertmanager."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from actor import deeds
from actor.absorb import absorb
from actor.admission import admit
from actor.deeds import Hands
from actor.journal import Journal, JournalError, incidents, ledger, verdicts
from actor.model import Breaker, HandedOver
from actor.situation import GATES
from homeostat.alertmanager import Matcher
from homeostat.config import Duration
from homeostat.config.catalogue import CleanupRule
from tests.actor.playbooks import QUARANTINE_AND_PURGE, owned
from tests.support import DAY, DISK, HOUR, KIB, MINUTE, PREDICTION, USAGE, WEB, Actor, Host, configured, silence

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from actor.model import Case, Incident
    from actor.playbook import Playbook


def full(actor: Actor) -> list[pathlib.Path]:
    """Fill the disk with old logs."""
    return [actor.host.log(f"app.log.{number}", 60, age=DAY + number) for number in range(12)]


def clean(actor: Actor, decision: str = "auto-execute") -> Incident:
    full(actor)
    actor.decide(DISK, "disk-cleanup", decision)
    actor.turn()
    return actor.incident()


def restart(actor: Actor, decision: str = "auto-execute") -> Incident:
    actor.decide(WEB, "service-restart", decision)
    actor.turn()
    return actor.incident()


def ended(incident: Incident) -> tuple[str | None, str | None]:
    return incident.state, incident.outcome


class TestSuccess:
    def test_a_cleanup_frees_up_to_its_share_oldest_first_and_says_so(self, actor: Actor) -> None:
        incident = clean(actor)
        assert ended(incident) == (None, "succeeded")
        assert sorted(path.name for path in actor.host.logs.iterdir()) == sorted(f"app.log.{number}" for number in range(7))
        assert "filesystem-free-ratio went from 0.2969 to 0.5898" in incident.reason

    def test_its_story_is_told_phase_by_phase(self, actor: Actor) -> None:
        clean(actor)
        slices = ["execute", "check", "execute"] * 5
        assert actor.phases() == ["baseline", "plan", "protect", "recheck", *slices, "seal", "verify", "keep"]
        phases = incidents.phases_of(actor.journal, actor.incident().id)
        assert all(phase["finished_at"] is not None and phase["failure"] is None for phase in phases)

    def test_a_restart_happens_once_and_memory_falls(self, actor: Actor) -> None:
        incident = restart(actor)
        assert (ended(incident), actor.host.restarts()) == ((None, "succeeded"), 1)
        assert "runs as a new invocation and stayed up through the settle window" in incident.reason

    def test_every_gate_was_asked_and_recorded_before(self, actor: Actor) -> None:
        given = verdicts.given_on(actor.journal, restart(actor).id)
        assert len(given) == len(GATES)
        assert {verdict["answer"] for verdict in given} == {"allow"}

    def test_it_is_counted_learned_and_told(self, actor: Actor) -> None:
        restart(actor)
        assert actor.total("homeostat_actions_total", action="service-restart", outcome="succeeded") == 1
        assert actor.total("homeostat_action_duration_seconds_sum") == actor.clock.now() - actor.incident().acted_at
        assert ledger.record_of(actor.journal, "service-restart").successes == 1
        assert ledger.offset_of(actor.journal, "service-restart").value == 0.05
        assert [(alert.labels["alertname"], alert.labels["outcome"]) for alert in actor.alertmanager.posted] == [("HomeostatOutcome", "succeeded")]

    def test_a_repeat_in_the_same_episode_does_nothing_more(self, actor: Actor) -> None:
        restart(actor)
        actor.clock.advance(2 * DAY)
        restart(actor)
        assert actor.host.restarts() == 1

    def test_an_unanswering_alertmanager_does_not_undo_a_success(self, actor: Actor) -> None:
        actor.clock.at_sleep = lambda: setattr(actor.alertmanager, "down", True)
        assert ended(restart(actor)) == (None, "succeeded")


class TestWeakAndFailed:
    def test_a_little_freed_is_a_warning(self, actor: Actor) -> None:
        actor.host.log("a.log.1", 8)
        actor.decide(DISK, "disk-cleanup")
        actor.turn()
        assert ended(actor.incident()) == (None, "warned")

    def test_nothing_to_clean_is_a_failure_that_says_so(self, actor: Actor) -> None:
        actor.decide(DISK, "disk-cleanup")
        actor.turn()
        assert ended(actor.incident()) == (None, "failed")
        assert actor.incident().reason == "there was nothing to do: no step found anything within its rules"
        assert ledger.record_of(actor.journal, "disk-cleanup").trials == 1

    def test_memory_that_did_not_fall_is_a_warning_with_the_numbers(self, actor: Actor) -> None:
        (actor.host.service / "leaks").touch()
        incident = restart(actor)
        assert ended(incident) == (None, "warned")
        assert "service-memory-ratio went from 0.8789 to 0.8789" in incident.reason

    def test_memory_that_rose_is_a_failure_with_the_numbers(self, actor: Actor) -> None:
        actor.clock.at_sleep = lambda: (actor.host.service / "memory").write_text(str(950 * KIB)) and None
        incident = restart(actor)
        assert ended(incident) == (None, "failed")
        assert "service-memory-ratio went from 0.8789 to 0.9277" in incident.reason

    def test_a_restart_that_fails_is_a_failure(self, actor: Actor) -> None:
        (actor.host.service / "refuses").touch()
        incident = restart(actor)
        assert ended(incident) == (None, "failed")
        assert "exit 3: the service refuses" in incident.reason
        assert "nothing had to be put back" in incident.reason

    def test_a_service_whose_health_is_lost_is_no_success(self, actor: Actor) -> None:
        (actor.host.service / "falls-ill").touch()
        incident = restart(actor)
        assert incident.outcome == "failed"
        assert incident.reason.startswith("health of web did not hold")

    def test_what_was_sick_before_causes_no_rollback(self, actor: Actor) -> None:
        (actor.host.service / "healthy").unlink()
        restart(actor)
        assert "roll back" not in actor.phases()

    def test_a_forecast_target_that_prometheus_sees_worse_is_no_success(self, actor: Actor) -> None:
        actor.clock.at_sleep = lambda: actor.prometheus.put(USAGE, 0.99, **WEB._asdict())
        incident = restart(actor)
        assert (incident.outcome, incident.reason) == ("failed", "in Prometheus the use of web went from 80% to 99% of its limit")

    def test_a_target_that_prometheus_sees_no_worse_is_a_success_though_its_forecast_is_gone(self, actor: Actor) -> None:
        actor.clock.at_sleep = lambda: actor.prometheus.forget(WEB)
        incident = restart(actor)
        assert incident.outcome == "succeeded"
        assert "in Prometheus the use of web went from 80% to 80% of its limit" in incident.reason

    def test_without_prometheus_there_is_no_full_success(self, actor: Actor) -> None:
        actor.clock.at_sleep = lambda: actor.prometheus.drop(USAGE)
        incident = restart(actor)
        assert (incident.outcome, incident.reason) == ("warned", "Prometheus does not tell how far web is used")

    def test_a_prometheus_that_stops_answering_has_not_said_that_the_problem_is_gone(self, actor: Actor) -> None:
        actor.clock.at_sleep = lambda: actor.prometheus.broken.add(USAGE)
        restart(actor)
        (verification,) = [phase["result"] for phase in incidents.phases_of(actor.journal, actor.incident().id) if phase["phase"] == "verify"]
        (check,) = [check for check in verification["checks"] if check["name"] == "prometheus"]
        assert check["status"] == "unknown"

    def test_a_measure_that_cannot_be_taken_before_is_no_action(self, actor: Actor) -> None:
        (actor.host.service / "memory").write_text("unknown")
        assert restart(actor).outcome == "failed"
        assert actor.host.restarts() == 0

    def test_a_measure_that_cannot_be_taken_after_is_unverified(self, actor: Actor) -> None:
        actor.clock.at_sleep = lambda: (actor.host.service / "memory").write_text("unknown") and None
        assert restart(actor).outcome == "unverified"


@pytest.fixture
def careful(host: Host) -> Actor:
    return Actor(host, **owned(host, "set-aside"))


def set_aside(actor: Actor) -> Incident:
    full(actor)
    actor.decide(DISK, "set-aside")
    actor.turn()
    return actor.incident()


def contents(paths: list[pathlib.Path]) -> list[bytes]:
    return [path.read_bytes() for path in paths]


class TestRollback:
    def test_lost_health_brings_everything_back(self, careful: Actor) -> None:
        paths = full(careful)
        before = contents(paths)
        careful.clock.at_sleep = lambda: (careful.host.service / "healthy").unlink(missing_ok=True)
        careful.decide(DISK, "set-aside")
        careful.turn()
        assert ended(careful.incident()) == (None, "rolled_back")
        assert careful.incident().reason == "health of web did not hold; after the rollback too: health of web did not hold; 5 put back"
        assert contents(paths) == before
        assert not (careful.host.disk / ".homeostat-quarantine" / f"homeostat-disk-cleanup-{careful.incident().id}").exists()

    def test_a_place_that_was_taken_since_is_a_conflict_and_the_rest_goes_back(self, careful: Actor) -> None:
        def meanwhile() -> None:
            (careful.host.service / "healthy").unlink(missing_ok=True)
            (careful.host.logs / "app.log.11").write_text("by a person")

        careful.clock.at_sleep = meanwhile
        incident = set_aside(careful)
        assert incident.outcome == "rollback_conflict"
        assert incident.reason.endswith(f"4 put back, left as they are: {careful.host.logs}/app.log.11")
        assert (careful.host.logs / "app.log.11").read_text() == "by a person"

    def test_what_was_purged_cannot_come_back_and_the_outcome_says_so(self, actor: Actor) -> None:
        actor.clock.at_sleep = lambda: (actor.host.service / "healthy").unlink(missing_ok=True)
        incident = clean(actor)
        assert incident.outcome == "rollback_conflict"
        assert incident.reason.endswith(f"but this cannot be undone: delete slice 1 of what incident {incident.id} has quarantined")

    def test_health_lost_before_the_point_of_no_return_stops_the_purge_and_brings_all_back(self, host: Host) -> None:
        # The service needs one of the files that the rule calls old.
        needs = ["/usr/bin/test", "-e", str(host.logs / "app.log.11")]
        actor = Actor(host, **owned(host, "set-aside", steps=QUARANTINE_AND_PURGE), services={"web": {"health": needs}})
        paths = full(actor)
        actor.decide(DISK, "set-aside")
        actor.turn()
        assert actor.incident().reason == "no longer healthy: web; 1 put back"
        assert actor.incident().outcome == "rolled_back"
        assert all(path.exists() for path in paths)

    def test_a_rollback_that_breaks_strands_the_incident_and_pages(self, careful: Actor) -> None:
        def meanwhile() -> None:
            (careful.host.service / "healthy").unlink(missing_ok=True)
            shutil.rmtree(careful.host.logs, ignore_errors=True)

        careful.clock.at_sleep = meanwhile
        incident = set_aside(careful)
        assert incident.outcome == "stranded"
        assert "and the rollback failed: roll back broke: FileNotFoundError" in incident.reason
        assert careful.alertmanager.posted[-1].labels["severity"] == "critical"


class TestNotActing:
    def test_alert_only_is_recorded_and_nothing_is_asked(self, actor: Actor) -> None:
        incident = restart(actor, "alert-only")
        assert (ended(incident), actor.host.restarts()) == ((None, "alerted"), 0)
        assert verdicts.given_on(actor.journal, incident.id) == []

    def test_shadow_records_the_plan_and_does_nothing(self, host: Host) -> None:
        actor = Actor(host, autonomy={"mode": "shadow"})
        incident = clean(actor)
        assert ended(incident) == (None, "shadowed")
        assert "it would: quarantine 1 file of rule old-logs" in incident.reason
        assert f"delete slice 1 of what incident {incident.id} has quarantined; and so on in at most 5 slices until 629 kB are free" in incident.reason
        assert incident.reason.endswith("never to be undone once begun: purge-quarantine (it deletes only what a rule of the owner names)")
        assert len(list(host.logs.iterdir())) == 12
        assert actor.phases() == []

    def test_shadow_of_a_plan_that_finds_nothing_to_do_promises_no_undo(self, host: Host) -> None:
        actor = Actor(host, autonomy={"mode": "shadow"})
        for path in host.logs.iterdir():
            path.unlink()
        actor.decide(DISK, "disk-cleanup")
        actor.turn()
        assert ended(actor.incident()) == (None, "shadowed")
        assert actor.incident().reason.endswith("not acted; it would: nothing, as no step of it finds anything to do")

    def test_shadow_whose_plan_cannot_be_made_is_a_recorded_refusal(self, host: Host) -> None:
        actor = Actor(host, autonomy={"mode": "shadow"}, filesystems={"disk": {"size": None}})
        shutil.rmtree(host.disk)
        actor.decide(DISK, "disk-cleanup")
        actor.turn()
        assert ended(actor.incident()) == (None, "shadowed")
        assert "no plan can be made" in actor.incident().reason

    def test_an_unknown_target_is_refused_with_its_reason(self, actor: Actor) -> None:
        actor.decide(WEB._replace(target="db"), "service-restart")
        actor.turn()
        assert (actor.incident().outcome, actor.incident().reason) == ("refused", "known: 'db' is not in the catalogue of services")
        assert actor.total("homeostat_gate_refusals_total", gate="known") == 1

    def test_a_refusal_is_asked_again_and_acts_when_the_reason_is_gone(self, actor: Actor) -> None:
        actor.alertmanager.active = [silence(Matcher("target", "web"))]
        incident = restart(actor)
        assert incident.reason == "silenced: silenced by ada until 2026-01-02T00:00:00Z: maintenance"
        actor.turn()
        assert actor.host.restarts() == 0
        actor.alertmanager.active = []
        actor.clock.advance(61)
        actor.turn()
        assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 1)

    @pytest.mark.parametrize("down", ["prometheus", "alertmanager"])
    def test_an_unanswered_question_is_a_no(self, actor: Actor, down: str) -> None:
        actor.prometheus.decide(WEB, "service-restart", "auto-execute", 0.95)
        getattr(actor, down).down = True
        assert (restart(actor).outcome, actor.host.restarts()) == ("refused", 0)

    def test_a_problem_that_is_gone_by_now_is_refused(self, actor: Actor) -> None:
        actor.decide(WEB, "service-restart")
        actor.prometheus.forget(WEB)
        actor.turn()
        assert actor.incident().reason.startswith("firing: Prometheus no longer decides anything here")

    def test_the_stop_refuses_until_it_is_lifted(self, actor: Actor) -> None:
        actor.stop()
        assert restart(actor).reason == "stopped: stopped: by ada: enough"
        actor.world.stop.path.unlink()
        actor.clock.advance(61)
        actor.turn()
        assert actor.host.restarts() == 1

    def test_an_open_breaker_refuses(self, actor: Actor) -> None:
        with actor.journal.transaction() as db:
            ledger.put_breaker(db, Breaker(scope="global", failures=3, open_until=actor.clock.now() + HOUR, openings=1))
        assert restart(actor).reason.startswith("breaker: the breaker global is open until 2023-11-14T23:13:20Z")

    def test_a_problem_that_many_hosts_have_at_once_is_left_alone_and_people_are_told_of_it(self, actor: Actor) -> None:
        for number in range(2):
            actor.prometheus.put(PREDICTION, 0.9, **WEB._replace(host=f"other{number}")._asdict())
        incident = restart(actor)
        assert (incident.outcome, actor.host.restarts()) == ("refused", 0)
        assert incident.reason == "correlated: memory_leak is on many hosts at once: none is acted on, a person must look"
        assert actor.alertmanager.names() == ["HomeostatWithheld"]

    def test_a_budget_is_taken_only_when_every_gate_agreed(self, actor: Actor) -> None:
        actor.stop()
        restart(actor)
        assert ledger.executions(actor.journal, 0.0) == ()


class TestDeferral:
    def test_a_cooldown_defers_and_it_acts_when_that_is_over(self, actor: Actor) -> None:
        restart(actor)
        with actor.journal.transaction() as db:
            incidents.end_episode(db, actor.incident(), actor.clock.now())
        actor.clock.advance(10)
        incident = restart(actor)
        assert ended(incident) == ("deferred", None)
        assert incident.reason.startswith("cooldown: service-restart ran here and rests until")
        actor.clock.advance(HOUR)
        (actor.host.service / "memory").write_text(str(900 * KIB))
        actor.prometheus.decide(WEB, "service-restart", "auto-execute", 0.95)
        actor.hear({**incident.labels})
        actor.turn()
        assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 2)

    def test_another_run_defers_for_seconds(self, actor: Actor) -> None:
        actor.decide(WEB, "service-restart")
        actor.turn()
        with actor.journal.transaction() as db:
            db.execute("UPDATE executions SET ended_at = NULL")
        incident = clean(actor)
        assert (incident.state, incident.reason) == ("deferred", "concurrency: service-restart on web is running")
        assert incident.wake_at == actor.clock.now() + 5


class TestAnnouncement:
    def test_notify_execute_announces_then_acts_after_the_grace(self, actor: Actor) -> None:
        incident = restart(actor, "notify-execute")
        assert (incident.state, incident.wake_at, actor.host.restarts()) == ("announced", actor.clock.now() + 600, 0)
        (posted,) = actor.alertmanager.posted
        assert posted.labels["alertname"] == "HomeostatAnnouncement"
        actor.clock.advance(599)
        actor.turn()
        assert actor.host.restarts() == 0
        actor.clock.advance(2)
        actor.turn()
        assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 1)
        assert actor.alertmanager.names() == ["HomeostatAnnouncement", "HomeostatOutcome"]

    @pytest.mark.parametrize("no", ["shadow", "refuse"])
    def test_what_was_announced_before_a_no_that_lasted_is_announced_again(self, actor: Actor, no: str) -> None:
        restart(actor, "notify-execute")
        active = actor.world.config
        if no == "shadow":
            actor.world.config = configured(actor.host.settings(), autonomy={"mode": "shadow"})
        else:
            actor.stop()
        actor.clock.advance(601)
        actor.turn()
        assert actor.incident().outcome == {"shadow": "shadowed", "refuse": "refused"}[no]
        actor.world.config = active
        actor.world.stop.path.unlink(missing_ok=True)
        with actor.journal.transaction() as db:
            incidents.wake_undecided(db, actor.clock.now())
        actor.turn()
        assert (actor.incident().state, actor.host.restarts()) == ("announced", 0)

    def test_gates_are_asked_again_after_the_grace(self, actor: Actor) -> None:
        restart(actor, "notify-execute")
        actor.alertmanager.active = [silence(Matcher("target", "web"))]
        actor.clock.advance(601)
        actor.turn()
        assert (actor.incident().outcome, actor.host.restarts()) == ("refused", 0)

    def test_when_nobody_can_be_told_nothing_is_done(self, actor: Actor) -> None:
        actor.alertmanager.post = lambda alerts: actor.alertmanager._answer()
        real = actor.alertmanager.every_silence

        def every_silence() -> list[object]:
            found = real()
            actor.alertmanager.down = True
            return found

        actor.alertmanager.every_silence = every_silence
        incident = restart(actor, "notify-execute")
        assert (incident.state, incident.reason) == ("deferred", "nobody could be told before")
        assert actor.host.restarts() == 0


class TestProposal:
    def test_a_proposal_stores_the_exact_plan_and_tells_people(self, actor: Actor) -> None:
        incident = restart(actor, "propose")
        assert (incident.state, incident.reason) == ("proposed", "confirmation: the decision is propose")
        stored = incidents.proposal_of(actor.journal, incident.id)
        assert stored is not None
        assert stored["plan"]["commands"][0]["arguments"]["argv"] == [str(actor.host.control), "restart"]
        assert actor.alertmanager.names() == ["HomeostatProposal"]
        assert actor.host.restarts() == 0

    def test_a_service_without_auto_restart_is_proposed_even_when_it_would_execute(self, host: Host) -> None:
        actor = Actor(host, services={"web": {"auto_restart": False}})
        assert restart(actor).reason == "confirmation: service web has auto_restart: false"
        assert actor.host.restarts() == 0

    def test_nobody_answered_is_expired_and_stays_so(self, actor: Actor) -> None:
        restart(actor, "propose")
        actor.clock.advance(7 * DAY + 1)
        actor.turn()
        assert ended(actor.incident()) == (None, "expired")
        actor.clock.advance(DAY)
        actor.turn()
        assert actor.host.restarts() == 0
        assert actor.total("homeostat_actions_total", outcome="expired") == 1

    def test_a_repeat_does_not_propose_twice(self, actor: Actor) -> None:
        restart(actor, "propose")
        restart(actor, "propose")
        assert actor.alertmanager.names() == ["HomeostatProposal"]

    def test_a_stronger_decision_supersedes_it_and_acts(self, actor: Actor) -> None:
        first = restart(actor, "propose")
        actor.clock.advance(MINUTE)
        incident = restart(actor, "auto-execute")
        assert (incident.id, incident.outcome, actor.host.restarts()) == (first.id, "succeeded", 1)
        assert incidents.proposal_of(actor.journal, incident.id) is None


def between(actor: Actor, happens: Callable[[], object]) -> Hands:
    """Return hands in whose protecting something else happens to the world."""

    def protect(case: Case, playbook: Playbook) -> dict[str, Any]:
        record = deeds.protect(case, playbook)
        happens()
        return record

    return dataclasses.replace(Hands(), protect=protect)


def reloaded(actor: Actor, **changes: Any) -> None:
    actor.world.config = msgspec.structs.replace(actor.world.config, **changes)


HAPPENS: dict[str, tuple[Callable[[Actor], object], str]] = {
    "a stop": (lambda actor: actor.stop(), "stopped: stopped: by ada: enough"),
    "a silence": (lambda actor: actor.alertmanager.active.append(silence(Matcher("target", "disk"))), "silenced: silenced by ada"),
    "no Alertmanager": (lambda actor: setattr(actor.alertmanager, "down", True), "silenced: Alertmanager does not say"),
    "the problem goes": (lambda actor: actor.prometheus.forget(DISK), "firing: Prometheus no longer decides anything here"),
    "no Prometheus": (lambda actor: setattr(actor.prometheus, "down", True), "firing: Prometheus does not say"),
    "doubt": (lambda actor: actor.prometheus.decide(DISK, "disk-cleanup", "auto-execute", 0.7), "confidence: the confidence is now no longer above"),
    "a reload without the target": (lambda actor: reloaded(actor, filesystems={}), "known: 'disk' is not in the catalogue of filesystems"),
    "a reload with a rule over our own state": (
        lambda actor: reloaded(actor, cleanup={"own": CleanupRule(directory=actor.config.actor.state_directory, pattern="*.log", older_than=Duration(60))}),
        "protected: cleanup rule 'own' covers the actor's own state",
    ),
    "time": (lambda actor: actor.clock.advance(16 * MINUTE), "age: last heard of at"),
}


class TestRecheck:
    @pytest.mark.parametrize("what", HAPPENS)
    def test_a_no_just_before_the_first_effect_leaves_everything_as_it_was(self, actor: Actor, what: str) -> None:
        happens, reason = HAPPENS[what]
        paths = full(actor)
        before = contents(paths)
        actor.world.hands = between(actor, lambda: happens(actor))
        actor.decide(DISK, "disk-cleanup")
        actor.turn()
        assert actor.incident().outcome == "refused"
        assert actor.incident().reason.startswith(reason)
        assert contents(paths) == before
        assert "execute" not in actor.phases()
        assert not list((actor.host.disk / ".homeostat-quarantine").glob("*"))

    def test_it_counts_as_no_failure_and_gives_its_budget_back(self, actor: Actor) -> None:
        actor.world.hands = between(actor, actor.stop)
        incident = clean(actor)
        assert ledger.executions(actor.journal, 0.0) == ()
        assert ledger.record_of(actor.journal, "disk-cleanup").trials == 0
        assert ledger.breakers(actor.journal) == ()
        assert incident.acted_at is None
        assert actor.total("homeostat_gate_refusals_total", gate="stopped") == 1

    def test_it_acts_when_the_reason_is_gone(self, actor: Actor) -> None:
        actor.world.hands = between(actor, actor.stop)
        clean(actor)
        actor.world.stop.path.unlink()
        actor.world.hands = Hands()
        actor.clock.advance(61)
        actor.turn()
        assert actor.incident().outcome == "succeeded"

    def test_a_window_that_closes_meanwhile_defers(self, host: Host) -> None:
        # The clock starts at 22:13:20.
        actor = Actor(host, windows=[{"times": [{"start_time": "22:00", "end_time": "22:20"}]}])
        actor.world.hands = between(actor, lambda: actor.clock.advance(7 * MINUTE))
        incident = clean(actor)
        assert ended(incident) == ("deferred", None)
        assert incident.reason == "window: no maintenance window is open; the next opens at 2023-11-15T22:00:00Z"
        assert ledger.executions(actor.journal, 0.0) == ()

    def test_a_plan_that_is_riskier_than_its_playbook_becomes_a_proposal(self, actor: Actor) -> None:
        actor.world.hands = dataclasses.replace(Hands(), plan=lambda *about: msgspec.structs.replace(deeds.plan(*about), risk="medium"))
        incident = clean(actor)
        assert ended(incident) == ("proposed", None)
        assert incident.reason == "confirmation: a step of the plan is riskier than its playbook"
        assert len(list(actor.host.logs.iterdir())) == 12


class TestStopInTheMiddle:
    def test_a_stop_before_the_deed_leaves_it_undone(self, actor: Actor) -> None:
        paths = full(actor)
        real = actor.world.stop.reason
        asked: list[int] = []

        def reason() -> str | None:
            asked.append(1)
            return "by ada: enough" if len(asked) > 1 else real()

        actor.world.stop.reason = reason
        actor.decide(DISK, "disk-cleanup")
        actor.turn()
        assert (actor.incident().outcome, actor.incident().reason) == ("refused", "stopped: stopped: by ada: enough")
        assert all(path.exists() for path in paths)

    def test_a_stop_while_verifying_brings_everything_back(self, careful: Actor) -> None:
        paths = full(careful)
        careful.clock.at_sleep = careful.stop
        careful.decide(DISK, "set-aside")
        careful.turn()
        assert careful.incident().reason == "stopped while verifying: by ada: enough; 5 put back"
        assert careful.incident().outcome == "rolled_back"
        assert all(path.exists() for path in paths)

    def test_a_process_that_ends_hands_over_and_leaves_no_outcome(self, actor: Actor) -> None:
        actor.clock.at_sleep = actor.world.ending.set
        actor.decide(WEB, "service-restart")
        with pytest.raises(HandedOver):
            actor.turn()
        assert ended(actor.incident()) == ("running", None)


class TestFailingJournal:
    @pytest.mark.parametrize("number", range(34))
    def test_a_journal_that_fails_in_the_middle_stops_there_and_recovers_when_it_can_be_written(
        self, careful: Actor, number: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paths = full(careful)
        careful.decide(DISK, "set-aside")
        writes = iter(range(1000))
        real = Journal.transaction

        def failing(journal: Journal) -> object:
            if next(writes) == number:
                raise JournalError("journal.db: not written: database or disk is full")
            return real(journal)

        with monkeypatch.context() as patch:
            patch.setattr(Journal, "transaction", failing)
            for _ in range(3):
                try:
                    careful.turn()
                except JournalError:
                    careful.clock.advance(1)
        careful.clock.advance(61)
        careful.turn()
        incident = careful.incident()
        assert incident.state is None
        assert (incident.outcome == "succeeded") == (sum(path.exists() for path in paths) == 7)
        assert sum(1 for phase in careful.phases() if phase == "execute") <= 2 * 5
        assert ledger.record_of(careful.journal, "set-aside").trials <= 1


class TestConcurrency:
    def test_two_incidents_admitted_at_once_never_run_at_once(self, actor: Actor) -> None:
        full(actor)
        actor.decide(WEB, "service-restart")
        actor.decide(DISK, "disk-cleanup")
        absorb(actor.world)
        ids = [incident.id for incident in incidents.due(actor.journal, actor.clock.now())]
        admitted: list[object] = []
        threads = [threading.Thread(target=lambda incident_id=incident_id: admitted.append(admit(actor.world, incident_id))) for incident_id in ids * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ids) == 2
        assert sum(work is not None for work in admitted) == 1

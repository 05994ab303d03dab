"""A selftest's run goes the way of every other, and leaves no trace in what speaks of real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import incidents, ledger, selftests, trials, undo_records, verdicts
from actor.learn import RECORD_OF_READS, record_with_import
from actor.loop import Loop
from actor.metrics import Collector
from actor.model import Breaker, EpisodeKey, HandedOver, Spread
from actor.playbook import load_playbooks
from actor.reconcile import reconcile
from actor.selftest import is_due, keep, standing
from actor.selftest import test_daily as run_daily
from actor.service import Service
from actor.situation import GATES, agenda_of
from homeostat.alertmanager import Alert
from homeostat.config import ConfigError
from homeostat.selftest import Report, Step
from homeostat.words import SELFTEST
from tests.actor.gates.situations import NOW, config, run, situation, surroundings
from tests.actor.gates.situations import incident as about
from tests.httpd import Asked, Reply, serving
from tests.support import DAY, HOST, HOUR, MINUTE, WEB, Actor, Host, labels_of, playbook

if TYPE_CHECKING:
    import pathlib

    from actor.model import Incident, Verdict

DRILL = EpisodeKey(HOST, SELFTEST, SELFTEST, SELFTEST)


def drill(actor: Actor, decision: str = "auto-execute") -> Incident:
    actor.decide(DRILL, SELFTEST, decision, 0.99)
    actor.turn()
    return actor.incident()


def test_every_gate_is_asked_and_every_phase_gone_through(actor: Actor) -> None:
    ended = drill(actor)
    assert ended.outcome == "succeeded", ended.reason
    assert len(verdicts.given_on(actor.journal, ended.id)) == len(GATES)
    assert actor.phases() == ["baseline", "plan", "protect", "recheck", "execute", "seal", "verify", "keep"]
    assert "uptime-seconds went from" in ended.reason


def test_a_step_that_does_not_end_well_is_a_failure(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actor.steps.no_op.ARGV", ("/bin/false",))
    assert drill(actor).outcome == "failed"


def test_it_counts_in_no_total_teaches_nothing_and_tells_nobody(actor: Actor) -> None:
    drill(actor)
    for name in ("homeostat_actions_total", "homeostat_action_duration_seconds_sum", "homeostat_decision_confidence_ratio_sum"):
        assert actor.total(name) == 0
    assert trials.latest(actor.journal) == []
    assert ledger.records(actor.journal) == []
    assert ledger.offset_of(actor.journal, SELFTEST).value == 0
    assert actor.alertmanager.posted == []


def test_its_failures_open_no_breaker(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actor.steps.no_op.ARGV", ("/bin/false",))
    drill(actor)
    assert ledger.breakers(actor.journal) == ()


def test_a_proposal_of_it_is_no_call_for_a_person_and_goes_with_it(actor: Actor) -> None:
    assert drill(actor, "propose").state == "proposed"
    assert incidents.waiting_proposals(actor.journal) == []
    actor.prometheus.forget(DRILL)
    for _ in range(6):
        actor.clock.advance(6)
        reconcile(actor.world)
    assert actor.incident().outcome == "cleared"
    assert actor.incident().episode_ended_at is not None
    assert actor.alertmanager.posted == []
    for name in ("homeostat_resolution_seconds_bucket", "homeostat_actions_total", "homeostat_gate_refusals_total"):
        assert actor.total(name) == 0


def test_it_is_no_errand_of_this_host(actor: Actor) -> None:
    drill(actor, "propose")
    assert agenda_of(actor.world).errands == ()


def test_the_last_thing_to_undo_is_what_was_really_done(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    real = actor.incident()
    actor.clock.advance(MINUTE)
    drill(actor)
    last = undo_records.last(actor.journal)
    assert last is not None
    assert last.incident_id == real.id
    assert undo_records.last(actor.journal, actor.incident().id) is not None


def test_its_record_lets_it_through_at_every_level_and_flatters_nobody(actor: Actor) -> None:
    assert record_with_import(actor.journal, actor.config, actor.world.playbooks[SELFTEST]) == RECORD_OF_READS
    assert record_with_import(actor.journal, actor.config, actor.world.playbooks["service-restart"]) == (0, 0)


def test_a_spent_budget_keeps_it_from_nothing_and_it_spends_none(actor: Actor) -> None:
    few = config(autonomy={"max_actions_per_day": 1})
    real, own = run(NOW - 600, NOW - 590, action="disk-cleanup", target="disk"), run(NOW - 600, NOW - 590, action=SELFTEST, target=SELFTEST, action_class="read")
    assert _asked("budget", settings=few, executions=(real,)).answer == "allow"
    assert GATES["budget"].ask(situation(settings=few, executions=(own,))).answer == "allow"
    assert GATES["budget"].ask(situation(settings=few, executions=(real,))).answer == "defer"


def test_the_blast_radius_neither_holds_it_back_nor_counts_it(actor: Actor) -> None:
    few = config(limits={"blast_radius": {"of_few": 1}})
    own = tuple(run(NOW - 600 * number, NOW - 600 * number + 1, action=SELFTEST, target=SELFTEST, action_class="read") for number in range(1, 5))
    assert _asked("blast-radius", settings=few, executions=own).answer == "allow"
    assert GATES["blast-radius"].ask(situation(settings=few, executions=own)).answer == "allow"
    real = run(NOW - 600, NOW - 590, target="db")
    assert GATES["blast-radius"].ask(situation(settings=few, executions=(real,))).answer == "defer"


def test_an_open_breaker_does_not_hold_it_back_and_it_is_no_breakers_probe(actor: Actor) -> None:
    tripped = Breaker(scope="global", failures=3, open_until=NOW + MINUTE, openings=1)
    assert _asked("breaker", breakers=(tripped,)).answer == "allow"
    half_open = Breaker(scope="global", failures=3, open_until=actor.clock.now() - 1, openings=1)
    with actor.journal.transaction() as db:
        ledger.put_breaker(db, half_open)
    assert drill(actor).outcome == "succeeded"
    assert ledger.breakers(actor.journal) == (half_open,)


def test_many_hosts_may_test_themselves_at_once(actor: Actor) -> None:
    everywhere = Spread(sick=frozenset((name, SELFTEST) for name in "abc"), hosts=frozenset("abc"))
    assert _asked("correlated", surroundings=surroundings(spread=everywhere)).answer == "allow"
    assert GATES["correlated"].ask(situation(surroundings=surroundings(spread=everywhere))).answer == "refuse"


def _asked(gate: str, **changes: object) -> Verdict:
    return GATES[gate].ask(situation(about(DRILL, action=SELFTEST), playbook=playbook(SELFTEST), **changes))


@pytest.mark.parametrize("target", ["disk", "web", "selftes", ""])
def test_it_may_act_on_its_own_target_and_on_no_other(target: str) -> None:
    asked = situation(about(DRILL, action=SELFTEST, target=target), playbook=playbook(SELFTEST))
    assert GATES["known"].ask(asked).answer == "refuse"
    assert _asked("known").answer == "allow"


def test_an_owners_playbook_that_does_something_cannot_call_itself_a_read(host: Host, tmp_path: pathlib.Path) -> None:
    text = "name: sly\nanswers: [memory_leak]\nacts_on: service\naction_class: read\nrisk: low\nimpact_certainty: 1\nprotection: none\nloss: reads-only\n"
    (tmp_path / "sly.yml").write_text(f"{text}estimate: 1m\ndeadline: 1m\nsteps: [{{restart-service: {{}}}}]\nverify: {{settle: 1s, measure: uptime-seconds, success: '> 0', warn: '> 0'}}\n")
    with pytest.raises(ConfigError, match="step restart-service does more"):
        load_playbooks(str(tmp_path))


def test_an_episode_of_a_real_problem_still_outlasts_a_quiet_moment(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    actor.prometheus.forget(WEB)
    for _ in range(3):
        actor.clock.advance(6)
        reconcile(actor.world)
    assert incidents.of_open_episode(actor.journal, WEB) is not None


class TestOnceADay:
    def ended(self, actor: Actor, verdict: str = "passed", failed_at: str = "") -> Report:
        steps = (Step(hop="actor", seconds=0.5, words="ready"),)
        return Report(verdict=verdict, words="so it was", failed_at=failed_at, ended_at=actor.clock.now(), steps=steps)  # type: ignore[arg-type]

    def test_not_in_the_first_minutes_of_a_process_then_at_once(self, actor: Actor) -> None:
        began = actor.clock.monotonic()
        assert not is_due(actor.world, began)
        actor.clock.advance(10 * MINUTE)
        assert is_due(actor.world, began)

    def test_a_restart_neither_repeats_nor_skips_one(self, actor: Actor) -> None:
        keep(actor.world, self.ended(actor))
        actor.clock.advance(HOUR)
        again = actor.restarted()
        assert not is_due(again.world, actor.clock.monotonic() - HOUR)
        actor.clock.advance(DAY - HOUR)
        assert is_due(again.world, actor.clock.monotonic() - HOUR)
        again.journal.close()

    def test_one_that_failed_is_not_repeated_before_its_time_and_one_that_never_began_is(self, actor: Actor) -> None:
        actor.clock.advance(HOUR)
        keep(actor.world, self.ended(actor, "busy"))
        assert is_due(actor.world, 1000.0)
        keep(actor.world, self.ended(actor, "failed", "alert"))
        assert not is_due(actor.world, 1000.0)

    def test_a_clock_that_was_wrong_does_not_put_it_off_for_ever(self, actor: Actor) -> None:
        actor.clock.advance(HOUR)
        keep(actor.world, self.ended(actor))
        actor.clock.jump(-300 * DAY)
        assert is_due(actor.world, 1000.0)

    def test_what_is_due_is_run_and_kept(self, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("homeostat.selftest.run", lambda *_: self.ended(actor))
        service = Service(actor.world, (), ("operator",))
        actor.clock.advance(HOUR)
        run_daily(service, 1000.0)
        assert selftests.last_proof(actor.journal) == actor.clock.now()

    def test_it_ends_with_the_process(self, actor: Actor) -> None:
        actor.world.ending.set()
        actor.clock.advance(HOUR)
        with pytest.raises(HandedOver):
            run_daily(Service(actor.world, (), ()), 1000.0)
        assert selftests.last(actor.journal) is None

    def test_the_operators_token_is_not_told_to_whoever_listens_on_loopback_in_the_exporters_place(self, host: Host) -> None:
        def answer(asked: Asked) -> Reply:
            del asked
            actor.world.ending.set()
            return Reply({"forecasts": []}, 503)

        with serving(answer) as site:
            actor = Actor(host, exporter={"url": site.url})
            actor.world.ready.set()
            actor.clock.advance(HOUR)
            with pytest.raises(HandedOver):
                run_daily(Service(actor.world, (), ("operator",)), 1000.0)
            assert site.asked
            assert not any("Authorization" in asked.headers for asked in site.asked)
        actor.journal.close()

    def test_a_proof_of_a_clock_that_ran_ahead_hides_no_later_one(self, actor: Actor) -> None:
        keep(actor.world, self.ended(actor))
        actor.clock.jump(-DAY)
        keep(actor.world, self.ended(actor))
        assert selftests.last_proof(actor.journal) == actor.clock.now()

    def test_metrics_say_when_it_last_came_through_and_where_it_failed_since(self, actor: Actor) -> None:
        assert self.metrics(actor) == {"last_success_timestamp_seconds": 0, "last_run_timestamp_seconds": 0}
        keep(actor.world, self.ended(actor, "held"))
        proved = actor.clock.now()
        actor.clock.advance(HOUR)
        keep(actor.world, self.ended(actor, "muted"))
        assert self.metrics(actor)["last_success_timestamp_seconds"] == proved
        keep(actor.world, self.ended(actor, "failed", "alert"))
        assert self.metrics(actor) == {
            "last_success_timestamp_seconds": proved, "last_run_timestamp_seconds": proved + HOUR, "failed alert": 1, "duration_seconds actor": 0.5,
        }  # fmt: skip

    def test_one_that_was_muted_since_does_not_say_that_the_chain_is_whole_again(self, actor: Actor) -> None:
        keep(actor.world, self.ended(actor, "failed", "alert"))
        keep(actor.world, self.ended(actor, "muted"))
        assert self.metrics(actor)["failed alert"] == 1
        keep(actor.world, self.ended(actor, "held"))
        assert "failed alert" not in self.metrics(actor)

    def metrics(self, actor: Actor) -> dict[str, float]:
        """Return the selftest's metrics that are not zero, or have no hop."""
        service = Service(actor.world, (), ())
        families = [family for family in Collector(service, Loop(service)).collect() if family.name.startswith("homeostat_selftest_")]
        samples = [sample for family in families for sample in family.samples if sample.value or "hop" not in sample.labels]
        return {" ".join([sample.name.removeprefix("homeostat_selftest_"), sample.labels.get("hop", "")]).strip(): sample.value for sample in samples}

    def test_the_last_proof_is_remembered_however_many_came_after_it(self, actor: Actor) -> None:
        keep(actor.world, self.ended(actor))
        proved = actor.clock.now()
        for _ in range(60):
            actor.clock.advance(DAY)
            keep(actor.world, self.ended(actor, "failed", "alert"))
        assert selftests.last_proof(actor.journal) == proved
        assert len(actor.journal.rows("SELECT id FROM selftests")) == 51


def test_the_actor_tells_how_its_newest_selftest_stands(actor: Actor) -> None:
    service = Service(actor.world, (), ())
    assert standing(service).incident == ""
    drill(actor)
    now = standing(service)
    assert (now.incident, now.open, now.outcome, now.gate, now.gates_asked) == (actor.incident().id, True, "succeeded", "", len(GATES))
    assert now.sources == ("webhook",)
    assert {"execute", "verify"} <= set(now.phases)


def test_it_tells_which_gate_held_a_selftest_back_and_who_heard_of_it(host: Host) -> None:
    actor = Actor(host, autonomy={"mode": "shadow"})
    actor.prometheus.decide(DRILL, SELFTEST, "auto-execute", 0.99)
    actor.alertmanager.firing = [Alert("f1", labels_of(DRILL, SELFTEST, "auto-execute"), {"confidence": "0.99"}, "", "")]
    reconcile(actor.world)
    actor.turn()
    now = standing(Service(actor.world, (), ()))
    assert (now.outcome, now.gate, now.sources) == ("shadowed", "stopped", ("reconcile",))
    actor.journal.close()

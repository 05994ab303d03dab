"""What the next process makes of what a killed one left; `tests/crash` kills a real one everywhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from actor.journal import incidents, ledger
from actor.recovery import recover
from tests.actor.playbooks import QUARANTINE_AND_PURGE, owned
from tests.crash import Killed
from tests.support import DISK, WEB, Actor, Host

if TYPE_CHECKING:

    from actor.model import Incident


def killed_while(actor: Actor, phase: str, *, intended: bool = True) -> Incident:
    """Let the process die just after the intent of a phase was committed, or just before."""
    real = incidents.intend

    def intend(*values: object) -> int:
        if values[2] == phase and not intended:
            raise Killed(phase)
        number = real(*values)
        if values[2] == phase:
            raise Killed(phase)
        return number

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(incidents, "intend", intend)
        with pytest.raises(Killed):
            actor.turn()
    return actor.incident()


@pytest.mark.parametrize("phase", ["baseline", "plan", "protect"])
def test_without_any_effect_every_gate_is_asked_once_more_and_it_acts(actor: Actor, phase: str) -> None:
    actor.decide(WEB, "service-restart")
    killed_while(actor, phase)
    actor = actor.restarted()
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 1)
    assert len(ledger.executions(actor.journal, 0.0)) == 1


def test_without_any_effect_but_with_a_gate_that_says_no_by_now_it_does_not_act(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    killed_while(actor, "plan")
    actor = actor.restarted()
    actor.prometheus.forget(WEB)
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("refused", 0)


def test_it_is_recovered_as_it_is_on_disk_and_not_as_it_was_when_its_turn_was_noted(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    stale = msgspec.structs.replace(killed_while(actor, "seal"), action="disk-cleanup", target="disk")
    recover(actor.world, stale)
    assert actor.incident().outcome == "succeeded"
    assert ledger.record_at(actor.journal, "service-restart", "web").successes == 1


def test_interrupted_twice_before_any_effect_it_is_not_tried_a_third_time(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    for _ in range(2):
        killed_while(actor, "plan")
        actor = actor.restarted()
    actor.turn()
    assert actor.incident().outcome == "interrupted"
    assert actor.incident().reason == "interrupted twice before it had any effect; not tried again"
    assert actor.host.restarts() == 0


def test_a_restart_that_took_effect_is_verified_and_not_repeated(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    killed_while(actor, "seal")
    actor = actor.restarted()
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 1)
    assert actor.phases()[-3:] == ["recover", "verify", "keep"]


def test_a_command_that_had_failed_is_not_taken_for_done(actor: Actor) -> None:
    (actor.host.service / "refuses").touch()
    actor.decide(WEB, "service-restart")
    killed_while(actor, "roll back", intended=False)
    (actor.host.service / "memory").write_text("1000")
    actor = actor.restarted()
    actor.turn()
    assert actor.incident().outcome == "failed"
    assert "interrupted after: the restart failed" in actor.incident().reason
    assert "verify" not in actor.phases()


def test_a_retry_that_is_interrupted_half_way_is_rolled_back_and_not_mistaken_for_the_first_attempt(host: Host) -> None:
    actor = Actor(host, **owned(host, "set-aside", QUARANTINE_AND_PURGE))
    paths = [host.log(f"app.log.{number}", 16) for number in range(3)]
    actor.decide(DISK, "set-aside")
    killed_while(actor, "execute")
    actor = actor.restarted()
    killed_while(actor, "check")
    actor = actor.restarted()
    actor.turn()
    assert actor.incident().outcome == "rolled_back"
    assert all(path.exists() for path in paths)


def test_what_is_no_longer_configured_is_interrupted_with_that_reason(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    killed_while(actor, "execute")
    actor = actor.restarted()
    actor.world.playbooks = {}
    actor.turn()
    assert actor.incident().outcome == "interrupted"
    assert actor.incident().reason == "interrupted; 'service-restart' is no longer configured, so nothing can be asked of it"


def test_when_its_playbook_is_gone_what_its_record_tells_is_undone_and_it_counts_as_a_failure(host: Host) -> None:
    actor = Actor(host, **owned(host, "set-aside"))
    paths = [host.log(f"app.log.{number}", 16) for number in range(3)]
    actor.decide(DISK, "set-aside")
    killed_while(actor, "verify")
    actor = actor.restarted()
    actor.world.playbooks = {}
    actor.turn()
    assert actor.incident().outcome == "rolled_back"
    assert actor.incident().reason == "interrupted; 'set-aside' is no longer configured, so nothing can be asked of it; 3 put back"
    assert all(path.exists() for path in paths)
    assert ledger.record_of(actor.journal, "set-aside").failures_in_row == 1


def test_when_its_playbook_is_gone_before_any_effect_the_gates_refuse_it_and_nothing_is_learned(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    killed_while(actor, "protect")
    actor = actor.restarted()
    actor.world.playbooks = {}
    actor.turn()
    actor.turn()
    assert (actor.incident().outcome, actor.incident().reason) == ("refused", "known: no playbook is named 'service-restart'")
    assert ledger.record_of(actor.journal, "service-restart").trials == 0


def test_a_manager_that_does_not_answer_leaves_it_unknown_and_it_is_never_run_again(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    killed_while(actor, "execute")
    actor = actor.restarted()
    actor.host.control.chmod(0o644)
    actor.turn()
    assert actor.incident().outcome == "interrupted"
    assert "what it did cannot be known" in actor.incident().reason
    actor.clock.advance(3600)
    actor.turn()
    assert actor.host.restarts() == 0


def test_an_interruption_counts_as_a_failure(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    for _ in range(2):
        killed_while(actor, "plan")
        actor = actor.restarted()
    actor.turn()
    assert ledger.record_of(actor.journal, "service-restart").failures_in_row == 1
    assert {breaker.failures for breaker in ledger.breakers(actor.journal)} == {1}


def test_an_incident_that_was_closed_meanwhile_is_left_closed(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    stale = killed_while(actor, "execute")
    actor = actor.restarted()
    actor.turn()
    assert actor.incident().outcome == "succeeded"
    recover(actor.world, stale)
    assert ledger.record_of(actor.journal, "service-restart").trials == 1


def test_a_rollback_that_was_begun_is_finished_even_when_all_seems_well_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = Actor(host, **owned(host, "set-aside"))
    paths = [host.log(f"app.log.{number}", 16) for number in range(3)]
    healthy = host.service / "healthy"
    actor.clock.at_sleep = lambda: healthy.unlink(missing_ok=True)
    actor.decide(DISK, "set-aside")
    with pytest.raises(Killed):
        dies_at_its_second_link(actor, monkeypatch)
    assert sum(path.exists() for path in paths) == 1
    actor.clock.at_sleep = lambda: None
    healthy.touch()
    actor = actor.restarted()
    actor.turn()
    assert actor.incident().outcome == "rolled_back"
    assert all(path.exists() for path in paths)


def dies_at_its_second_link(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die when it puts the second file back."""
    real, links = os.link, iter(range(10))

    def link(*values: str, **options: int) -> None:
        if next(links) == 1:
            raise Killed("link")
        real(*values, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", link)
        actor.turn()


def test_recovery_under_a_stop_brings_back_what_can_be_brought_back(host: Host) -> None:
    actor = Actor(host, **owned(host, "set-aside"))
    paths = [host.log(f"app.log.{number}", 16) for number in range(3)]
    actor.decide(DISK, "set-aside")
    killed_while(actor, "verify")
    actor = actor.restarted()
    actor.stop()
    actor.turn()
    assert actor.incident().outcome == "rolled_back"
    assert all(path.exists() for path in paths)

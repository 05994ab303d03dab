"""The crash matrix: killed at every commit, every change of a file and every process, the next process leaves nothing unfinished."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actor.journal import incidents, ledger
from actor.recovery import recover
from homeostat.words import EXECUTED
from tests.actor.playbooks import QUARANTINE, QUARANTINE_AND_PURGE, owned
from tests.crash import Killed, Reaper, reaping
from tests.support import DAY, DISK, WEB, Actor, Host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.model import EpisodeKey, Incident

MOST_EFFECTS = 120
# As many as a cleanup here wants: two slices.
FILES = 4


class Scenario:
    """One action on a fresh host, killed at a given effect, and carried on by the next processes."""

    def __init__(self, folder: pathlib.Path, action: str) -> None:
        self.host = Host(folder)
        changes = {}
        if action in {"set-aside", "set-aside-and-purge"}:
            changes = owned(self.host, action, QUARANTINE if action == "set-aside" else QUARANTINE_AND_PURGE)
        self.actor = Actor(self.host, **changes)
        self.action = action
        self.key: EpisodeKey = WEB if action == "service-restart" else DISK
        self.files = {self.host.log(f"app.log.{number}", 16, age=DAY + number) for number in range(FILES)}
        self.before = {path: path.read_bytes() for path in self.files}
        self.actor.decide(self.key, action)

    def live(self, reaper: Reaper, monkeypatch: pytest.MonkeyPatch) -> bool:
        """Let one process run until it is killed or has nothing more to do; say whether it was killed."""
        try:
            with reaping(monkeypatch, reaper):
                for _ in range(3):
                    self.actor.turn()
                    self.actor.clock.advance(61)
                    self.actor.prometheus.decide(self.key, self.action, "auto-execute", 0.95)
        except Killed:
            self.actor = self.actor.restarted()
            return True
        return False

    def quarantined(self) -> list[pathlib.Path]:
        return [path for path in (self.host.disk / ".homeostat-quarantine").rglob("*") if path.is_file()]

    def check(self) -> None:
        """Hold the world against the journal."""
        incident = self.actor.incident()
        assert incident.state is None, f"left as {incident.state}: {incident.reason}"
        assert incident.reason
        assert all(run.ended_at is not None for run in ledger.executions(self.actor.journal, 0.0))
        record = ledger.record_of(self.actor.journal, self.action)
        assert record.trials == (1 if incident.outcome in EXECUTED else 0)
        assert self.actor.total("homeostat_actions_total", action=self.action) == 1
        assert self.host.restarts() <= 1
        if self.key == DISK:
            self._check_files(incident)

    def _check_files(self, incident: Incident) -> None:
        live = {path for path in self.files if path.exists()}
        assert all(path.read_bytes() == self.before[path] for path in live)
        waiting, gone = self.quarantined(), len(self.files) - len(live)
        if self.action == "set-aside":
            assert len(waiting) == gone
            assert gone in {0, FILES}
            assert (gone == FILES) == (incident.outcome == "succeeded")
            return
        assert waiting == []
        phases = incidents.phases_of(self.actor.journal, incident.id)
        purged = any(phase["phase"] == "execute" and phase["intent"]["step"] == "purge-quarantine" for phase in phases)
        assert purged or gone == 0
        whole_slices = incident.reason.startswith("interrupted between two slices") and gone == 3
        assert (incident.outcome == "succeeded") <= (gone == FILES or whole_slices)


@pytest.fixture
def scenario(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Scenario]:
    built = Scenario(tmp_path, request.param)
    yield built
    built.actor.journal.close()


ACTIONS = ["set-aside", "set-aside-and-purge", "service-restart"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("action", ACTIONS)
def test_killed_at_any_effect_nothing_stays_unfinished_or_is_done_twice(action: str, after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    number = -1
    killed = True
    while killed:
        number += 1
        assert number < MOST_EFFECTS
        with tempfile.TemporaryDirectory() as folder:
            scenario = Scenario(pathlib.Path(folder), action)
            killed = scenario.live(Reaper(number, after=after), monkeypatch)
            scenario.live(Reaper(None), monkeypatch)
            try:
                scenario.check()
            except AssertionError as error:
                error.add_note(f"killed {'after' if after else 'before'} effect {number}; {scenario.actor.incident()}")
                raise
            scenario.actor.journal.close()
    assert number > 20


@given(
    st.sampled_from(ACTIONS),
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=2, max_size=4),
)
@settings(max_examples=25, deadline=None)
def test_killed_again_and_again_also_while_recovering(action: str, kills: list[tuple[int, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        scenario = Scenario(pathlib.Path(folder), action)
        for number, after in kills:
            scenario.live(Reaper(number, after=after), monkeypatch)
        scenario.live(Reaper(None), monkeypatch)
        scenario.check()
        scenario.actor.journal.close()


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

"""Labels are data: whatever they hold, only exact members of the configuration are acted on, by argv that never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actor.situation import GATES
from actor.world import case_of
from homeostat import shell
from tests.actor.gates.situations import incident, situation
from tests.support import DISK, WEB, Actor, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.model import Plan

HOSTILE = [
    "$(reboot)", "`reboot`", "../../etc", "/etc/passwd", "web;reboot", "web\n", "web\0", "\0", "\n", "-rf", "--", "--now", "*", "?", "[a-z]*", "{{ .Labels }}",
    "{web,db}", "%s%n", "web\u202e", "\u200bweb", "\uff57\uff45\uff42", "WEB", "web ", " web", "'\"\\", "|| true", "disk/..", "./disk", "web.service", "none", "\x1b[2J",
    "a" * 5000,
]  # fmt: skip
WORDS = st.one_of(st.sampled_from([*HOSTILE, "web", "disk", "service-restart", "disk-cleanup"]), st.text(max_size=40))
NAMES = st.sampled_from(["target", "action", "problem", "resource", "severity", "risk", "host", "decision", "alertname", "incident", "__name__", "$(reboot)"])
TAINT = st.dictionaries(NAMES, WORDS, min_size=1, max_size=6)


@given(st.one_of(st.sampled_from(HOSTILE), st.text()).filter(lambda target: target != "web"))
def test_known_alone_refuses_every_target_outside_the_catalogue(target: str) -> None:
    about = incident(target=target)
    assert GATES["known"].ask(situation(about, service=situation(about).config.services.get(target))).answer == "refuse"


@given(st.one_of(st.sampled_from(HOSTILE), st.text()).filter(lambda action: action not in {"service-restart", "disk-cleanup"}))
def test_known_alone_refuses_every_action_that_is_no_playbook(action: str) -> None:
    assert GATES["known"].ask(situation(incident(action=action), playbook=None)).answer == "refuse"


@pytest.fixture
def started(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[tuple[str, ...]]]:
    """Collect the argv of every process that is started; each really starts."""
    seen: set[tuple[str, ...]] = set()
    real = shell.subprocess.Popen

    def record(argv: list[str], **options: object) -> object:
        seen.add(tuple(argv))
        return real(argv, **options)

    monkeypatch.setattr(shell.subprocess, "Popen", record)
    return seen


def argvs_of(actor: Actor) -> set[tuple[str, ...]]:
    web = actor.config.services["web"]
    assert web.commands is not None
    assert web.health is not None
    return {web.commands.show, web.commands.restart, web.health}


@given(taint=TAINT, key=st.sampled_from([WEB, DISK]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_labels_hold_only_the_configured_argv_are_started(
    actor: Actor, started: set[tuple[str, ...]], taint: dict[str, str], key: tuple[str, ...]
) -> None:
    action = "service-restart" if key == WEB else "disk-cleanup"
    labels = labels_of(key, action, "auto-execute") | taint
    actor.prometheus.decide(key._replace(**{name: labels[name] for name in key._fields}), labels["action"], labels["decision"], 0.95)
    actor.hear(labels)
    actor.clock.advance(4000)
    actor.turn()
    assert started <= argvs_of(actor)
    assert actor.journal.rows("SELECT count(*) FROM alerts WHERE disposition IS NULL")[0][0] == 0


def planned(actor: Actor, target: str, action: str) -> Plan:
    book = actor.world.playbooks[action]
    return actor.world.hands.plan(case_of(actor.world, book, target, "i1"), book)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_plan_is_made_from_the_configuration_and_never_from_the_alert(actor: Actor, hostile: str) -> None:
    before = planned(actor, "web", "service-restart")
    actor.decide(WEB._replace(problem="memory_leak", resource=hostile or "x"), "service-restart")
    actor.turn()
    told = actor.incident()
    assert told.resource == (hostile or "x")
    phases = actor.journal.rows("SELECT result FROM phases WHERE phase = 'plan'")
    assert len(phases) == 1
    assert before.commands[0].arguments["argv"] == [str(actor.host.control), "restart"]
    assert f'"argv":["{actor.host.control}","restart"]' in phases[0]["result"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_target_ends_as_a_recorded_refusal_and_is_stored_verbatim(actor: Actor, started: set[tuple[str, ...]], hostile: str) -> None:
    key = WEB._replace(target=hostile)
    actor.decide(key, "service-restart")
    actor.turn()
    told = actor.incident()
    assert (told.target, told.outcome) == (hostile, "refused")
    assert told.reason == f"known: {hostile!r} is not in the catalogue of services"
    assert started == set()


def test_a_file_named_like_a_command_is_moved_as_a_file(actor: Actor) -> None:
    for name in ("-rf.log.1", "$(reboot).log.1", "a\nb.log.1", "`x`.log.1", "ü\u202e.log.1", "sub dir/..x.log.1"):
        actor.host.log(name, size_kib=8)
    actor.decide(DISK, "disk-cleanup")
    actor.turn()
    assert actor.incident().outcome == "succeeded"
    assert not [path for path in actor.host.disk.rglob("*") if path.is_file()]

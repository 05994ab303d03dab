"""Labels are data: whatever they hold, only exact members of the configuration are acted on, by argv that never changes."""

from __future__ import annotations

import itertools
import json
import urllib.parse
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actor.foresight import Foresight, simulate
from actor.journal import incidents
from actor.model import StepFailed
from actor.playbook import PROTECTIONS, STEPS
from actor.situation import GATES
from actor.world import case_of
from homeostat import shell
from homeostat.prometheus import selector
from tests.actor.gates.situations import incident, situation
from tests.actor.web import AS_ALERTMANAGER, AS_OPERATOR, alert, pages_of, payload
from tests.hostile import BY_KIND, HOSTILE, selectors
from tests.support import DISK, WEB, Actor, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.playbook import Playbook

LABELS = ("alertname", "problem", "action", "risk", "decision", "severity", "host", "target", "resource", "added", "__name__", "incident")
ANNOTATIONS = ("confidence", "summary", "description", "runbook_url", "dashboard_url", "added")
WORDS = st.one_of(st.sampled_from([*HOSTILE, "web", "disk", "service-restart", "disk-cleanup"]), st.text(max_size=40))
TAINT = st.dictionaries(st.sampled_from([*LABELS, "$(reboot)"]), WORDS, min_size=1, max_size=6)


@given(st.one_of(st.sampled_from(HOSTILE), st.text()).filter(lambda target: target != "web"))
def test_known_alone_refuses_every_target_outside_the_catalogue(target: str) -> None:
    about = incident(target=target)
    assert GATES["known"].ask(situation(about, service=situation(about).config.services.get(target))).answer == "refuse"


@given(st.one_of(st.sampled_from(HOSTILE), st.text()).filter(lambda action: action not in {"service-restart", "disk-cleanup"}))
def test_known_alone_refuses_every_action_that_is_no_playbook(action: str) -> None:
    assert GATES["known"].ask(situation(incident(action=action), playbook=None)).answer == "refuse"


@given(st.dictionaries(st.sampled_from(["host", "problem", "target", "resource"]), st.one_of(st.sampled_from(HOSTILE), st.text()), min_size=1))
@settings(max_examples=300)
def test_a_selector_is_read_back_by_prometheus_grammar_as_exactly_these_equalities(labels: dict[str, str]) -> None:
    assert selectors(selector("m", **labels)) == [("m", labels)]


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


@pytest.fixture
def queries(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect every query that Prometheus is asked."""
    asked: list[str] = []
    real = actor.prometheus.query

    def record(promql: str) -> object:
        asked.append(promql)
        return real(promql)

    monkeypatch.setattr(actor.prometheus, "query", record)
    return asked


def argvs_of(actor: Actor) -> set[tuple[str, ...]]:
    web = actor.config.services["web"]
    assert web.commands is not None
    assert web.health is not None
    return {web.commands.show, web.commands.restart, web.health}


def places(actor: Actor) -> set[str]:
    """Return every path of the host, but for the journal's own files."""
    return {str(path) for path in actor.host.folder.rglob("*") if path.parent.name != "state"}


def tainted(hostile: str) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Return the labels and annotations of decision alerts with a hostile text in each position, by itself and in all."""
    labels, annotations = labels_of(WEB, "service-restart", "auto-execute"), dict.fromkeys(ANNOTATIONS, "0.95")
    found = [({**labels, name: hostile}, annotations) for name in LABELS]
    found += [(labels, {**annotations, name: hostile}) for name in ANNOTATIONS]
    return [*found, ({**labels, hostile: hostile}, {hostile: hostile}), (dict.fromkeys(LABELS, hostile), dict.fromkeys(ANNOTATIONS, hostile))]


@pytest.mark.parametrize("kind", BY_KIND)
def test_in_every_position_of_an_alert_they_are_stored_verbatim_decided_once_and_start_nothing_else(
    actor: Actor, started: set[tuple[str, ...]], queries: list[str], kind: str
) -> None:
    pages, before = pages_of(actor), places(actor)
    for hostile in BY_KIND[kind]:
        alerts = [alert(labels=labels, annotations=annotations) for labels, annotations in tainted(hostile)]
        assert pages.client.post("/webhook", data=payload(*alerts), headers=AS_ALERTMANAGER).status_code == 202
        actor.turn()
        rows = actor.journal.rows("SELECT labels, annotations FROM alerts ORDER BY id DESC LIMIT ?", len(alerts))
        assert [(json.loads(row["labels"]), json.loads(row["annotations"])) for row in reversed(rows)] == tainted(hostile)
    assert actor.journal.rows("SELECT count(*) FROM alerts WHERE disposition IS NULL")[0][0] == 0
    keys = [one.key._asdict() for one in incidents.open_episodes(actor.journal)]
    for _, matchers in itertools.chain.from_iterable(map(selectors, queries)):
        assert any(matchers.items() <= key.items() for key in keys), matchers
    assert started <= argvs_of(actor)
    assert places(actor) == before


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


def planned(actor: Actor, book: Playbook) -> dict[str, str]:
    """Return a playbook's plan for each target of the catalogue that it can be planned for, as bytes would be compared."""
    plans = {}
    for target in (*actor.config.services, *actor.config.filesystems):
        try:
            plans[target] = repr(actor.world.hands.plan(case_of(actor.world, book, target, "i1"), book))
        except KeyError:
            continue
        except StepFailed as failure:
            plans[target] = str(failure)
    return plans


def test_every_playbooks_plan_is_the_same_whatever_was_heard(actor: Actor) -> None:
    actor.host.log("old.log.1")
    before = {name: planned(actor, book) for name, book in actor.world.playbooks.items()}
    for texts in BY_KIND.values():
        for labels, _ in tainted(texts[0]):
            actor.hear(labels)
    actor.alertmanager.down = True
    actor.turn()
    assert {name: planned(actor, book) for name, book in actor.world.playbooks.items()} == before
    assert all("old.log.1" in plan or "web" in plan for name in ("disk-cleanup", "service-restart") for plan in before[name].values())


@pytest.mark.parametrize("kind", BY_KIND)
def test_no_step_and_no_protection_is_reached_with_a_target_outside_the_catalogue(actor: Actor, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def reached(*_: object) -> None:
        raise AssertionError("a step or a protection was reached")

    for registry in (STEPS, PROTECTIONS):
        for name, plugin in registry.items():
            broken = {field: reached for field in plugin.__slots__ if callable(getattr(plugin, field)) and field != "options"}
            monkeypatch.setitem(registry, name, type(plugin)(**{field: getattr(plugin, field) for field in plugin.__slots__} | broken))
    for hostile in BY_KIND[kind]:
        for action in actor.world.playbooks:
            foreseen = simulate(actor.world, labels_of(WEB._replace(target=hostile or "x"), action, "auto-execute"), {})
            assert isinstance(foreseen, Foresight)
            assert (foreseen.plan is None or not foreseen.plan.commands, foreseen.would.startswith("it is refused, by known: ")) == (True, True)


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_hostile_target_ends_as_a_recorded_refusal_and_is_stored_verbatim(actor: Actor, started: set[tuple[str, ...]], kind: str) -> None:
    for hostile in filter(None, BY_KIND[kind]):
        actor.decide(WEB._replace(target=hostile), "service-restart")
    actor.turn()
    told = {one.target: (one.outcome, one.reason) for one in incidents.open_episodes(actor.journal)}
    assert told == {hostile: ("refused", f"known: {hostile!r} is not in the catalogue of services") for hostile in filter(None, BY_KIND[kind])}
    assert started == set()


@pytest.mark.parametrize("kind", BY_KIND)
def test_no_argument_of_the_api_is_more_than_data(actor: Actor, started: set[tuple[str, ...]], kind: str) -> None:
    pages, before = pages_of(actor), places(actor)
    actor.decide(WEB, "service-restart", "propose", 0.75)
    actor.turn()
    started.clear()
    known = actor.incident().id
    for hostile in BY_KIND[kind]:
        quoted = urllib.parse.quote(hostile, safe="")
        said = {"author": hostile, "reason": hostile, "plan_hash": hostile, "until": None}
        answers = [pages.client.get(f"/api/v1/{path}", headers=AS_OPERATOR) for path in (f"incidents/{quoted}", f"decisions?target={quoted}", f"decisions?last={quoted}&{quoted}={quoted}")]
        for word in ("approve", "deny", "veto", "again", "defer", "undo"):
            answers.append(pages.client.post(f"/api/v1/incidents/{quoted}/{word}", json=said, headers=AS_OPERATOR))
            answers.append(pages.client.post(f"/api/v1/incidents/{known}/{word}", json={**said, "more": hostile}, headers=AS_OPERATOR))
        answers.append(pages.client.get(f"/runbooks/{quoted}"))
        assert {answer.status_code for answer in answers} <= {200, 308, 400, 404, 405, 409}, hostile
    assert (actor.incident().state, started, places(actor)) == ("proposed", set(), before)


def test_text_that_is_no_unicode_is_refused_before_anything_is_stored(actor: Actor) -> None:
    pages = pages_of(actor)
    for body in (payload().replace(b'"web"', b'"\xff\xfe"'), payload().replace(b'"web"', b'"\\ud800"'), payload().replace(b'"web"', b'"\xed\xa0\x80"')):
        assert pages.client.post("/webhook", data=body, headers=AS_ALERTMANAGER).status_code == 400
    assert actor.journal.rows("SELECT count(*) FROM alerts")[0][0] == 0


def test_what_people_are_told_bears_the_labels_verbatim_as_json(actor: Actor) -> None:
    few = {text for texts in BY_KIND.values() for text in texts[:3] if text}
    for hostile in few:
        actor.decide(WEB._replace(resource=hostile), "service-restart", "propose", 0.75)
    actor.turn()
    assert {posted.labels["resource"] for posted in actor.alertmanager.posted} == few
    sent: list[dict[str, Any]] = json.loads(msgspec.json.encode(actor.alertmanager.posted))
    assert {posted["labels"]["target"] for posted in sent} == {"web"}


def test_a_file_named_like_a_command_is_moved_as_a_file(actor: Actor) -> None:
    for name in ("-rf.log.1", "$(reboot).log.1", "a\nb.log.1", "`x`.log.1", "ü\u202e.log.1", "sub dir/..x.log.1"):
        actor.host.log(name, size_kib=8)
    actor.decide(DISK, "disk-cleanup")
    actor.turn()
    assert actor.incident().outcome == "succeeded"
    assert not [path for path in actor.host.disk.rglob("*") if path.is_file()]

"""What only reads finds out: its report is attached to the incident, told to people, and nothing of it is done by root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from actor import deeds
from actor.journal import incidents
from actor.model import EpisodeKey, StepFailed
from actor.reconcile import reconcile
from homeostat.explanation.deeds import reported
from tests.actor.executor.conftest import paired
from tests.actor.web import AS_OPERATOR, pages_of
from tests.httpd import Reply, serving
from tests.support import DAY, HOST, WEB, Actor, Host, playbook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.httpd import Site

ERRORS = EpisodeKey(HOST, "log_errors", "web", "log")
FOUND = {
    "words": ["It looks like port-conflict (90%): two services want one port.", "web cannot start because port 80 is taken \x1b[31m."],
    "markdown": "# web on h1\n",
    "known": {"name": "port-conflict", "action": None, "confidence": 0.9},
    "target": "web",
}


@pytest.fixture
def exporter() -> Iterator[Site]:
    with serving(lambda asked: Reply(FOUND)) as site:
        yield site


def investigated(host: Host, site: Site, key: EpisodeKey = ERRORS, **changes: Any) -> Actor:
    actor = Actor(host, exporter={"url": site.url}, **changes)
    actor.decide(key, "investigate")
    actor.turn()
    return actor


def outcome_of(actor: Actor) -> tuple[str | None, str]:
    return actor.incident().outcome, actor.incident().reason


def test_the_report_is_attached_though_the_problem_goes_on_and_nothing_waits_for_prometheus(host: Host, exporter: Site) -> None:
    began_at = host.clock.monotonic()
    actor = investigated(host, exporter)
    assert outcome_of(actor) == ("succeeded", "reports-attached went from 0.0000 to 1.0000 (+1.0000; success is > 0, warned is > 0)")
    assert [(asked.path, asked.query) for asked in exporter.asked] == [("/api/v1/investigation", {"target": ["web"]})]
    assert host.clock.monotonic() - began_at < 5
    report = reported(incidents.phases_of(actor.journal, actor.incident().id))
    assert report == [FOUND["words"][0], "web cannot start because port 80 is taken \\x1b[31m.", "Nothing was done about this problem before."]


def test_people_read_the_report_in_the_notification_of_the_outcome_and_in_the_story(host: Host, exporter: Site) -> None:
    actor = investigated(host, exporter)
    told = next(alert for alert in actor.alertmanager.posted if alert.labels["alertname"] == "HomeostatOutcome")
    assert "- It looks like port-conflict (90%): two services want one port." in told.annotations["description"]
    assert "It cannot be undone: it only reads." in told.annotations["description"]
    pages = pages_of(actor)
    story = pages.client.get(f"/api/v1/incidents/{actor.incident().id}", headers=AS_OPERATOR).json
    part = next(part for part in story["explanation"] if part["heading"] == "Investigation")
    assert part["lines"][0] == FOUND["words"][0]


def test_what_was_done_in_cases_like_it_stands_in_the_report_those_of_the_same_target_first(host: Host, exporter: Site) -> None:
    actor = Actor(host, exporter={"url": exporter.url})
    actor.decide(WEB, "service-restart")
    actor.turn()
    first = actor.incident()
    with actor.journal.transaction() as db:
        incidents.end_episode(db, first, actor.clock.now())
    actor.clock.advance(DAY)
    actor.world.playbooks["investigate"] = playbook("investigate", answers=("memory_leak",))
    actor.decide(WEB, "investigate")
    actor.turn()
    report = reported(incidents.phases_of(actor.journal, actor.incident().id))
    assert any(line.startswith("The last time here, at 20") and "service-restart succeeded" in line and first.id in line for line in report)


@pytest.mark.parametrize(
    ("reply", "why"),
    [(Reply({"error": "'web' is nothing that the configuration names"}, 404), "is nothing that the configuration names"), (Reply({"words": "none"}), "Expected `array`"), (Reply(b"<html>"), "no JSON")],
    ids=["a refusal", "another shape", "no JSON"],
)
def test_without_an_answer_it_failed_and_says_why_and_no_breaker_opens(host: Host, reply: Reply, why: str) -> None:
    with serving(lambda asked: reply) as site:
        actor = investigated(host, site)
    outcome, reason = outcome_of(actor)
    assert outcome == "failed"
    assert "the exporter gave no investigation" in reason
    assert why in reason
    assert actor.world.journal.rows("SELECT * FROM breakers") == []


def test_what_the_configuration_does_not_name_is_not_asked_about(host: Host, exporter: Site) -> None:
    actor = investigated(host, exporter, EpisodeKey(HOST, "certificate_expiry", "../x?a=b", "certificate"))
    assert outcome_of(actor) == ("refused", "known: '../x?a=b' is nothing that the configuration names")
    assert exporter.asked == []


def test_the_host_and_a_named_certificate_may_be_looked_into(host: Host, exporter: Site) -> None:
    for name, problem in ((HOST, "log_errors"), ("https://a.example", "certificate_expiry")):
        changes = {"exporter": {"url": exporter.url, "targets": {"certificates": {"names": ["https://a.example"]}}}}
        actor = Actor(host, **changes)
        actor.decide(EpisodeKey(HOST, problem, name, "log"), "investigate")
        actor.turn()
        assert actor.incident().outcome == "succeeded"
        actor.journal.close()
    assert [asked.query["target"] for asked in exporter.asked] == [[HOST], ["https://a.example"]]


def test_it_waits_for_no_maintenance_window(host: Host, exporter: Site) -> None:
    never = [{"months": ["january"], "days_of_month": ["31"], "times": [{"start_time": "03:00", "end_time": "03:01"}]}]
    assert investigated(host, exporter, windows=never).incident().outcome == "succeeded"


def test_root_is_asked_for_nothing_of_it(host: Host, exporter: Site) -> None:
    pair = paired(host, exporter={"url": exporter.url})
    asked = pair.actor.world.playbooks["investigate"]
    # Nobody answers for root here: whatever asked root would wait for ever.
    case = pair.case("investigate")
    plan = pair.hands.plan(case, asked)
    record = pair.hands.protect(case, asked)
    assert pair.hands.perform(case, plan.commands[0])["known"] == "port-conflict"
    pair.hands.keep(case, pair.hands.seal(case, record))
    assert (pair.hands.obstacle(case, asked), pair.hands.probe(case), pair.hands.show(case)) == (None, {}, None)
    pair.actor.journal.close()


def test_after_a_crash_it_is_simply_done_again(host: Host, exporter: Site) -> None:
    actor = Actor(host, exporter={"url": exporter.url})

    def die(case: Any, command: Any) -> Any:
        raise KeyboardInterrupt

    actor.world.hands = deeds.Hands(perform=die)
    actor.decide(ERRORS, "investigate")
    with pytest.raises(KeyboardInterrupt):
        actor.turn()
    after = actor.restarted()
    after.world.hands = deeds.Hands()
    for _ in range(3):
        after.turn()
        after.clock.advance(61)
        after.decide(ERRORS, "investigate")
    assert after.incident().outcome == "succeeded"


def test_only_what_reads_may_leave_its_problem_alone(host: Host) -> None:
    with pytest.raises(ValueError, match=r"verify\.ends_problem: false is for what only reads"):
        playbook("investigate", action_class="restart", acts_on="service").file.__post_init__()


def test_a_step_that_root_is_asked_for_is_not_done_here(host: Host, exporter: Site) -> None:
    pair = paired(host)
    assert not pair.case("service-restart").unprivileged
    assert not pair.case("selftest", "selftest").unprivileged
    assert pair.case("investigate").unprivileged
    with pytest.raises(StepFailed, match="the exporter gave no investigation"):
        deeds.perform(pair.case("investigate"), pair.hands.plan(pair.case("investigate"), pair.actor.world.playbooks["investigate"]).commands[0])
    pair.actor.journal.close()


def proposing(host: Host, url: str) -> Actor:
    """Have something proposed that answers only where a deployment correlates."""
    actor = Actor(host, exporter={"url": url})
    actor.world.playbooks = {"service-restart": playbook("service-restart", only_where="deployment-correlates", risk="high")}
    actor.decide(WEB, "service-restart", "propose")
    actor.turn()
    return actor


def test_what_answers_only_under_a_condition_is_proposed_with_what_speaks_for_it(host: Host, exporter: Site) -> None:
    actor = proposing(host, exporter.url)
    assert actor.incident().state == "proposed"
    told = next(alert for alert in actor.alertmanager.posted if alert.labels["alertname"] == "HomeostatProposal")
    assert f"- {FOUND['words'][0]}\n" in told.annotations["description"]
    assert reported(incidents.phases_of(actor.journal, actor.incident().id))[0] == FOUND["words"][0]
    assert reconcile(actor.world)
    again = [alert for alert in actor.alertmanager.posted if alert.labels["alertname"] == "HomeostatProposal"][-1]
    assert again.annotations["description"] == told.annotations["description"]
    assert len(exporter.asked) == 1


def test_where_nobody_answers_it_is_proposed_without_and_the_story_says_why(host: Host) -> None:
    with serving(lambda asked: Reply({"error": "no"}, 404)) as site:
        actor = proposing(host, site.url)
    assert actor.incident().state == "proposed"
    (phase,) = (phase for phase in incidents.phases_of(actor.journal, actor.incident().id) if phase["phase"] == "investigate")
    assert phase["failure"] == "the exporter gave no investigation: no"


def test_what_needs_no_condition_is_proposed_without_looking(host: Host, exporter: Site) -> None:
    actor = Actor(host, exporter={"url": exporter.url})
    actor.decide(WEB, "service-restart", "propose")
    actor.turn()
    assert (actor.incident().state, exporter.asked) == ("proposed", [])

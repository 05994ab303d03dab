"""`homeostat why`: from the series to the outcome, and for nothing that happened the first closed link first."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.homeostat.cli.conftest import incident, silence
from tests.homeostat.explanation.seen import KEY, Row, only_alert, whole, without
from tests.homeostat.explanation.test_deeds import story as deeds
from tests.httpd import Asked, Reply
from tests.support import HOST

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

NAMES = {"host": HOST, "problem": KEY.problem, "target": "/srv", "resource": "filesystem"}
NO_DECISION = ("target_action:homeostat_confidence:ratio", "target_action:homeostat_decision:ratio", "target_action:homeostat_choice:info", "homeostat_problem_action_info")


def forecast(**changes: Any) -> dict[str, Any]:
    """Return one entry of the exporter's answer."""
    return {
        **NAMES, "unit": "bytes", "limit": 10.0, "direction": "down", "value": 12.0, "usage_ratio": 0.87, "age_seconds": 12.0, "asserted": True,
        "assertion": {"confidence": 0.89, "severity": "warning"}, "why_not": None, "reason": None, "explanation": "It grows by 2 GB a day since Tuesday.", "since": 0.0,
        "action_horizon_seconds": 14 * 86400.0, "time_to_limit_seconds": {"lower": 86400.0, "median": 3.5 * 86400, "upper": None}, "probability": 0.89, "probabilities": {"14d": 0.89},
    } | changes  # fmt: skip


def alert(name: str = "HomeostatAutoExecute", **changes: Any) -> dict[str, Any]:
    return {
        "fingerprint": "8d2f1a3c5e7b9046", "labels": {"alertname": name, **NAMES}, "annotations": {}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2026-01-01T00:05:00Z",
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []}, "receivers": [{"name": "homeostat-actor"}],
    } | changes  # fmt: skip


def story(**changes: Any) -> dict[str, Any]:
    explanation = [{"heading": "In short", "lines": ["it was so"]}, {"heading": "Gates", "lines": ["known: allow"]}]
    return {**deeds(**NAMES, action="disk-cleanup"), "explanation": explanation} | changes


def lay(town: Town, rows: list[Row]) -> None:
    """Let Prometheus hold exactly these series."""
    town.series = {}
    for name, labels, value in rows:
        town.series.setdefault(name, []).append((labels, value))


def happened(town: Town, **changes: Any) -> None:
    """Let the actor have an incident."""
    town.decisions = [incident(**NAMES, action="disk-cleanup", **changes)]
    town.stories = {"0a1b2c3d": story(**changes)}


@pytest.fixture
def told(town: Town) -> Town:
    town.exporter = {"forecast": Reply({"forecasts": [forecast()]})}
    lay(town, whole())
    town.alerts = [alert()]
    happened(town)
    return town


def short(town: Town, subject: str = "/srv", code: int = 0) -> str:
    result = town.run("why", "--json", subject)
    assert result.exit_code == code, result.output
    (explained,) = json.loads(result.output)["explained"]
    heading, (sentence,) = explained["explanation"][0].values()
    assert heading == "In short"
    return str(sentence)


def test_a_targets_story_goes_from_the_series_to_the_outcome(told: Town) -> None:
    result = told.run("why", "/srv")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[:2] == ["disk_exhaustion at /srv (filesystem)", "disk-cleanup was run at /srv at 2023-11-14T22:13:30Z; it is verified: memory fell."]
    wanted = [
        "Series and forecast", "  Of what the limit of disk_exhaustion allows, 87% is used; read 12s ago.",
        "  Within 14d, for which it would be acted on, the limit is reached with probability 0.89; expected in 3d12h (90 % interval 1d to never).",
        "  It grows by 2 GB a day since Tuesday.", "  disk_exhaustion is asserted with 0.89, warning.", "Decision", "    0.30 x 0.89 prediction = 0.267",
        "  0.957 is above auto-execute (0.90): so it is auto-execute.", "Alertmanager", "  HomeostatAutoExecute is there since 2026-01-01T00:00:00Z, for receiver homeostat-actor.",
        "Incident", "Gates", "  age: refuse: too old (saw age 20m, seen 1970-01-01T00:01:00Z, names a, b, count 3)", "Plan", "What was done", "Persons' words", "Undo", "What comes next",
    ]  # fmt: skip
    assert [line for line in lines if line in wanted] == wanted


def test_an_incident_is_told_by_its_id_as_the_actor_explains_it(told: Town) -> None:
    assert told.run("why", "0a1b2c3d").output.splitlines() == ["disk_exhaustion at /srv (filesystem)", "it was so", "", "Gates", "  known: allow"]


@pytest.mark.parametrize("arguments", [(), ("--json",)])
@pytest.mark.parametrize(("target", "code"), [("nonsense", 1), ("web", 0)])
def test_a_target_that_nobody_knows_is_a_failure_and_a_service_in_peace_is_none(town: Town, target: str, code: int, arguments: tuple[str, ...]) -> None:
    town.exporter = {"forecast": Reply({"error": f"no target '{target}' is forecast now, or seen in trouble"}, 404)}
    lay(town, [])
    town.alerts, town.decisions = [], []
    result = town.run("why", target, *arguments)
    assert (result.exit_code, f"no target '{target}'" in result.output) == (code, True)


def test_while_prometheus_is_silent_nobody_is_said_to_know_nothing(town: Town) -> None:
    town.configure(prometheus={"url": "http://127.0.0.1:9"})
    assert short(town, "nobody").startswith("Nothing happened because Prometheus decides nothing that could be read")


def not_asserted(town: Town) -> str:
    town.exporter["forecast"] = Reply({"forecasts": [forecast(asserted=False, assertion=None, why_not="the limit is reached within 14d with a probability of 0.31, below assertion.probability 0.5")]})
    lay(town, without(whole(), *NO_DECISION, "homeostat_problem_confidence_ratio", "target:homeostat_problem:info"))
    town.alerts = []
    return "no disk_exhaustion is asserted at /srv: the limit is reached within 14d with a probability of 0.31, below assertion.probability 0.5"


def no_action_known(town: Town) -> str:
    lay(town, [*without(whole(), *NO_DECISION), only_alert()])
    return "no playbook answers disk_exhaustion"


def below_every_threshold(town: Town) -> str:
    lay(town, whole("alert-only", confidence=0.62))
    return "0.62 is not above propose (0.70), so it is alert-only"


def silenced(town: Town) -> str:
    town.alerts = [alert(status={"state": "suppressed", "silencedBy": ["s1"], "inhibitedBy": []})]
    town.silences = [silence()]
    return 'HomeostatAutoExecute is silenced by ada until 2026-01-01T01:00:00Z: maintenance (alertname=~"HomeostatAutoExecute|HomeostatNotifyExecute" host="h1")'


def never_arrived(town: Town) -> str:
    town.alerts = []
    return "no decision alert on disk_exhaustion at /srv is in Alertmanager: is it in Prometheus' alerting section?"


def unheard(town: Town) -> str:
    return "the actor has heard of no decision on disk_exhaustion at /srv in the last 30 days: is it a receiver of Alertmanager?"


def rules_not_loaded(town: Town) -> str:
    lay(town, without(whole(), *NO_DECISION))
    return "Prometheus has decided nothing about disk_exhaustion at /srv, though it sees it: ask again in a minute, and if that stays, ask homeostat doctor about the rules"


def exporter_not_scraped(town: Town) -> str:
    lay(town, without(whole(), *NO_DECISION, "homeostat_problem_confidence_ratio", "target:homeostat_problem:info"))
    return "Prometheus sees no disk_exhaustion at /srv"


def exporter_down(town: Town) -> str:
    town.configure(exporter={"url": "http://127.0.0.1:9"})
    lay(town, without(whole(), *NO_DECISION, "homeostat_problem_confidence_ratio"))
    return "http://127.0.0.1:9 gave no answer: ConnectionError; is the daemon running?"


def prometheus_down(town: Town) -> str:
    town.configure(prometheus={"url": "http://127.0.0.1:9"})
    return "Prometheus decides nothing that could be read: Prometheus at http://127.0.0.1:9 gave no answer"


def alertmanager_down(town: Town) -> str:
    town.configure(alertmanager={"url": "http://127.0.0.1:9"})
    return "Alertmanager does not say whether the decision is silenced (Alertmanager at http://127.0.0.1:9 gave no answer: ConnectionError)"


NOTHING = (
    not_asserted, no_action_known, below_every_threshold, silenced, never_arrived, unheard, rules_not_loaded, exporter_not_scraped, exporter_down, prometheus_down,
    alertmanager_down,
)  # fmt: skip


@pytest.mark.parametrize("cause", NOTHING, ids=lambda cause: cause.__name__)
def test_of_nothing_the_first_closed_link_is_named_first(told: Town, cause: Any) -> None:
    told.decisions, told.stories = [], {}
    said = cause(told)
    assert short(told).startswith(f"Nothing happened because {said}")


@pytest.mark.parametrize("cause", [cause for cause in NOTHING if cause is not unheard], ids=lambda cause: cause.__name__)
def test_a_link_that_is_closed_now_stands_before_what_the_actor_said_before(told: Town, cause: Any) -> None:
    happened(told, outcome="refused", reason="cooldown: too soon", acted_at=None)
    said = cause(told)
    assert short(told).startswith(f"Nothing happened because {said}")


def test_of_an_actor_that_does_not_answer_nobody_says_that_it_did_nothing(told: Town) -> None:
    told.configure(links={"console": "http://127.0.0.1:9"})
    silent = "Whether anything was done is not known: the actor does not say what it does: http://127.0.0.1:9 gave no answer: ConnectionError; is the daemon running?"
    assert short(told) == silent
    prometheus_down(told)
    assert short(told) == silent


def test_a_prometheus_that_is_down_is_told_without_the_long_question_that_it_was_asked(told: Town) -> None:
    told.decisions, told.stories = [], {}
    prometheus_down(told)
    assert len(short(told)) < 350
    assert "Connection refused" in short(told)


def test_a_gate_that_says_no_is_named_when_all_before_it_is_open(told: Town) -> None:
    happened(told, outcome="refused", reason="cooldown: it ran there 3m ago", acted_at=None)
    assert short(told) == "Nothing happened because cooldown: it ran there 3m ago."


def test_a_decision_that_became_more_than_the_actor_heard_is_said_to_be_on_its_way(told: Town) -> None:
    happened(told, outcome="alerted", decision="alert-only", reason="confidence asks for a person's eyes only", acted_at=None)
    assert short(told) == "Nothing happened because the actor last heard of it as no more than an alert, and has not heard yet that it became more."


def test_what_was_done_in_an_episode_that_goes_on_is_told_though_the_problem_is_no_longer_asserted(told: Town) -> None:
    not_asserted(told)
    assert short(told).startswith("disk-cleanup was run at /srv at ")


def test_what_was_done_in_an_episode_that_is_over_is_no_answer_for_one_that_is_decided_now(told: Town) -> None:
    happened(told, episode_ended_at=1_700_000_700.0)
    assert short(told) == "Nothing happened because the actor has heard of no decision since its last episode ended at 2023-11-14T22:25:00Z."


def test_what_was_done_last_is_told_first_when_nothing_is_decided_any_more(told: Town) -> None:
    happened(told, episode_ended_at=1_700_000_700.0)
    said = not_asserted(told)
    done = "disk-cleanup was run at /srv at 2023-11-14T22:13:30Z; it is verified: memory fell. Its episode ended at 2023-11-14T22:25:00Z, and nothing happened since because"
    assert short(told) == f"{done} {said}."
    told.exporter["forecast"] = Reply({"error": "no target '/srv' is forecast now; did you mean '/srv2' on h1?"}, 404)
    assert short(told) == f"{done} no target '/srv' is forecast now; did you mean '/srv2' on h1?"


def test_of_what_was_not_done_only_now_counts_when_its_episode_is_over(told: Town) -> None:
    happened(told, outcome="refused", reason="cooldown: too soon", acted_at=None, episode_ended_at=1_700_000_700.0)
    said = not_asserted(told)
    assert short(told) == f"Nothing happened because {said}."


def test_a_target_that_nobody_knows_is_told_in_words(town: Town) -> None:
    assert short(town, "nobody", 1) == "Nothing happened because no such target is forecast now."


def test_every_problem_of_a_target_is_told_what_is_decided_first(told: Town) -> None:
    other = forecast(problem="inode_exhaustion", resource="inodes", asserted=False, assertion=None, why_not="it is far away")
    told.exporter["forecast"] = Reply({"forecasts": [other, forecast()]})
    lines = told.run("why", "/srv").output.splitlines()
    assert lines.index("disk_exhaustion at /srv (filesystem)") < lines.index("inode_exhaustion at /srv (inodes)")
    assert "Nothing happened because no inode_exhaustion is asserted at /srv: it is far away." in lines


def test_an_exporter_that_does_not_answer_here_is_no_cause_while_prometheus_has_its_word(told: Town) -> None:
    told.configure(exporter={"url": "http://127.0.0.1:9"})
    happened(told, outcome="refused", reason="cooldown: too soon", acted_at=None)
    assert short(told) == "Nothing happened because cooldown: too soon."


def test_an_alert_of_ours_is_taken_for_its_targets(told: Town) -> None:
    lines = told.run("why", "HomeostatAutoExecute").output.splitlines()
    assert lines[:3] == ["HomeostatAutoExecute in Alertmanager is about /srv.", "", "disk_exhaustion at /srv (filesystem)"]
    assert told.run("why", "8d2f1a3c5e7b9046").output.splitlines()[0] == "8d2f1a3c5e7b9046 in Alertmanager is about /srv."


def test_an_alert_of_ones_own_is_taken_for_what_the_configuration_maps_it_to(told: Town) -> None:
    mapped = {"alert": "DiskSlow", "problem": "disk_exhaustion", "resource": "filesystem", "confidence": 0.9, "target_label": "mountpoint"}
    told.configure(exporter={"targets": {"alert": [mapped]}})
    told.alerts.append({**alert(), "labels": {"alertname": "DiskSlow", "mountpoint": "/srv"}})
    assert told.run("why", "DiskSlow").output.splitlines()[0] == "DiskSlow in Alertmanager is about /srv."


def test_an_alert_that_does_not_fire_is_said_so_and_its_one_target_is_explained(told: Town) -> None:
    assert told.run("why", "HomeostatPropose").output == "Alertmanager has no alert HomeostatPropose now: it does not fire, or has not arrived.\n"
    mapped = {"alert": "DiskSlow", "problem": "disk_exhaustion", "resource": "filesystem", "confidence": 0.9, "target": "/srv"}
    told.configure(exporter={"targets": {"alert": [mapped]}})
    lines = told.run("why", "DiskSlow").output.splitlines()
    assert (lines[0], lines[2]) == ("Alertmanager has no alert DiskSlow now: it does not fire, or has not arrived.", "disk_exhaustion at /srv (filesystem)")


def test_an_alert_of_another_host_is_about_no_target_here(told: Town) -> None:
    told.alerts = [alert(labels={"alertname": "HomeostatAutoExecute", **NAMES, "host": "elsewhere"})]
    assert told.run("why", "HomeostatAutoExecute").output.startswith("HomeostatAutoExecute in Alertmanager is about no target of h1;")


def test_doors_that_hang_hold_nothing_up_for_long_and_the_rest_is_told(told: Town) -> None:
    told.configure(prometheus={"timeout": "1m"}, alertmanager={"timeout": "1m"})
    over = threading.Event()

    def answer(asked: Asked) -> Reply:
        if asked.path == "/api/v1/query" or asked.path.startswith("/api/v2/"):
            over.wait(60)
        return told.answer(asked)

    told.site.answer = answer
    began = time.monotonic()
    assert short(told).startswith("disk-cleanup was run at /srv")
    output = told.run("why", "/srv").output
    over.set()
    assert time.monotonic() - began < 15
    assert "  Prometheus does not say: no answer within 5 s." in output.splitlines()
    assert "  It grows by 2 GB a day since Tuesday." in output.splitlines()


@pytest.mark.parametrize("subject", ["../status", "a b", "\x1b[2J", '"} or up{job="', "%2e%2e", "Homeostat\x1b[2J"])
def test_a_subject_of_any_kind_asks_about_itself_and_nothing_else(town: Town, subject: str) -> None:
    result = town.run("why", subject)
    # Of what begins as an alert of ours Alertmanager is asked, and it knows of none.
    assert result.exit_code == (0 if subject.startswith("Homeostat") else 1)
    assert "\x1b" not in result.output
    assert {asked.path for asked in town.asked("GET")} <= {"/api/v1/decisions", "/api/v1/forecast", "/api/v2/alerts", "/api/v2/silences"}


def test_a_hostile_reason_does_not_steer_the_terminal(told: Town) -> None:
    happened(told, reason="\x1b[2J\nforged: line")
    output = told.run("why", "/srv").output
    assert "\x1b" not in output
    assert "\\x1b[2J\\nforged: line" in output

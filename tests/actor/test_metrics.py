"""`/metrics`: promtool accepts it, every series bears its host, and each number is what the journal says."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from actor.feasibility import ask_feasibility
from actor.journal import ledger
from actor.model import Breaker
from actor.reconcile import reconcile
from actor.situation import ask_silences
from homeostat.alertmanager import Matcher
from homeostat.clock import rfc3339
from homeostat.words import DECISIONS, MODES, RISKS, STATES
from tests.actor.web import AS_OPERATOR, Pages, pages_of, payload
from tests.support import DAY, DISK, HOST, HOUR, WEB, Actor, Host, silence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric
    from prometheus_client.samples import Sample

# What the rules, the dashboard and the other parts read from the actor.
PROMISED = {
    "homeostat_problem_action_info", "homeostat_action_historical_success_ratio", "homeostat_action_trials", "homeostat_action_impact_certainty_ratio",
    "homeostat_action_rollback_feasibility_ratio", "homeostat_action_learned_offset_ratio", "homeostat_prediction_floor_ratio", "homeostat_trials_floor",
    "homeostat_actor_ready", "homeostat_action_min_confidence_ratio", "homeostat_confidence_weight_ratio", "homeostat_autonomy_threshold_ratio",
    "homeostat_deliveries_total", "homeostat_alerts_received_total", "homeostat_alerts_decided_total", "homeostat_alerts_pending",
    "homeostat_webhook_requests_total", "homeostat_webhook_unauthenticated_total", "homeostat_api_unauthenticated_total", "homeostat_actions_total", "homeostat_action_last_timestamp_seconds",
    "homeostat_gate_refusals_total", "homeostat_action_duration_seconds_bucket", "homeostat_decision_confidence_ratio_bucket",
    "homeostat_resolution_seconds_bucket", "homeostat_mode", "homeostat_breaker_open", "homeostat_paused", "homeostat_incidents",
    "homeostat_journal_writable", "homeostat_actor_last_loop_timestamp_seconds", "homeostat_links_info", "homeostat_actor_build_info",
    "homeostat_autonomy_level", "homeostat_actions_per_day_limit", "homeostat_actor_process_cpu_seconds_total", "homeostat_actor_process_resident_memory_bytes",
    "homeostat_config_last_reload_successful", "homeostat_config_last_reload_success_timestamp_seconds",
}  # fmt: skip


class Scrape:
    """What Prometheus sees."""

    def __init__(self, pages: Pages) -> None:
        # As the loop's thread does every minute.
        pages.service.world.feasibility = ask_feasibility(pages.service.world)
        answer = pages.client.get("/metrics")
        assert answer.status_code == 200
        self.text = answer.text
        self.families: list[Metric] = list(text_string_to_metric_families(self.text))

    def samples(self, name: str, **labels: str) -> list[Sample]:
        every = [sample for family in self.families for sample in family.samples]
        return [sample for sample in every if sample.name == name and labels.items() <= sample.labels.items()]

    def value(self, name: str, **labels: str) -> float:
        (sample,) = self.samples(name, **labels)
        return float(sample.value)

    def names(self) -> set[str]:
        return {sample.name for family in self.families for sample in family.samples}


@pytest.fixture
def pages(actor: Actor) -> Pages:
    return pages_of(actor)


@pytest.fixture
def busy(actor: Actor, pages: Pages) -> Pages:
    """Return an actor that has seen everything: a cleanup, a failed restart, a refusal with a hostile target, a proposal, an ended episode."""
    for number in range(6):
        actor.host.log(f"app.log.{number}", 32)
    actor.decide(DISK, "disk-cleanup")
    (actor.host.service / "refuses").touch()
    actor.decide(WEB, "service-restart")
    actor.decide(WEB._replace(target='$(reboot)\n"\\\0\u202e'), "service-restart")
    actor.decide(WEB._replace(problem="fd_exhaustion", resource="fds"), "service-restart", "propose")
    actor.turn()
    actor.prometheus.forget(DISK)
    # Prometheus must have seen for a while before an episode is over.
    for _ in range(2):
        actor.clock.advance(700)
        reconcile(actor.world)
    pages.client.post("/webhook", data=payload())
    return pages


def test_promtool_accepts_it(busy: Pages) -> None:
    checked = subprocess.run(["promtool", "check", "metrics"], input=Scrape(busy).text.encode(), capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_promtool_accepts_an_actor_that_has_seen_nothing(pages: Pages) -> None:
    checked = subprocess.run(["promtool", "check", "metrics"], input=Scrape(pages).text.encode(), capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_everything_that_others_read_is_there_once_it_happened(busy: Pages) -> None:
    assert Scrape(busy).names() >= PROMISED


def test_every_series_bears_its_host(busy: Pages) -> None:
    assert [sample for family in Scrape(busy).families for sample in family.samples if sample.labels.get("host") != HOST] == []


def test_everything_bears_our_prefix(busy: Pages) -> None:
    assert {name for name in Scrape(busy).names() if not name.startswith("homeostat_")} == set()


def test_no_series_is_told_twice(busy: Pages) -> None:
    lines = [line.rpartition(" ")[0] for line in Scrape(busy).text.splitlines() if not line.startswith("#")]
    assert len(lines) == len(set(lines))


def test_registering_asks_for_nothing(actor: Actor, pages: Pages) -> None:
    actor.journal.close()
    CollectorRegistry().register(pages.collector)
    actor.journal = actor.restarted().journal


def test_the_terms_of_a_new_action(pages: Pages) -> None:
    scrape = Scrape(pages)
    assert scrape.value("homeostat_action_historical_success_ratio", action="disk-cleanup") == 0.5
    assert scrape.value("homeostat_action_trials", action="disk-cleanup") == 0
    assert scrape.value("homeostat_action_impact_certainty_ratio", action="disk-cleanup") == 0.95
    assert scrape.value("homeostat_action_rollback_feasibility_ratio", action="disk-cleanup") == 1
    assert scrape.value("homeostat_action_rollback_feasibility_ratio", action="service-restart") == 0.8
    assert scrape.value("homeostat_action_learned_offset_ratio", action="disk-cleanup") == 0
    assert scrape.value("homeostat_action_min_confidence_ratio", action="disk-cleanup") == 0


def test_one_action_answers_a_problem(pages: Pages) -> None:
    scrape = Scrape(pages)
    (answer,) = scrape.samples("homeostat_problem_action_info", problem="memory_leak")
    assert (answer.labels["action"], answer.labels["risk"], answer.value) == ("service-restart", "low", 1)


def test_feasibility_is_the_least_over_the_configured_targets_and_nothing_without_any(host: Host) -> None:
    actor = Actor(host, filesystems={"gone": {"path": "/nowhere"}})
    assert Scrape(pages_of(actor)).value("homeostat_action_rollback_feasibility_ratio", action="disk-cleanup") == 0
    actor.journal.close()
    host.folder = host.folder / "other"
    actor = Actor(host, services={})
    actor.world.config = actor.config = type(actor.config)(host=HOST)
    assert Scrape(pages_of(actor)).value("homeostat_action_rollback_feasibility_ratio", action="service-restart") == 0
    actor.journal.close()


@pytest.mark.parametrize(("level", "mode", "low"), [("conservative", "active", 0.95), ("moderate", "active", 0.9), ("aggressive", "active", 0.75), ("aggressive", "interactive", 2)])
def test_every_cell_of_the_matrix_is_a_series(host: Host, level: str, mode: str, low: float) -> None:
    actor = Actor(host, autonomy={"level": level, "mode": mode})
    scrape = Scrape(pages_of(actor))
    cells = {(sample.labels["risk"], sample.labels["decision"]): sample.value for sample in scrape.samples("homeostat_autonomy_threshold_ratio")}
    assert set(cells) == {(risk, decision) for risk in RISKS for decision in DECISIONS[:3]}
    assert cells["low", "auto-execute"] == low
    assert {cells[risk, "propose"] for risk in RISKS} == {0.7}
    assert {cells["medium", "auto-execute"], cells["high", "auto-execute"], cells["high", "notify-execute"]} == {2}
    actor.journal.close()


def test_the_weights_are_those_of_the_spec(pages: Pages) -> None:
    weights = {sample.labels["term"]: sample.value for sample in Scrape(pages).samples("homeostat_confidence_weight_ratio")}
    assert weights == {"prediction": 0.3, "historical_success": 0.3, "impact_certainty": 0.2, "rollback_feasibility": 0.2}


def test_the_owners_weights_are_served(host: Host) -> None:
    actor = Actor(host, autonomy={"weights": {"prediction": 0.5, "historical_success": 0.1}})
    weights = {sample.labels["term"]: sample.value for sample in Scrape(pages_of(actor)).samples("homeostat_confidence_weight_ratio")}
    assert weights == {"prediction": 0.5, "historical_success": 0.1, "impact_certainty": 0.2, "rollback_feasibility": 0.2}
    actor.journal.close()


def test_exactly_one_level_is_on_and_each_entry_of_the_schedule_says_whether_it_holds(host: Host) -> None:
    entries = [{"name": name, "when": [{"months": [month]}], "level": "conservative"} for name, month in (("november", 11), ("may", 5))]
    actor = Actor(host, autonomy={"level": "aggressive", "schedule": entries})
    scrape = Scrape(pages_of(actor))
    assert {sample.labels["level"]: sample.value for sample in scrape.samples("homeostat_autonomy_level")} == {"conservative": 1, "moderate": 0, "aggressive": 0}
    assert {sample.labels["entry"]: sample.value for sample in scrape.samples("homeostat_schedule_active")} == {"november": 1, "may": 0}
    assert scrape.value("homeostat_actions_per_day_limit") == 10
    actor.journal.close()


def test_exactly_one_mode_is_on(pages: Pages) -> None:
    modes = {sample.labels["mode"]: sample.value for sample in Scrape(pages).samples("homeostat_mode")}
    assert modes == dict.fromkeys(MODES, 0) | {"active": 1}


def test_every_state_is_counted_also_at_zero(busy: Pages) -> None:
    states = {sample.labels["state"]: sample.value for sample in Scrape(busy).samples("homeostat_incidents")}
    assert set(states) == set(STATES)
    assert (states["proposed"], states["running"]) == (1, 0)


def test_readiness_is_told(actor: Actor, pages: Pages) -> None:
    assert Scrape(pages).value("homeostat_actor_ready") == 0
    actor.world.ready.set()
    assert Scrape(pages).value("homeostat_actor_ready") == 1


def pauses(pages: Pages) -> set[tuple[str, str, str, str, float]]:
    """Return what is held back now: by what, what, by whom, why, and until when."""
    found = Scrape(pages).samples("homeostat_pause_until_timestamp_seconds", host=HOST)
    return {(*(sample.labels[name] for name in ("by", "scope", "author", "reason")), sample.value) for sample in found}


def test_what_is_held_back_is_told_with_who_why_and_until_when(pages: Pages, actor: Actor) -> None:
    assert pauses(pages) == set()
    actor.stop("by ada at 2023-11-14T22:00:00Z: enough")
    with actor.journal.transaction() as db:
        ledger.put_breaker(db, Breaker(scope="service-restart/web", failures=2, open_until=actor.clock.now() + HOUR, openings=1))
    ends = rfc3339(actor.clock.now() + DAY)
    one = msgspec.structs.replace(silence(Matcher("target", "web")), ends_at=ends)
    # A second one that says the same, and longer: one series.
    longer = msgspec.structs.replace(one, id="s2", ends_at=rfc3339(actor.clock.now() + 2 * DAY))
    over = msgspec.structs.replace(one, id="s3", created_by="bob", ends_at=rfc3339(actor.clock.now() - 1))
    foreign = msgspec.structs.replace(one, id="s4", matchers=(Matcher("alertname", "HostDown"),))
    actor.alertmanager.active = [one, longer, over, foreign]
    actor.world.silences = ask_silences(actor.world)
    assert pauses(pages) == {
        ("stop", "everything", "ada", "enough (since 2023-11-14T22:00:00Z)", 0.0),
        ("breaker", "service-restart/web", "homeostat", "2 failures in a row", actor.clock.now() + HOUR),
        ("silence", "target web", "ada", "maintenance", actor.clock.now() + 2 * DAY),
    }


def test_peoples_words_are_cut_and_counted_before_they_become_labels(pages: Pages, actor: Actor) -> None:
    long = silence(Matcher("target", "web"), comment="because\n\t" + "x" * 1000)
    actor.alertmanager.active = [msgspec.structs.replace(long, id=str(number), created_by=f"a{number}", ends_at="2030-01-01T00:00:00Z") for number in range(70)]
    actor.world.silences = ask_silences(actor.world)
    found = pauses(pages)
    assert len(found) == 50
    assert {reason for _, _, _, reason, _ in found} == {f"because {'x' * 109}..."}


def paused(pages: Pages) -> dict[str, float]:
    return {sample.labels["by"]: sample.value for sample in Scrape(pages).samples("homeostat_paused")}


def test_what_pauses_is_told_apart(actor: Actor, pages: Pages) -> None:
    assert paused(pages) == {"breaker": 0, "stop": 0, "silence": 0}
    actor.stop()
    with actor.journal.transaction() as db:
        ledger.put_breaker(db, Breaker(scope="global", failures=3, open_until=actor.clock.now() + HOUR, openings=1))
    actor.alertmanager.active = [silence(Matcher("alertname", "HomeostatAutoExecute|HomeostatNotifyExecute", is_regex=True), Matcher("host", HOST))]
    actor.world.silences = ask_silences(actor.world)
    assert paused(pages) == {"breaker": 1, "stop": 1, "silence": 1}
    assert Scrape(pages).value("homeostat_breaker_open", scope="global") == 1
    actor.clock.advance(DAY)
    assert paused(pages)["breaker"] == 0


def test_a_silence_whose_pattern_python_cannot_read_does_not_take_the_metrics_away(actor: Actor, pages: Pages) -> None:
    actor.alertmanager.active = [silence(Matcher("alertname", r"\p{Lu}.*", is_regex=True))]
    actor.world.silences = ask_silences(actor.world)
    assert paused(pages)["silence"] == 1


def test_requests_without_the_operators_credential_are_counted(pages: Pages) -> None:
    for headers in ({}, {"Authorization": "Bearer intake-4f8a1c09d2e7b365"}, AS_OPERATOR):
        pages.client.post("/api/v1/breakers/reset", headers=headers)
    assert Scrape(pages).value("homeostat_api_unauthenticated_total") == 2


def test_webhook_answers_are_counted(pages: Pages) -> None:
    pages.client.post("/webhook", data=b"{}")
    pages.client.post("/webhook", data=payload(), headers={"Authorization": "Bearer intake-4f8a1c09d2e7b365"})
    scrape = Scrape(pages)
    codes = {sample.labels["code"]: sample.value for sample in scrape.samples("homeostat_webhook_requests_total")}
    assert codes == {"202": 1, "400": 0, "401": 1, "413": 0, "503": 0}
    assert scrape.value("homeostat_webhook_unauthenticated_total") == 1
    assert scrape.value("homeostat_alerts_pending") == 1


def counters(pages: Pages) -> Iterator[tuple[tuple[str, ...], float]]:
    for family in Scrape(pages).families:
        # What is told of this process begins anew with it.
        if family.type in {"counter", "histogram"} and not {"webhook", "process"} & set(family.name.split("_")):
            for sample in family.samples:
                yield (sample.name, *sorted(f"{name}={value}" for name, value in sample.labels.items())), sample.value


def test_what_verification_saw_and_how_episodes_were_acted_on_is_counted(busy: Pages) -> None:
    scrape = Scrape(busy)
    assert scrape.value("homeostat_verifications_total", action="disk-cleanup", finding="verified") == 1
    assert scrape.value("homeostat_incidents_ended_total", problem="disk_exhaustion", decision="auto-execute", acted="before") == 1


def test_counters_survive_a_restart_and_never_fall(actor: Actor, busy: Pages) -> None:
    before = dict(counters(busy))
    assert before
    after = dict(counters(pages_of(actor.restarted())))
    assert after == before


def test_histograms_hold_what_happened(busy: Pages) -> None:
    scrape = Scrape(busy)
    assert scrape.value("homeostat_action_duration_seconds_count", action="disk-cleanup") == 1
    assert scrape.value("homeostat_resolution_seconds_count", problem="disk_exhaustion") == 1
    assert scrape.value("homeostat_action_confidence_ratio_count", action="disk-cleanup") >= 1
    buckets = [sample.value for sample in scrape.samples("homeostat_decision_confidence_ratio_bucket", decision="auto-execute")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 3


def test_when_an_action_last_ran_is_told_by_target_and_resource(actor: Actor, busy: Pages) -> None:
    (last,) = Scrape(busy).samples("homeostat_action_last_timestamp_seconds", action="disk-cleanup")
    assert (last.labels["target"], last.labels["resource"]) == ("disk", "filesystem")
    assert last.value <= actor.clock.now()

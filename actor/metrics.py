"""What the actor tells Prometheus, read from the journal at scrape time: the rules' terms, and what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from actor.calibration import brier_score, reliability
from actor.feasibility import known_ratios
from actor.holding import pauses
from actor.journal import feedback, incidents, intake, ledger, selftests, totals, trials
from actor.learn import decayed, record_with_import, success_ratio
from actor.ranking import answers, answers_here, ranking
from homeostat import __version__
from homeostat.config import in_force
from homeostat.doctor.examination import counted
from homeostat.hops import HOP_NAMES
from homeostat.words import DECISIONS, LEVELS, MODES, RISKS, STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from actor.calibration import Bin
    from actor.loop import Loop
    from actor.playbook import Playbook
    from actor.service import Service
    from actor.world import World
    from homeostat.config.autonomy import InForce

_COUNTERS = {
    "homeostat_deliveries_total": ("Deliveries stored, by where they came from.", ("source",)),
    "homeostat_alerts_received_total": ("Alerts stored.", ("source",)),
    "homeostat_alerts_decided_total": ("Stored alerts decided, by what became of them.", ("disposition",)),
    "homeostat_actions_total": ("Incidents ended, by outcome.", ("action", "target", "decision", "outcome")),
    "homeostat_action_recurrences_total": ("Executions whose problem came back within an hour, by what they had ended as.", ("action", "target", "outcome")),
    "homeostat_protections_pruned_total": ("What made actions undoable and was deleted, by why it went.", ("protection", "reason")),
    "homeostat_gate_refusals_total": ("Gates that did not allow.", ("gate", "action")),
    "homeostat_journal_pruned_total": ("Rows that the journal has kept long enough and removed.", ("kind",)),
}
_HISTOGRAMS = {
    "homeostat_action_duration_seconds": ("How long executed actions took, from the gates' yes to the outcome.", ("action",)),
    "homeostat_decision_confidence_ratio": ("Confidence of the decisions heard of.", ("decision",)),
    "homeostat_resolution_seconds": ("How long problems lasted, from noticed to confirmed gone.", ("problem",)),
}


class Collector:
    """Reads everything afresh at each scrape; it has `describe` so that registering asks for nothing."""

    def __init__(self, service: Service, loop: Loop) -> None:
        """Read from `service`'s world and from `loop`."""
        self._service = service
        self._loop = loop
        self.reloaded: tuple[bool, float] = (True, 0.0)

    def describe(self) -> Iterable[Metric]:
        """Name nothing in advance."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        world = self._service.world
        yield from _terms(world)
        yield from _thresholds(world)
        yield from _state(world)
        yield from _learned(world)
        yield from _totals(world)
        yield from _examined(self._service)
        yield from _selftests(world)
        yield from self._self()

    def _self(self) -> Iterator[Metric]:
        world = self._service.world
        yield _gauge(world, "homeostat_actor_last_loop_timestamp_seconds", "When the loop last came round.", self._loop.last_turn)
        yield _gauge(world, "homeostat_alerts_pending", "Alerts stored and not yet decided.", intake.pending(world.journal))
        codes = CounterMetricFamily("homeostat_webhook_requests_total", "Answers of the webhook, by status code.", labels=["host", "code"])
        for code, count in sorted(self._service.requests.read().items()):
            codes.add_metric([world.config.host, str(code)], count)
        yield codes
        refused = CounterMetricFamily("homeostat_webhook_unauthenticated_total", "Deliveries without a valid credential.", labels=["host"])
        refused.add_metric([world.config.host], self._service.requests.read()[401])
        yield refused
        strangers = CounterMetricFamily("homeostat_api_unauthenticated_total", "Requests to the API and logins at the console without the operator's credential.", labels=["host"])
        strangers.add_metric([world.config.host], self._service.api_requests.read()[401])
        yield strangers
        succeeded, at = self.reloaded
        reloaded = GaugeMetricFamily("homeostat_config_last_reload_successful", "Whether the last reload was taken over.", labels=["host", "daemon"])
        reloaded.add_metric([world.config.host, "actor"], float(succeeded))
        yield reloaded
        when = GaugeMetricFamily("homeostat_config_last_reload_success_timestamp_seconds", "When a configuration was last taken over.", labels=["host", "daemon"])
        when.add_metric([world.config.host, "actor"], at)
        yield when


def _gauge(world: World, name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["host"])
    family.add_metric([world.config.host], value)
    return family


def _terms(world: World) -> Iterator[Metric]:
    """Yield what the confidence is made of, per action, and which action answers which problem."""
    host, journal, config, now = world.config.host, world.journal, world.config, world.clock.now()
    info = GaugeMetricFamily("homeostat_problem_action_info", "The action that answers a problem here, and its risk.", labels=["host", "problem", "action", "risk"])
    ranked = ranking(journal, config, world.playbooks)
    for problem, playbook in answers(ranked).items():
        info.add_metric([host, problem, playbook.name, playbook.file.risk], 1)
    for (problem, target), playbook in answers_here(journal, ranked).items():
        labels = {"host": host, "problem": problem, "target": target, "action": playbook.name, "risk": playbook.file.risk}
        info.add_sample(info.name, labels, 1)
    yield info
    ranks = GaugeMetricFamily("homeostat_problem_action_rank", "The place of an action among those for a problem; 1 answers it.", labels=["host", "problem", "action"])
    for problem, playbooks in ranked.items():
        for place, playbook in enumerate(playbooks, 1):
            ranks.add_metric([host, problem, playbook.name], place)
    yield ranks
    feasible = known_ratios(world)
    families: dict[str, tuple[str, Callable[[Playbook], float | None]]] = {
        "homeostat_action_historical_success_ratio": ("Successes over trials, with Jeffreys' prior.", lambda playbook: success_ratio(*record_with_import(journal, config, playbook))),
        "homeostat_action_trials": ("Trials in the record, imported ones too.", lambda playbook: record_with_import(journal, config, playbook)[1]),
        "homeostat_action_impact_certainty_ratio": ("How sure the playbook is of its effect.", lambda playbook: playbook.file.impact_certainty),
        "homeostat_action_rollback_feasibility_ratio": ("1 when what is lost can be made good now.", lambda playbook: feasible.get(playbook.name)),
        "homeostat_action_learned_offset_ratio": ("What was learned, -0.30 to +0.05.", lambda playbook: decayed(ledger.offset_of(journal, playbook.name), now)),
        "homeostat_action_min_confidence_ratio": ("A person's own threshold for executing this action; 0 is unset.", lambda playbook: _min_confidence(world, playbook)),
    }
    for name, (text, read) in families.items():
        family = GaugeMetricFamily(name, text, labels=["host", "action"])
        for playbook in world.playbooks.values():
            value = read(playbook)
            if value is not None:
                family.add_metric([host, playbook.name], value)
        yield family


def _learned(world: World) -> Iterator[Metric]:
    """Yield the record of each action at each target, how well confidence foretold success, and what people marked."""
    host, journal = world.config.host, world.journal
    ratios = GaugeMetricFamily("homeostat_action_target_success_ratio", "Successes over trials at one target, with Jeffreys' prior.", labels=["host", "action", "target"])
    counts = GaugeMetricFamily("homeostat_action_target_trials", "Trials at one target.", labels=["host", "action", "target"])
    for target, record in ledger.records(journal):
        ratios.add_metric([host, record.action, target], success_ratio(record.successes, record.trials))
        counts.add_metric([host, record.action, target], record.trials)
    yield ratios
    yield counts
    tried = trials.latest(journal)
    score = brier_score(tried)
    if score is not None:
        yield _gauge(world, "homeostat_decision_brier_score", "Mean squared error of the confidence of executed decisions; 0 at best.", score)
    yield from _reliability(host, reliability(tried))
    marks = GaugeMetricFamily("homeostat_feedback_incidents", "Incidents by a person's mark; unnecessary is a false positive.", labels=["host", "action", "mark"])
    for of_host, action, mark, number in feedback.counted(journal):
        marks.add_metric([of_host, action, mark], number)
    yield marks


def _reliability(host: str, bins: Iterable[Bin]) -> Iterator[Metric]:
    families = {
        "trials": GaugeMetricFamily("homeostat_decision_calibration_trials", "Executed decisions, by the upper bound of their confidence.", labels=["host", "most"]),
        "expected": GaugeMetricFamily("homeostat_decision_calibration_expected", "Successes that their confidence foretold.", labels=["host", "most"]),
        "observed": GaugeMetricFamily("homeostat_decision_calibration_observed", "Successes that came.", labels=["host", "most"]),
    }
    for found in bins:
        for name, family in families.items():
            family.add_metric([host, f"{found.most:g}"], getattr(found, name))
    yield from families.values()


def _min_confidence(world: World, playbook: Playbook) -> float:
    override = world.config.autonomy.actions.get(playbook.name)
    return override.min_confidence if override is not None else 0.0


def _thresholds(world: World) -> Iterator[Metric]:
    host, autonomy = world.config.host, world.config.autonomy
    standing = in_force(autonomy, world.clock.now())
    cells = GaugeMetricFamily("homeostat_autonomy_threshold_ratio", "The confidence that a decision must exceed; 2 is never.", labels=["host", "risk", "decision"])
    for risk in RISKS:
        for decision in DECISIONS[:3]:
            cells.add_metric([host, risk, decision], standing.threshold(risk, decision))
    yield cells
    weights = GaugeMetricFamily("homeostat_confidence_weight_ratio", "The weight of each term.", labels=["host", "term"])
    for term, weight in msgspec.structs.asdict(autonomy.weights).items():
        weights.add_metric([host, term], weight)
    yield weights
    yield from _in_force(host, standing)
    predictions = GaugeMetricFamily("homeostat_prediction_floor_ratio", "The prediction that executing needs.", labels=["host", "decision"])
    trials = GaugeMetricFamily("homeostat_trials_floor", "The trials that executing needs.", labels=["host", "decision"])
    for decision, prediction, least in (
        ("auto-execute", autonomy.prediction_floor.auto_execute, autonomy.trials_floor.auto_execute),
        ("notify-execute", autonomy.prediction_floor.notify_execute, autonomy.trials_floor.notify_execute),
    ):
        predictions.add_metric([host, decision], prediction)
        trials.add_metric([host, decision], least)
    yield predictions
    yield trials


def _in_force(host: str, standing: InForce) -> Iterator[Metric]:
    """Yield which level and budget hold at this moment, and by which entry of the schedule."""
    levels = GaugeMetricFamily("homeostat_autonomy_level", "The level in force.", labels=["host", "level"])
    for level in LEVELS:
        levels.add_metric([host, level], float(level == standing.level))
    yield levels
    limit = GaugeMetricFamily("homeostat_actions_per_day_limit", "How many actions may run within 24 hours, by what is in force.", labels=["host"])
    limit.add_metric([host], standing.max_actions_per_day)
    yield limit
    active = GaugeMetricFamily("homeostat_schedule_active", "Whether an entry of the schedule is in force.", labels=["host", "entry"])
    for entry in standing.autonomy.schedule:
        active.add_metric([host, entry.name], float(entry is standing.entry))
    yield active


def _state(world: World) -> Iterator[Metric]:
    host, now = world.config.host, world.clock.now()
    yield _gauge(world, "homeostat_actor_ready", "1 once complete data is served.", float(world.ready.is_set()))
    yield _gauge(world, "homeostat_journal_size_bytes", "What the journal takes on disk, with its write-ahead log.", world.journal.size_bytes())
    yield _gauge(world, "homeostat_journal_writable", "Whether the last commit reached the disk.", float(world.journal.writable))
    mode = GaugeMetricFamily("homeostat_mode", "The mode in force.", labels=["host", "mode"])
    for name in MODES:
        mode.add_metric([host, name], float(name == world.config.autonomy.mode))
    yield mode
    open_now = {breaker.scope: float(breaker.standing(now) == "open") for breaker in ledger.breakers(world.journal)}
    breaker_open = GaugeMetricFamily("homeostat_breaker_open", "Whether a breaker is open.", labels=["host", "scope"])
    for scope, is_open in {"global": 0.0, **open_now}.items():
        breaker_open.add_metric([host, scope], is_open)
    yield breaker_open
    paused = GaugeMetricFamily("homeostat_paused", "What keeps everything from acting.", labels=["host", "by"])
    for by, holding in (("breaker", open_now.get("global", 0.0)), ("stop", float(world.stop.reason() is not None)), ("silence", float(_all_silenced(world)))):
        paused.add_metric([host, by], holding)
    yield paused
    yield pauses(world)
    states = GaugeMetricFamily("homeostat_incidents", "Incidents on their way, by state.", labels=["host", "state"])
    counted = {row["state"]: row["n"] for row in world.journal.rows("SELECT state, count(*) AS n FROM incidents WHERE state IS NOT NULL GROUP BY state")}
    for state in STATES:
        states.add_metric([host, state], counted.get(state, 0))
    yield states
    proposals = GaugeMetricFamily(
        "homeostat_proposal_expires_timestamp_seconds", "When a waiting proposal expires.", labels=["host", "problem", "target", "resource", "action"]
    )
    for incident, expires_at in incidents.waiting_proposals(world.journal):
        proposals.add_metric([incident.host, incident.problem, incident.target, incident.resource, incident.action], expires_at)
    yield proposals
    last = GaugeMetricFamily("homeostat_action_last_timestamp_seconds", "When an action last ran at a target.", labels=["host", "action", "target", "resource"])
    for action, of_host, target, resource, at in ledger.last_actions(world.journal):
        last.add_metric([of_host, action, target, resource], at)
    yield last
    links = GaugeMetricFamily("homeostat_links_info", "Where alerts link to.", labels=["host", "console", "dashboard", "runbooks"])
    links.add_metric([host, world.config.links.console, world.config.links.dashboard, world.config.links.runbooks], 1)
    yield links
    build = GaugeMetricFamily("homeostat_actor_build_info", "The version that runs.", labels=["host", "version"])
    build.add_metric([host, __version__], 1)
    yield build


def _examined(service: Service) -> Iterator[Metric]:
    """Yield what the doctor found, once it has looked."""
    found, host = service.examined, service.world.config.host
    if found is None:
        return
    checks = GaugeMetricFamily("homeostat_doctor_checks", "Checks of the doctor, by their result.", labels=["host", "result"])
    for result, number in counted(found.checks).items():
        checks.add_metric([host, result], number)
    yield checks
    failed = GaugeMetricFamily("homeostat_doctor_check_failed", "Whether a check of the doctor failed.", labels=["host", "check"])
    for checked in found.checks:
        failed.add_metric([host, checked.name], float(checked.result == "failed"))
    yield failed
    yield _gauge(service.world, "homeostat_doctor_last_run_timestamp_seconds", "When the doctor last looked at every link of the chain.", found.at)


def _all_silenced(world: World) -> bool:
    """Say whether an active silence mutes every executing decision of this host."""
    if world.silences is None:
        return False
    names = ("HomeostatAutoExecute", "HomeostatNotifyExecute")
    plain = [{"alertname": name, "host": world.config.host} for name in names]
    return all(any(silence.matches(labels) for silence in world.silences.active) for labels in plain)


def _totals(world: World) -> Iterator[Metric]:
    stored = totals.read(world.journal)
    for name, (text, labels) in _COUNTERS.items():
        family = CounterMetricFamily(name, text, labels=["host", *labels])
        for found, value in stored.get(name, []):
            family.add_metric([found.get("host", world.config.host), *(found[label] for label in labels)], value)
        yield family
    for name, (text, labels) in _HISTOGRAMS.items():
        yield _histogram(name, text, labels, stored)


def _selftests(world: World) -> Iterator[Metric]:
    """Yield when the chain was last known to work, where the last selftest failed, and how long each of its hops took."""
    host, last = world.config.host, selftests.last(world.journal)
    proof = selftests.last_proof(world.journal)
    yield _gauge(world, "homeostat_selftest_last_success_timestamp_seconds", "When a selftest last came through; 0 is never.", proof)
    ran = last.ended_at if last is not None else 0.0
    yield _gauge(world, "homeostat_selftest_last_run_timestamp_seconds", "When the last selftest ended, however it did; 0 is never.", ran)
    failed = GaugeMetricFamily("homeostat_selftest_failed", "Whether the last selftest failed at this hop.", labels=["host", "hop"])
    for hop in HOP_NAMES:
        failed.add_metric([host, hop], float(last is not None and last.failed_at == hop))
    yield failed
    took = GaugeMetricFamily("homeostat_selftest_duration_seconds", "How long each hop of the last selftest took.", labels=["host", "hop"])
    for step in last.steps if last is not None else ():
        took.add_metric([host, step.hop], step.seconds)
    yield took


def _histogram(name: str, text: str, labels: tuple[str, ...], stored: dict[str, list[tuple[dict[str, str], float]]]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=["host", *labels])
    sums = {tuple(found[label] for label in ("host", *labels)): value for found, value in stored.get(f"{name}_sum", [])}
    buckets: dict[tuple[str, ...], list[tuple[str, float]]] = {}
    for found, value in stored.get(f"{name}_bucket", []):
        buckets.setdefault(tuple(found[label] for label in ("host", *labels)), []).append((found["le"], value))
    for key, of_key in buckets.items():
        family.add_metric(list(key), sorted(of_key, key=lambda bucket: float(bucket[0])), sums[key])
    return family

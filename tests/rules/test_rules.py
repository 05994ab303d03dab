"""The rules against themselves: promtool accepts and proves them, and every alert keeps the promises of SPEC 4.3 and FACTS."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import promql_parser
import pytest
import yaml

from homeostat import words

if TYPE_CHECKING:
    from tests.rules.conftest import Promtool

REPOSITORY = Path(__file__).parents[2]
RULE_FILES = sorted((REPOSITORY / "alert-rules").glob("*.rules.yml"))
TEST_FILES = sorted((REPOSITORY / "alert-rules" / "tests").glob("*.test.yml"))
RUNBOOKS = REPOSITORY / "docs" / "runbooks"
DECISIONS = {"HomeostatAutoExecute", "HomeostatNotifyExecute", "HomeostatPropose", "HomeostatAlertOnly"}
ALWAYS_FIRING = {"HomeostatWatchdog"}
WORDS: dict[str, tuple[str, ...]] = {
    "acted": get_args(words.Acted),
    "decision": get_args(words.Decision),
    "finding": get_args(words.Finding),
    "outcome": get_args(words.Outcome),
    "risk": get_args(words.Risk),
    "severity": get_args(words.Severity),
    "state": get_args(words.State),
    "term": get_args(words.Term),
}
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def rules() -> list[dict[str, Any]]:
    return [rule for path in RULE_FILES for group in load(path)["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDS = [rule for rule in rules() if "record" in rule]
TEMPLATE_QUERY = re.compile(r"(?:query|printf) `([^`]+)`")
METRICS = {
    metric: set(labels.split(","))
    for metric, labels in re.findall(
        r"^\w+ (\w+) (\S+)$", (Path(__file__).parent / "metrics.txt").read_text(), re.MULTILINE
    )
}


def selectors(expression: str) -> list[promql_parser.VectorSelector]:
    """Return every vector selector of an expression."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        for name in ("expr", "lhs", "rhs", "vector_selector", "args", "param"):
            child = getattr(node, name, None)
            for part in child if isinstance(child, list) else [child]:
                if part is not None and not isinstance(part, str):
                    visit(part)

    visit(promql_parser.parse(expression))
    return found


def template_queries(rule: dict[str, Any]) -> list[str]:
    """Return the queries in a rule's annotations, with samples in place of what the template fills in."""
    texts = [query for text in rule.get("annotations", {}).values() for query in TEMPLATE_QUERY.findall(text)]
    filled = [text.replace("%q", '"x"').replace("{%s", '{problem="x"') for text in texts]
    return [text for text in filled if "{" in text or "homeostat_" in text]


def runbook_queries(path: Path) -> list[str]:
    blocks = re.findall(r"```promql\n(.*?)```", path.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_promtool_accepts_every_rule_file(promtool: Promtool) -> None:
    run = promtool("check", "rules", *map(str, RULE_FILES))
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_promtool_proves(promtool: Promtool, path: Path) -> None:
    run = promtool("test", "rules", str(path))
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_decision_is_one_group_and_no_rule_stands_in_two_files() -> None:
    (group,) = load(REPOSITORY / "alert-rules" / "decision.rules.yml")["groups"]
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert group["name"] == "homeostat-decision"
    assert {rule["alert"] for rule in group["rules"] if "alert" in rule} >= DECISIONS
    assert len(names) == len(set(names))


@pytest.mark.parametrize("record", [rule["record"] for rule in RECORDS])
def test_recorded_names_say_level_metric_and_operation(record: str) -> None:
    assert re.fullmatch(r"[a-z_]+:homeostat_[a-z_]+:[a-z0-9]+", record)


@pytest.mark.parametrize("name", ALERTS)
def test_timing_survives_a_restart_of_prometheus(name: str) -> None:
    held = str(ALERTS[name].get("for", "0s"))
    seconds = int(held[:-1]) * UNIT_SECONDS[held[-1]]
    assert seconds <= 180 or seconds >= 600
    assert "keep_firing_for" not in ALERTS[name]
    assert name not in DECISIONS or not seconds


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_no_label_carries_a_value(rule: dict[str, Any]) -> None:
    assert not [text for text in rule.get("labels", {}).values() if "$value" in text or ".Value" in text]


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_what_and_where_to_read_on(name: str) -> None:
    alert = ALERTS[name]
    assert {"summary", "description", "runbook_url", "dashboard_url"} <= set(alert["annotations"])
    assert re.findall(r"/(Homeostat\w+)\.md", alert["annotations"]["runbook_url"]) == [name, name]
    if name in DECISIONS:
        assert "confidence" in alert["annotations"]
        assert "labels" not in alert
    elif name != "HomeostatProblem":
        assert alert["labels"]["severity"] in {"critical", "warning", "info", "none"}


@pytest.mark.parametrize("name", [*ALERTS, *words.POSTED_ALERTS])
def test_every_alert_has_a_runbook_that_a_person_can_follow(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Meaning", "Impact", "Diagnosis", "Mitigation"]


def test_every_runbook_belongs_to_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {*ALERTS, *words.POSTED_ALERTS}


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(name: str) -> None:
    cases = [case for path in TEST_FILES for test in load(path)["tests"] for case in test.get("alert_rule_test", [])]
    expected = [bool(case["exp_alerts"]) for case in cases if case["alertname"] == name]
    assert True in expected
    assert False in expected or name in ALWAYS_FIRING


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_read_only_what_the_daemons_serve_or_another_rule_records(rule: dict[str, Any]) -> None:
    assert_known([rule["expr"], *template_queries(rule)])


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_ask_for_no_word_that_is_not_in_the_word_list(rule: dict[str, Any]) -> None:
    asked = [matcher for selector in selectors(rule["expr"]) for matcher in selector.matchers.matchers]
    unknown = [
        (matcher.name, word)
        for matcher in asked
        for word in matcher.value.split("|")
        if word and word not in WORDS.get(matcher.name, (word,))
    ]
    assert not unknown


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_runbooks_ask_only_for_what_is_there(path: Path) -> None:
    queries = runbook_queries(path)
    assert queries
    assert_known(queries)


def assert_known(queries: list[str]) -> None:
    recorded = {rule["record"] for rule in RECORDS}
    for selector in (found for query in queries for found in selectors(query)):
        name = re.sub(r"_(bucket|sum|count)$", "", selector.name or "")
        if name.startswith("homeostat_"):
            assert name in METRICS
            asked = {matcher.name for matcher in selector.matchers.matchers}
            assert asked <= METRICS[name] | {"instance", "job"}
        elif ":" in name:
            assert selector.name in recorded

"""Questions asked of a real Prometheus, node_exporter, exporter and actor, by a person's command."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from homeostat.cli.__main__ import main
from tests.integration import homelab, stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.homelab import Homelab

pytestmark = pytest.mark.integration

# One of each kind that this host can answer, and a column of the part that answers it.
ANSWERED = {
    "top memory": ("top-memory", "memory"), "what uses the most CPU?": ("top-cpu", "busy"), "is web0 running?": ("is-running", "state"), "is h1 up": ("is-up", "up for"),
    "which services are down": ("service-status", "state"), "network members": ("network-members", "answers"), "how much traffic is there": ("network-overview", "received"),
    "how full are the disks": ("disk-usage", "used"), "disk details": ("disk-details", "inodes used"), "when was web0 last restarted?": ("last-restart", "at"),
    "what happened in the last hour": ("recent-events", "became"), "what should I worry about?": ("worry", "sure"), "when will / be full?": ("when-full", "towards the limit"),
    "what is the fullest, what will run out first": ("runs-out-next", "towards the limit"), "what did you do this week": ("did", "became"), "what was refused and why": ("refused", "why"),
    "why did you restart web0": ("why", "became"), "why is web0 slow?": ("advice", "became"), "which mode are you in": ("state", "mode"), "how well do your actions work": ("success", "trials"),
    "when will the disk be full": ("disks-run-out", "towards the limit"), "will memory run out": ("memory-runs-out", "towards the limit"),
    "how much memory does web0 use": ("service-memory", "memory"), "how is my cat": ("cats", "cats"),
    "what failed in the last hour": ("failed", "seen failed"), "what did you do yesterday": ("did", "became"),
}  # fmt: skip
CATS = {"examples": ["how is my cat"], "words": [["cat"]], "answers": [{"title": "Cats", "columns": {"cats": {"promql": "vector(9)"}}, "says": ["There are {cats} cats."]}]}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homelab]:
    with homelab.built(tmp_path_factory.mktemp("lab"), cats=CATS) as built:
        yield built


def asked(lab: Homelab, question: str) -> dict[str, Any]:
    # As a person's command, but in this process: a new one each time takes most of the time.
    done = CliRunner().invoke(main, ["--config.file", str(lab.folder / "homeostat.yml"), "ask", "--json", *question.split()])
    assert done.exit_code == 0, done.output
    reply: dict[str, Any] = json.loads(done.stdout)
    return reply


@pytest.mark.parametrize("question", ANSWERED)
def test_it_is_answered_with_what_was_asked_for_it(lab: Homelab, question: str) -> None:
    kind, column = ANSWERED[question]

    def told() -> dict[str, Any] | None:
        # On a busy machine a scrape comes late, and what is forecast of stale data is nothing for a moment.
        reply = asked(lab, question)
        return reply if any(row.get(column) is not None for part in reply["parts"] for row in part["rows"]) else None

    reply = stack.wait_for(f"{column} in the answer", told, 30)
    assert reply["name"] == kind
    assert all(part["asked"] for part in reply["parts"])
    assert not any(part["silent"] for part in reply["parts"]), reply


def test_the_failed_service_the_silent_exporter_and_the_cause_are_named(lab: Homelab) -> None:
    services = asked(lab, "service status")["parts"][0]["rows"]
    assert {row["target"]: row["state"] for row in services} == {"web0": "active", "web1": "failed"}
    assert asked(lab, "network members")["parts"][0]["lines"] == ["Of what Prometheus scrapes, 4 answer and 1 do not."]
    # The file systems are those of the machine that the tests run on, and may be full.
    worry = {(row["problem"], row["target"]): row["severity"] for row in asked(lab, "what should I worry about?")["parts"][0]["rows"]}
    assert worry["service_down", "web1"] == "critical"
    what, _, before = asked(lab, "why is web0 slow?")["parts"]
    assert what["lines"][0] == "service_degradation is asserted at web0, 90% sure."
    assert "At web0 service-restart against memory_leak succeeded" in before["lines"][0]
    # Who asks of the host means all that is on it.
    assert "service_down is asserted at web1 there, 100% sure: ask what is wrong with web1." in asked(lab, "what is wrong with h1")["parts"][0]["lines"]


def test_what_only_reads_has_no_record_to_be_proud_of(lab: Homelab) -> None:
    actions = {row["action"] for part in asked(lab, "how well do your actions work")["parts"] for row in part["rows"] if "action" in row}
    assert "service-restart" in actions
    assert not actions & {"investigate", "selftest"}


def test_yesterday_is_the_calendar_day_before_this_one(lab: Homelab) -> None:
    midnight = datetime.datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    reply = asked(lab, "what did you do yesterday")
    ran = [row["when"] for row in reply["parts"][0]["rows"]]
    assert ran
    day_before = (midnight - datetime.timedelta(hours=12)).replace(hour=0)
    assert all(day_before.timestamp() <= when < midnight.timestamp() for when in ran)
    assert f"to {midnight:%Y-%m-%d} 00:00" in reply["parts"][0]["when"]


def test_whether_it_may_act_is_told_by_the_actor_and_the_configuration(lab: Homelab) -> None:
    may, ahead = asked(lab, "may you act now?")["parts"][:2]
    assert may["lines"][0] == "No: in mode shadow it decides and records, and acts on nothing."
    assert "No maintenance window is configured: any time will do." in may["lines"]
    assert ahead["lines"] == ["None is configured."]


def test_an_order_is_not_followed(lab: Homelab) -> None:
    told = lab.cli("ask", "stop", "everything")
    assert told.returncode == 1
    assert told.stderr.endswith("`homeostat stop`.\n")
    assert lab.cli("status", "--json").stdout.count('"stopped":null') == 1


def test_a_metric_that_nobody_serves_is_named_and_an_unknown_name_asked_back(lab: Homelab) -> None:
    told = lab.cli("ask", "when do the certificates expire?").stdout
    assert "Prometheus has no probe_ssl_earliest_cert_expiry: blackbox_exporter would bring it." in told
    asked_back = lab.cli("ask", "is", "wbe0", "running?")
    assert asked_back.returncode == 1
    assert "'wbe0' is no name that is known here; did you mean web0?" in asked_back.stderr

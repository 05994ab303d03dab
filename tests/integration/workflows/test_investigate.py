"""Workflow 5, its evidence: a service whose log fills with errors is looked into by itself, and people read why in the notification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.test_journal import read

if TYPE_CHECKING:
    from tests.integration.home import Home

pytestmark = pytest.mark.home

# It says what a real client says when nobody listens there, and goes on.
SHOP = """\
[Service]
ExecStart=/bin/sh -c 'for i in $(seq 15); do echo "connect ECONNREFUSED 127.0.0.1:6379"; done; exec sleep infinity'
"""
STORE = "[Service]\nExecStart=/bin/sleep infinity\n"


@pytest.fixture(scope="module")
def looked_into(home: Home) -> dict[str, Any]:
    """Let a service err whose dependency does not run, and return the whole story of its incident."""
    home.configure(
        services={"shop": {"manager": "systemd", "unit": "shop.service", "depends_on": ["store"]}, "store": {"manager": "systemd", "unit": "store.service"}},
        exporter={"observers": {"logs": {"learns": "0s"}}},
    )
    home.unit("store.service", STORE, start=False)
    home.unit("shop.service", SHOP)
    return home.incident("log_errors", "shop", seconds=120)


def test_a_burst_of_errors_is_looked_into_though_nobody_mends_it(looked_into: dict[str, Any]) -> None:
    assert (looked_into["action"], looked_into["outcome"]) == ("investigate", "succeeded"), looked_into["reason"]
    report = next(phase["result"]["report"] for phase in looked_into["phases"] if phase["phase"] == "execute")
    assert any("what shop connects to does not run" in line for line in report)


def test_people_read_the_report_in_the_notification_of_the_outcome(home: Home, looked_into: dict[str, Any]) -> None:
    (told, *_) = home.until("the outcome", lambda: home.told("HomeostatOutcome", "shop"))
    assert told["labels"]["incident"] == looked_into["id"]
    assert "what shop connects to does not run" in told["annotations"]["description"]


def test_why_tells_the_report_and_the_commands_tell_what_is_seen(home: Home, looked_into: dict[str, Any]) -> None:
    assert "Investigation\n" in home.said("why", looked_into["id"])
    assert "15 connection-refused of shop in an hour" in home.said("observations", "logs")
    assert "what shop connects to does not run" in home.said("investigate", "shop")
    assert "## What happened" in home.said("investigate", "shop", "--markdown")
    code, text = home.cli("investigate", "cupboard")
    assert (code, "'cupboard' is nothing that the configuration names" in text) == (1, True)


def test_the_counts_and_the_risk_are_in_prometheus(home: Home, looked_into: dict[str, Any]) -> None:
    assert home.value('homeostat_log_errors_total{pattern="connection-refused", component="shop"}') == 15
    risk = home.value('homeostat_log_risk_ratio{pattern="connection-refused", component="shop"}')
    assert risk is not None
    assert risk > 0.99


def test_it_is_looked_into_once_in_its_episode(home: Home, looked_into: dict[str, Any]) -> None:
    assert home.value('homeostat_actions_total{action="investigate", target="shop"}') == 1


def test_the_journal_of_a_newer_systemd_is_read_on_line_by_line_too(home: Home) -> None:
    home.shell("echo here | systemd-cat --identifier=speaker; journalctl --sync")
    page, told = home.machine.call(read, None), []
    home.shell("seq 1 25 | systemd-cat --identifier=speaker; journalctl --sync")
    for _ in range(400):
        page = home.machine.call(read, page.cursor, 0.0, 7)
        told += [line.message for line in page.lines if line.identifier == "speaker"]
        if told[-1:] == ["25"]:
            break
    assert told == [str(number) for number in range(1, 26)]

"""Workflow 5: a service gets slower right after a deployment; rolling that back is proposed with the evidence, and done on a person's yes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.home import TEXTFILES

if TYPE_CHECKING:
    from tests.integration.home import Home

pytestmark = pytest.mark.home

# How slow it is, it tells by itself: what one version takes is in the very file that says which version runs.
SHOP = """\
[Service]
ExecStart=/bin/sh -c 'echo "shop_latency_p95_seconds {seconds}" >{folder}/.shop; mv {folder}/.shop {folder}/shop.prom; exec sleep infinity'
"""
P95 = "shop_latency_p95_seconds"
LIKELY = 'homeostat_deployment_correlation_ratio{target="shop"}'


def shop(seconds: float) -> str:
    return SHOP.format(seconds=seconds, folder=TEXTFILES)


@pytest.fixture(scope="module")
def proposed(home: Home) -> dict[str, Any]:
    """Deploy a version that is three times as slow, and return the story of what is proposed."""
    home.configure(
        services={"shop": {"manager": "systemd", "unit": "shop.service"}},
        exporter={"targets": {"latency": {"services": {"shop": P95}, "over": "60s"}}},
        protections={"deployment_good_after": "1s"},
        # The mean of a minute takes most of one to be what it was.
        autonomy={"actions": {"deployment-rollback": {"watch": "2m"}}},
    )
    home.unit("shop.service", shop(0.2))
    # How often it is looked for good deployments is as long as one takes to be good, from the actor's next look on.
    home.stop("actor")
    home.start("actor")
    home.until("the good deployment to be kept", lambda: "homeostat-deployment-" in home.run("ls", "/var/lib/homeostat/deployments", check=False))
    home.configure(protections={"deployment_good_after": "1h"})
    home.until("a minute of how it was", lambda: (home.value(f"count_over_time({P95}[2m])") or 0) >= 70, 120)
    home.unit("shop.service", shop(0.6))
    home.until("the likely reason", lambda: home.value(f"{LIKELY} > 0.7"))
    # Which condition holds is asked once a minute, and at a reload.
    home.reload("actor")
    home.until("another action", lambda: home.story("service_degradation", "shop").get("action") == "deployment-rollback")
    return home.incident("service_degradation", "shop", "proposed")


def test_the_deployment_is_found_as_the_likely_reason(home: Home, proposed: dict[str, Any]) -> None:
    assert home.value(f"{LIKELY} > 0.7")
    assert "It looks like deployment-regression" in home.said("investigate", "shop")


def test_rolling_it_back_is_proposed_with_the_evidence(home: Home, proposed: dict[str, Any]) -> None:
    assert proposed["action"] == "deployment-rollback"
    (told, *_) = home.until("the proposal", lambda: [each for each in home.told("HomeostatProposal", "shop") if each["labels"]["problem"] == "service_degradation"])
    assert "It looks like deployment-regression" in told["annotations"]["description"]
    assert "by time order and distance alone" in told["annotations"]["description"]
    assert "Investigation\n" in home.said("why", proposed["id"])


def test_on_a_persons_yes_the_version_before_runs_again_and_is_as_quick(home: Home, proposed: dict[str, Any]) -> None:
    home.said("approve", proposed["id"], "--yes")
    ended = home.incident("service_degradation", "shop", "succeeded", "warned")
    assert ended["action"] == "deployment-rollback"
    assert "0.2" in home.run("systemctl", "cat", "shop.service")
    assert home.until("as quick as before", lambda: home.value(P95) == 0.2)

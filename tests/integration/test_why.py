"""Why something happened, or nothing, asked of the whole real chain: what is not asserted, not known, too unsure, silenced, and done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration import house as houses
from tests.integration import stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.house import House

pytestmark = pytest.mark.chain

TROUBLES = [
    {"alert": f"Trouble-{decision}", "problem": "service_down", "resource": "service", "target_label": "service", "confidence": sure}
    for decision, sure in houses.TROUBLES.items()
]
# Nobody has a playbook for the weather, of which one of the troubles tells too.
WEATHER = {"alert": "Trouble-propose", "problem": "weather", "resource": "sky", "target": "sky", "confidence": 0.9}
# A prediction of 0.55 gives 0.798 here: less than a proposal needs.
CAREFUL = {"thresholds": {risk: {"propose": 0.8} for risk in ("low", "medium", "high")}}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    changes = {"exporter": {"targets": {"alert": [*TROUBLES, WEATHER]}}, "autonomy": CAREFUL}
    with houses.built(tmp_path_factory.mktemp("house"), "auth", "blog", "cache", **changes) as built:
        yield built


def short(house: House, subject: str) -> str:
    """Return the one sentence that says it all, also of what nobody knows yet."""
    told = json.loads(house.cli("why", "--json", subject).stdout)
    return str(told["explained"][0]["explanation"][0]["lines"][0])


def until(house: House, subject: str, begins: str) -> str:
    """Wait until the one sentence begins so, and return it."""
    said = ""

    def says() -> bool:
        nonlocal said
        said = short(house, subject)
        return said.startswith(begins)

    try:
        stack.wait_for(begins, says)
    except AssertionError:
        raise AssertionError(f"of {subject} it says {said!r}, and not {begins!r}") from None
    return said


def test_what_is_not_asserted_says_what_keeps_it_from_that(house: House) -> None:
    until(house, "room", "Nothing happened because no disk_exhaustion is asserted at room: ")
    asked = stack.promql(house.url("prometheus"), 'homeostat_problem_confidence_ratio{target="room"}')
    assert asked == []


def test_too_little_confidence_and_no_known_action_are_told_apart(house: House) -> None:
    # Before anything has succeeded here, from which it would be learned.
    house.trouble("cache", "propose")
    assert until(house, "cache", "Nothing happened because 0.").endswith("is not above propose (0.80), so it is alert-only.")
    assert until(house, "sky", "Nothing happened because no playbook answers weather.")
    story = house.until("cache", "alerted")
    assert story["explanation"][0]["lines"] == [short(house, "cache")]
    house.well("cache")


def test_what_was_done_is_told_from_its_terms_to_what_comes_next(house: House) -> None:
    house.trouble("auth")
    story = house.until("auth", "succeeded")
    assert short(house, "auth").startswith(f"service-restart was run at auth at {story['explanation'][0]['lines'][0].split(' at ')[2].split(';')[0]}; it is verified: ")
    lines = house.said("why", story["id"]).splitlines()
    # Of the moment in which it was decided: the problem is gone by now.
    assert "    0.30 x 0.95 prediction = 0.285" in lines
    assert any(line.endswith(": so it is auto-execute.") for line in lines)
    assert any(line.startswith("  firing: allow: confirmed by Prometheus") for line in lines)
    assert any(line.startswith("  1. restart auth") for line in lines)


def test_a_silence_is_named_with_who_made_it_and_why(house: House) -> None:
    house.said("pause", "--for", "10m", "--service", "blog", "--reason", "a concert")
    house.trouble("blog")
    assert ": a concert (" in until(house, "blog", "Nothing happened because HomeostatAutoExecute is silenced by ")
    assert house.runs("blog") == 0
    # An alert of the owner's leads there too, and ours does.
    assert house.said("why", "Trouble-auto-execute").startswith("Trouble-auto-execute in Alertmanager is about blog.\n")
    assert "is about blog.\n" in house.said("why", "HomeostatAutoExecute")
    house.said("resume")
    house.until("blog", "succeeded")


def test_without_an_exporter_prometheus_or_alertmanager_it_tells_what_it_can(house: House) -> None:
    (incident,) = house.get("decisions?target=auth")
    house.kill("exporter")
    assert "ConnectionError" in until(house, "room", f"Nothing happened because {house.url('exporter')} gave no answer")
    house.kill("prometheus")
    assert short(house, "room").startswith("Nothing happened because Prometheus decides nothing that could be read")
    house.kill("alertmanager")
    told = house.said("why", incident["id"])
    assert "Prometheus does not tell the terms of this decision" in told
    assert "confirmed by Prometheus" in told
    house.kill("actor")
    assert house.cli("why", "auth").returncode == 0

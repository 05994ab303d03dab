"""When an incident was decided, and what is asked of that moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from homeostat.explanation import decided_at, of_incident
from tests.homeostat.explanation.test_deeds import VERDICTS, story
from tests.support import FakeAlertmanager, FakePrometheus, JumpingClock

if TYPE_CHECKING:
    from homeostat.prometheus import Sample


class Listening(FakePrometheus):
    """Keeps what it is asked."""

    def __init__(self) -> None:
        super().__init__(JumpingClock())
        self.asked: list[str] = []

    def query(self, promql: str) -> list[Sample]:
        self.asked.append(promql)
        return super().query(promql)


@pytest.mark.parametrize(
    ("changes", "moment"),
    [
        ({"acted_at": 1.5}, 1.0), ({"acted_at": None}, 2.0), ({"acted_at": 9.0, "verdicts": []}, 9.0), ({"acted_at": None, "verdicts": [], "closed_at": 7.0}, 7.0),
        ({"acted_at": None, "verdicts": [], "closed_at": None, "opened_at": 5.0}, 5.0),
    ],
    ids=["acted on after its gates agreed", "its gates were last asked", "no verdicts are kept", "closed without gates", "not yet looked at"],
)  # fmt: skip
def test_the_moment_of_a_decision_is_that_of_the_asking_that_decided(changes: dict[str, Any], moment: float) -> None:
    assert decided_at(story(**{"verdicts": VERDICTS, **changes})) == moment


def test_the_terms_are_asked_for_as_they_were_then() -> None:
    prometheus = Listening()
    of_incident(story(acted_at=None, outcome="refused"), prometheus, FakeAlertmanager())
    assert [query.endswith(" @ 2.000") for query in prometheus.asked] == [True, True]


@pytest.mark.parametrize(("ended", "told"), [(None, True), (60.0, False)])
def test_alertmanager_is_asked_while_the_episode_goes_on(ended: float | None, told: bool) -> None:
    headings = [section["heading"] for section in of_incident(story(episode_ended_at=ended), Listening(), FakeAlertmanager())]
    assert ("Alertmanager" in headings) is told

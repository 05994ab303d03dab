"""When Homeostat may act is told by what holds it back, and by the windows of the configuration."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import pytest

from homeostat.config import Config, loads
from homeostat.daemon_client import DaemonError
from homeostat.prometheus import PrometheusError, Sample
from homeostat.questions.acting import may_act
from tests.support import JumpingClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.questions.model import Part

# Tuesday 2023-11-14 22:15 UTC.
NOW = 1_700_000_100.0
WINDOWS = 'host: nas\nwindows: [{times: [{start_time: "02:00", end_time: "04:00"}]}]'
STATUS: dict[str, Any] = {"stopped": None, "mode": "active", "ready": True, "silences_known": True, "open_breakers": [], "level": "moderate"}


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@dataclasses.dataclass
class Doors:
    """Stand-ins for the doors; what is None does not answer."""

    config: Config
    clock: JumpingClock
    status: dict[str, Any] | None
    pauses: list[Sample] | None
    quiet: list[dict[str, Any]]

    @property
    def prometheus(self) -> Doors:
        return self

    actor = exporter = prometheus

    def get(self, path: str, **_: Any) -> Any:
        if path == "windows":
            return {"windows": self.quiet}
        if self.status is None:
            raise DaemonError("the actor is gone")
        return self.status

    def query(self, _: str) -> list[Sample]:
        if self.pauses is None:
            raise PrometheusError("Prometheus is gone")
        return self.pauses


def told(status: dict[str, Any] | None = STATUS, pauses: list[Sample] | None = (), quiet: Any = (), text: str = WINDOWS, now: float = NOW) -> tuple[Part, ...]:  # type: ignore[assignment]
    return may_act(Doors(loads(text, Config, "homeostat.yml"), JumpingClock(now), status, pauses, list(quiet)), "nas")  # type: ignore[arg-type]


def test_outside_its_windows_the_next_is_told_and_those_of_a_week() -> None:
    may, ahead = told()
    assert may.lines[0] == "Nothing holds back everything; the level is moderate, and each action is asked of every gate."
    assert may.lines[1].startswith("No maintenance window is open; the next opens at Wed 2023-11-15 02:00 UTC.")
    assert (len(ahead.rows), ahead.rows[0][2]) == (7, 7200)


def test_within_one_its_end_is_told() -> None:
    assert "A maintenance window is open until Wed 2023-11-15 04:00 UTC." in told(now=NOW + 4 * 3600)[0].lines


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stopped": "by ann at 2026: a film"}, "No: it is stopped by ann at 2026: a film: `homeostat resume` ends that."), ({"mode": "shadow"}, "No: in mode shadow"), ({"mode": "interactive"}, "waits for a person's yes"), ({"ready": False}, "not ready"),
        ({"silences_known": False}, "silences are not known"), ({"open_breakers": [{"scope": "global", "standing": "open"}]}, "The breaker of global is open"),
    ],
)  # fmt: skip
def test_what_holds_everything_back_is_told(change: dict[str, Any], words: str) -> None:
    lines = told({**STATUS, **change})[0].lines
    assert words in lines[0]
    assert not any(line.startswith("Nothing holds") for line in lines)


def test_a_pause_is_told_with_who_and_until_when() -> None:
    pause = Sample({"scope": "web", "by": "silence", "author": "ann", "reason": "a film"}, NOW, NOW + 3600)
    assert "web is held back by silence of ann until Tue 2023-11-14 23:15 UTC: a film" in told(pauses=[pause])[0].lines


def test_who_does_not_answer_is_named_and_the_rest_told() -> None:
    may = told(None, None, text="host: nas")[0]
    assert may.silent
    assert may.lines == ("The actor gives no answer, so nothing is done: the actor is gone", "Whether a person paused something is not known: Prometheus is gone", "No maintenance window is configured: any time will do.")


def test_quiet_hours_are_told_where_they_are_known() -> None:
    quiet = {"target": "web", "start": NOW, "end": NOW + 3600, "timezone": "Europe/Berlin", "load_ratio": 0.1}
    assert told(quiet=[quiet])[2].rows == (("web", "Tue 2023-11-14 23:15 CET", "Wed 2023-11-15 00:15 CET", 0.1),)

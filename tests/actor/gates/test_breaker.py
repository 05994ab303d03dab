"""Gate `breaker`: after failures in a row acting stops by itself."""

from __future__ import annotations

import pytest

from actor.model import Breaker
from tests.actor.gates.situations import NOW, ask, situation


def opened(scope: str, until: float | None, probe: str | None = None) -> tuple[str, str]:
    return ask("breaker", situation(breakers=(Breaker(scope=scope, failures=3, open_until=until, openings=1, probe=probe),)))


@pytest.mark.parametrize("scope", ["global", "service-restart/web"])
def test_an_open_breaker_refuses_and_says_until_when(scope: str) -> None:
    assert opened(scope, NOW + 600) == ("refuse", f"the breaker {scope} is open until 2023-11-14T22:23:20Z after 3 failures")


def test_a_breaker_of_another_pair_does_not_concern_us() -> None:
    assert opened("service-restart/db", NOW + 600) == ("allow", "no breaker is open here")
    assert opened("disk-cleanup/web", NOW + 600)[0] == "allow"


def test_when_its_time_is_over_one_probe_is_let_through_and_told_so() -> None:
    assert opened("global", NOW + 0.5)[0] == "refuse"
    assert opened("global", NOW) == ("allow", "half-open: this run is the one probe of the breaker global")


def test_while_its_probe_runs_no_other_is_let_through() -> None:
    assert opened("global", NOW, "i2") == ("refuse", "the breaker global is half-open, and incident i2 is its probe")
    assert opened("global", NOW, "i1")[0] == "allow"


def test_one_run_may_be_the_probe_of_both() -> None:
    both = tuple(Breaker(scope=scope, failures=3, open_until=NOW, openings=1) for scope in ("service-restart/web", "global"))
    assert ask("breaker", situation(breakers=both))[1] == "half-open: this run is the one probe of the breaker global and service-restart/web"


def test_a_breaker_that_only_counts_is_closed() -> None:
    assert opened("global", None)[0] == "allow"

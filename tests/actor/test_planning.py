"""What commands add up to, and how several problems of one host become one plan in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actor.agenda import draw_up, needed_targets
from actor.model import Command
from actor.planning import add_up, geometric_mean, in_slices
from homeostat.words import DECISIONS
from tests.actor.gates.situations import DISK, NOW, config, incident, playbook

if TYPE_CHECKING:
    from actor.agenda import Agenda
    from actor.model import Incident
    from homeostat.config import Config

RESTART, CLEANUP = playbook("service-restart"), playbook("disk-cleanup")
PLAYBOOKS = {"service-restart": RESTART, "disk-cleanup": CLEANUP}


def command(step: str, **changes: Any) -> Command:
    said = {"step": step, "summary": f"do {step}", "arguments": {}, "expected": "an effect", "oracle": "a look"}
    return Command(**said | changes)


class TestOnePlan:
    def test_ninety_two_and_eighty_five_give_eighty_eight(self) -> None:
        plan = add_up(RESTART, "web", [command("one", confidence=0.92), command("two", confidence=0.85)])
        assert round(plan.confidence, 2) == 0.88

    def test_a_step_that_does_not_say_is_as_sure_and_risky_as_its_playbook(self) -> None:
        plan = add_up(RESTART, "web", [command("one")])
        assert (plan.confidence, plan.risk, plan.duration_seconds) == (RESTART.file.impact_certainty, "low", 60.0)

    def test_a_step_of_many_commands_counts_once_by_its_least_sure_one(self) -> None:
        many = [command("one", confidence=0.92), command("two", confidence=0.99), command("two", confidence=0.85), command("two", confidence=0.9)]
        assert round(add_up(RESTART, "web", many).confidence, 2) == 0.88

    def test_the_highest_risk_is_the_plans(self) -> None:
        assert add_up(RESTART, "web", [command("one", risk="medium"), command("two")]).risk == "medium"
        assert add_up(playbook("service-restart", risk="high"), "web", [command("one", risk="low")]).risk == "high"

    def test_a_plan_of_nothing_is_not_sure_of_anything(self) -> None:
        assert add_up(RESTART, "web", []).confidence == 0.0

    def test_what_deletes_a_slice_comes_behind_all_that_moved_it_aside_and_depends_on_that(self) -> None:
        moved = [command("move", slice=2), command("move", slice=1), command("vacuum")]
        deleted = [command("delete", slice=number, irreversible=True) for number in (1, 2)]
        ordered = in_slices([*moved, *deleted])
        assert [(one.step, one.slice, one.after) for one in ordered] == [
            ("vacuum", 0, ()), ("move", 1, ()), ("delete", 1, (1,)), ("move", 2, ()), ("delete", 2, (3,)),
        ]  # fmt: skip

    @given(st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=20))
    def test_together_they_are_no_surer_than_the_surest_and_no_less_than_the_least(self, ratios: list[float]) -> None:
        assert min(ratios) - 1e-9 <= geometric_mean(ratios) <= max(ratios) + 1e-9


def chain(length: int) -> Config:
    """Return a configuration in which s0 needs s1, s1 needs s2, and so on."""
    services = {f"s{number}": {"manager": "systemd", "unit": f"s{number}.service", "depends_on": [f"s{number + 1}"]} for number in range(length - 1)}
    return config(services={**services, f"s{length - 1}": {"manager": "systemd", "unit": f"s{length - 1}.service"}})


def sick(target: str, **changes: Any) -> Incident:
    return incident(id=target, target=target, **changes)


def order(agenda: Agenda) -> list[str]:
    return [errand.target for errand in agenda.errands]


class TestOneHost:
    def test_room_comes_before_a_restart_and_a_dependency_before_what_needs_it(self) -> None:
        agenda = draw_up([sick("s0"), sick("s2"), sick("s1"), incident(DISK, id="disk")], PLAYBOOKS, chain(3))
        assert order(agenda) == ["disk", "s2", "s1", "s0"]
        assert [errand.after for errand in agenda.errands] == [(), (), ("s2",), ("s1", "s2")]

    def test_what_is_needed_comes_first_though_it_is_less_severe_and_came_later(self) -> None:
        agenda = draw_up([sick("s0", severity="critical"), sick("s1", severity="info", opened_at=NOW)], PLAYBOOKS, chain(2))
        assert order(agenda) == ["s1", "s0"]

    def test_of_what_is_independent_the_most_severe_and_then_the_oldest_comes_first(self) -> None:
        apart = config(services={name: {"manager": "systemd", "unit": f"{name}.service"} for name in "abc"})
        agenda = draw_up([sick("a", opened_at=NOW), sick("b", opened_at=NOW - 5), sick("c", severity="critical", opened_at=NOW)], PLAYBOOKS, apart)
        assert order(agenda) == ["c", "b", "a"]

    def test_over_all_it_is_as_strict_as_its_strictest_and_as_risky_as_its_riskiest(self) -> None:
        books = {**PLAYBOOKS, "service-restart": playbook("service-restart", risk="medium")}
        agenda = draw_up([sick("web", confidence=0.85, decision="notify-execute"), incident(DISK, id="disk", confidence=0.92)], books, config())
        assert agenda.confidence is not None
        assert (round(agenda.confidence, 2), agenda.risk, agenda.decision, agenda.duration_seconds) == (0.88, "medium", "notify-execute", 180.0)

    @pytest.mark.parametrize("changes", [{"host": "h2"}, {"action": "none"}, {"decision": "alert-only"}, {"state": None, "outcome": "succeeded"}])
    def test_what_nobody_here_will_do_is_no_part_of_it(self, changes: dict[str, Any]) -> None:
        assert draw_up([incident(**changes)], PLAYBOOKS, config()).errands == ()

    def test_what_is_refused_or_shadowed_for_now_is_part_of_it(self) -> None:
        waiting = [sick("web", state=None, outcome="refused"), incident(DISK, id="disk", state=None, outcome="shadowed")]
        assert [errand.state for errand in draw_up(waiting, PLAYBOOKS, config()).errands] == ["shadowed", "refused"]

    def test_a_service_needs_the_file_system_that_holds_its_subvolume(self) -> None:
        settings = config(
            filesystems={"outer": {"path": "/srv"}, "/srv/disk/deep": {}},
            services={"web": {"subvolume": "/srv/disk/deep/web", "depends_on": ["db"]}, "db": {"manager": "systemd", "unit": "db.service", "subvolume": "/srv/db"}},
        )
        assert needed_targets(settings, "web") == {"db", "/srv/disk/deep", "outer"}
        assert needed_targets(settings, "db") == {"outer"}

    @given(st.integers(min_value=1, max_value=8).flatmap(lambda length: st.tuples(st.just(length), st.permutations(range(length)))), st.data())
    def test_nothing_ever_stands_before_what_it_needs(self, chained: tuple[int, list[int]], data: st.DataObject) -> None:
        length, shuffled = chained
        severities = data.draw(st.lists(st.sampled_from(["critical", "warning", "info"]), min_size=length, max_size=length))
        opened = data.draw(st.lists(st.floats(min_value=NOW - 900, max_value=NOW), min_size=length, max_size=length))
        incidents = [sick(f"s{number}", severity=severities[number], opened_at=opened[number]) for number in shuffled]
        agenda = draw_up(incidents, PLAYBOOKS, chain(length))
        assert order(agenda) == [f"s{number}" for number in reversed(range(length))]
        assert agenda.decision in DECISIONS

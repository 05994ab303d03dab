"""Which action answers: the best record, then the owner's preference, then what can do the least harm; two failures in a row step back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import pytest

from actor.__main__ import read_configuration
from actor.conditions import ask_conditions
from actor.ranking import answers, answers_here, ranking
from homeostat.config import ConfigError
from tests.actor.test_learn import ended
from tests.actor.web import pages_of
from tests.support import HOST, WEB, Actor, configured, playbook

if TYPE_CHECKING:
    import pathlib

    from actor.playbook import Playbook
    from homeostat.config import Config


def renamed(name: str, **changes: Any) -> Playbook:
    known = playbook("service-restart")
    return dataclasses.replace(known, file=msgspec.structs.replace(known.file, name=name, **changes))


RIVALS = {name: renamed(name) for name in ("first", "second", "third")}


def preferring(actor: Actor, *names: str, **autonomy: Any) -> Config:
    return configured(actor.host.settings(), autonomy={"preferences": {"memory_leak": list(names)}, **autonomy})


def order(actor: Actor, config: Config | None = None) -> list[str]:
    return [playbook.name for playbook in ranking(actor.journal, config or actor.config, RIVALS)["memory_leak"]]


def test_the_best_record_answers_and_at_first_the_first_name_does(actor: Actor) -> None:
    assert order(actor) == ["first", "second", "third"]
    ended(actor, "succeeded", action="second")
    assert order(actor) == ["second", "first", "third"]


def test_among_equal_records_without_a_preference_the_lower_risk_answers_then_what_can_be_undone_whatever_the_names(actor: Actor) -> None:
    rivals = (renamed("alpha", risk="medium"), renamed("beta", protection="none", loss="rule-bound"), renamed("delta"), renamed("gamma"))
    by_name = {each.name: each for each in rivals}

    def ranked(*names: str) -> list[str]:
        return [each.name for each in ranking(actor.journal, preferring(actor, *names), by_name)["memory_leak"]]

    assert ranked() == ["delta", "gamma", "beta", "alpha"]
    assert ranked("alpha", "beta") == ["alpha", "beta", "delta", "gamma"]
    ended(actor, "succeeded", action="beta")
    assert ranked() == ["beta", "delta", "gamma", "alpha"]


def test_among_equal_records_the_owners_preference_decides_and_what_it_does_not_name_comes_after(actor: Actor) -> None:
    assert order(actor, preferring(actor, "third", "second")) == ["third", "second", "first"]
    assert order(actor, preferring(actor, "second")) == ["second", "first", "third"]
    ended(actor, "succeeded", action="first")
    assert order(actor, preferring(actor, "third", "second")) == ["first", "third", "second"]


def test_a_preference_for_one_problem_is_none_for_another(actor: Actor) -> None:
    ranked = ranking(actor.journal, preferring(actor, "third"), RIVALS)
    assert answers(ranked)["memory_leak"].name == "third"
    assert answers(ranked)["fd_exhaustion"].name == "first"


def test_an_imported_record_counts_as_its_own_does(actor: Actor) -> None:
    imported = {"imported_record": {"source": "the old host", "successes": 9, "trials": 9}}
    ended(actor, "succeeded", action="second")
    assert order(actor, preferring(actor, "second", actions={"third": imported})) == ["third", "second", "first"]


def test_what_failed_twice_in_a_row_steps_back_however_good_or_preferred_it_was(actor: Actor) -> None:
    for _ in range(30):
        ended(actor, "succeeded", action="first")
    ended(actor, "failed", action="first")
    assert order(actor, preferring(actor, "first"))[0] == "first"
    ended(actor, "failed", action="first")
    assert order(actor, preferring(actor, "first")) == ["second", "third", "first"]


def test_what_steps_back_still_answers_where_there_is_nothing_else(actor: Actor) -> None:
    for _ in range(2):
        ended(actor, "failed", action="service-restart")
    assert answers(ranking(actor.journal, actor.config, actor.world.playbooks))["memory_leak"].name == "service-restart"


def test_where_an_action_failed_twice_another_answers_there_and_elsewhere_it_still_does(actor: Actor) -> None:
    for outcome, target in (("succeeded", "db"), ("succeeded", "db"), ("failed", "web"), ("failed", "web")):
        ended(actor, outcome, target, "first")  # type: ignore[arg-type]
    ranked = ranking(actor.journal, actor.config, RIVALS)
    assert answers(ranked)["memory_leak"].name == "first"
    assert answers_here(actor.journal, actor.config, ranked)["memory_leak", "web"].name == "second"
    for rival in ("second", "third"):
        for _ in range(2):
            ended(actor, "failed", "web", rival)
    assert answers_here(actor.journal, actor.config, ranking(actor.journal, actor.config, RIVALS)) == {}


BACKUPS = {
    "filesystems": {"/srv": {}, "/srv/backup": {}, "/": {}},
    "backups": {name: {"sources": {"data": "/srv/data"}, "directory": f"{place}/{name}", "filesystem": place} for name, place in (("a", "/srv"), ("b", "/srv/backup"))},
}


class TestBackups:
    """A rotation answers only where backups lie: on a disk of others after the cleanup, on none that has no backups."""

    def here(self, actor: Actor) -> dict[tuple[str, str], str]:
        config = configured(actor.host.settings(), **BACKUPS)
        ranked = ranking(actor.journal, config, actor.world.playbooks)
        assert answers(ranked)["disk_exhaustion"].name == "disk-cleanup"
        assert "backup_space_exhaustion" not in answers(ranked)
        return {key: playbook.name for key, playbook in answers_here(actor.journal, config, ranked).items() if "exhaustion" in key[0]}

    SPACE: ClassVar = {("backup_space_exhaustion", "/srv"): "backup-rotation", ("backup_space_exhaustion", "/srv/backup"): "backup-rotation"}

    def test_at_first_a_shared_disk_is_cleaned_and_only_backups_that_fill_are_rotated(self, actor: Actor) -> None:
        assert self.here(actor) == self.SPACE

    def test_where_the_cleanup_failed_twice_backups_are_rotated_if_there_are_any(self, actor: Actor) -> None:
        for outcome, target in (*[("failed", "/srv")] * 2, *[("failed", "/")] * 2, *[("succeeded", "/home")] * 9):
            ended(actor, outcome, target, "disk-cleanup")  # type: ignore[arg-type]
        assert self.here(actor) == self.SPACE | {("disk_exhaustion", "/srv"): "backup-rotation"}

    def test_the_better_record_of_a_rotation_counts_where_backups_lie_and_nowhere_else(self, actor: Actor) -> None:
        for _ in range(3):
            ended(actor, "succeeded", "/srv/backup", "backup-rotation")
        assert self.here(actor) == self.SPACE | {("disk_exhaustion", place): "backup-rotation" for place in ("/srv", "/srv/backup")}

    def test_a_rotation_that_failed_twice_still_answers_where_there_is_nothing_else(self, actor: Actor) -> None:
        for _ in range(2):
            ended(actor, "failed", "/srv", "backup-rotation")
        assert self.here(actor) == self.SPACE

    def test_without_backups_nothing_answers_with_a_rotation(self, actor: Actor) -> None:
        page = pages_of(actor).client.get("/metrics").text
        assert 'action="backup-rotation"' not in "".join(line for line in page.splitlines() if line.startswith("homeostat_problem_action_info"))


def test_the_ranking_is_served_and_its_first_is_the_action_that_answers(actor: Actor) -> None:
    actor.world.playbooks, actor.world.config = RIVALS, preferring(actor, "third")
    for _ in range(2):
        ended(actor, "failed", WEB.target, "third")
    page = pages_of(actor).client.get("/metrics").text
    ranks = {name: place for place, name in enumerate(order(actor, actor.world.config), 1)}
    assert ranks == {"first": 1, "second": 2, "third": 3}
    for name, place in ranks.items():
        assert f'homeostat_problem_action_rank{{action="{name}",host="{HOST}",problem="memory_leak"}} {place}.0' in page
    assert f'homeostat_problem_action_info{{action="first",host="{HOST}",problem="memory_leak",risk="low"}} 1.0' in page


UNFIT = {
    "{memory_leek: [service-restart]}": "autonomy.preferences.memory_leek: no playbook answers 'memory_leek'; answered here: backup_",
    "{memory_leak: [service-restrat]}": "autonomy.preferences.memory_leak: 'service-restrat' is no playbook; what answers it: service-restart",
    "{memory_leak: [disk-cleanup]}": "autonomy.preferences.memory_leak: 'disk-cleanup' does not answer this; what answers it: service-restart",
}


@pytest.mark.parametrize("preferences", UNFIT)
def test_a_preference_that_no_playbook_fits_is_refused(tmp_path: pathlib.Path, preferences: str) -> None:
    path = tmp_path / "homeostat.yml"
    path.write_text(f"autonomy: {{preferences: {preferences}}}")
    with pytest.raises(ConfigError) as error:
        read_configuration(path)
    assert str(error.value).startswith(f"{path}:1: {UNFIT[preferences]}")


CONDITIONAL = renamed("undo-it", only_where="deployment-correlates", risk="high")


def overrides(actor: Actor) -> list[str]:
    page = pages_of(actor).client.get("/metrics").text
    return [line for line in page.splitlines() if line.startswith("homeostat_problem_action_info") and 'action="undo-it"' in line]


def test_what_answers_only_under_a_condition_answers_just_where_prometheus_says_that_it_holds(actor: Actor) -> None:
    actor.world.playbooks = RIVALS | {"undo-it": CONDITIONAL}
    for target, ratio in ((WEB.target, 0.9), ("db", 0.5), ("somebody's", 0.9)):
        actor.prometheus.put("homeostat_deployment_correlation_ratio", ratio, host=HOST, target=target)
    assert overrides(actor) == []
    actor.world.conditions = ask_conditions(actor.world)
    assert overrides(actor) == [f'homeostat_problem_action_info{{action="undo-it",host="{HOST}",problem="{problem}",risk="high",target="web"}} 1.0' for problem in CONDITIONAL.file.answers]
    assert "undo-it" not in order(actor)


def test_a_condition_that_prometheus_has_not_confirmed_for_five_minutes_holds_nowhere(actor: Actor) -> None:
    actor.world.playbooks = RIVALS | {"undo-it": CONDITIONAL}
    actor.prometheus.put("homeostat_deployment_correlation_ratio", 0.9, host=HOST, target=WEB.target)
    actor.world.conditions = ask_conditions(actor.world)
    assert overrides(actor)
    actor.clock.advance(5 * 60)
    assert overrides(actor) == []
    actor.prometheus.down = True
    actor.world.conditions = ask_conditions(actor.world)
    assert overrides(actor) == []


def test_what_only_reads_answers_where_nothing_mends_however_often_it_ran(actor: Actor) -> None:
    reading = renamed("alone", action_class="read")
    rivals = {"alone": reading, **RIVALS}
    assert [each.name for each in ranking(actor.journal, actor.config, rivals)["memory_leak"]][-1] == "alone"
    for name in RIVALS:
        for _ in range(2):
            ended(actor, "failed", action=name)
    assert answers(ranking(actor.journal, actor.config, rivals))["memory_leak"].name == "alone"

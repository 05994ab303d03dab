"""Root keeps to the maintenance windows by itself: nothing begins outside them, and what was begun inside is finished."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import os
import pathlib
import shutil
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import yaml
from click.testing import CliRunner

from actor.executor import intents
from actor.executor.__main__ import _configuration, _watch, main, serve
from actor.executor.held import Held, Run
from actor.executor.policy import refusal
from actor.model import Command
from actor.planning import add_up
from actor.playbook import Limits
from homeostat.config import ConfigError
from homeostat.time_intervals import active
from tests.actor.executor.conftest import NAME, paired
from tests.actor.executor.test_executor import planned
from tests.support import DAY, HOUR, MINUTE, NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.actor.executor.conftest import Pair
    from tests.support import Host

LONG_AGO = {"years": [2000]}
ALWAYS: dict[str, Any] = {}


@contextlib.contextmanager
def within(host: Host, *windows: dict[str, Any], **changes: Any) -> Iterator[Pair]:
    pair = paired(host, windows=list(windows), **changes)
    yield pair
    pair.actor.journal.close()


def asked(pair: Pair, *held: Held) -> str | None:
    return refusal(pair.root.config, pair.root.playbooks["service-restart"], pair.case(), held)


def test_nothing_begins_outside_the_windows(host: Host) -> None:
    with within(host, LONG_AGO) as pair:
        assert [pair.ask(deed, *arguments).reason for deed, arguments in (("protect", ()), ("perform", (planned(pair),)))] == ["no maintenance window is open"] * 2
        assert host.restarts() == 0


def test_what_only_reads_needs_no_window_for_root_either_but_no_shadow(host: Host) -> None:
    with within(host, LONG_AGO) as pair:
        known = pair.root.playbooks["service-restart"]
        reads = dataclasses.replace(known, file=msgspec.structs.replace(known.file, action_class="read"))
        assert refusal(pair.root.config, reads, pair.case(), ()) is None
        shadow = msgspec.structs.replace(pair.root.config, autonomy=msgspec.structs.replace(pair.root.config.autonomy, mode="shadow"))
        assert refusal(shadow, reads, pair.case(), ()) == "mode is shadow: nothing is done"


@pytest.mark.parametrize("windows", [[], [ALWAYS], [LONG_AGO, ALWAYS]])
def test_without_windows_and_in_one_of_them_it_does(host: Host, windows: list[dict[str, Any]]) -> None:
    with within(host, *windows) as pair:
        assert pair.ask("perform", planned(pair)).said == "done"


def test_what_was_begun_is_finished_when_the_window_has_closed_and_nothing_else_is(host: Host) -> None:
    with within(host, LONG_AGO) as pair:
        begun, other = (Held(incident_id=name, action="service-restart", target="web", begun=(0,)) for name in ("i1", "i2"))
        assert asked(pair, begun) is None
        assert asked(pair, other) == "no maintenance window is open"
        planned_anew = Held(incident_id="i1", action="service-restart", target="web")
        assert asked(pair, planned_anew) == "no maintenance window is open"


def test_when_alertmanagers_file_is_broken_meanwhile_root_begins_nothing_but_still_runs_to_finish_and_undo(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "homeostat.yml"
    shared = f"{{config_file: {tmp_path}/alertmanager.yml, time_intervals: [night]}}"
    path.write_text(f"host: h1\nalertmanager: {shared}\nwindows: [{{}}]\nactor: {{executor_directory: {tmp_path}/root, state_directory: {tmp_path}/state}}\n")
    config, playbooks = _configuration(path, strictly=False)
    assert "service-restart" in playbooks
    assert not any(active(config.windows, moment) for moment in (0.0, 1e9, 2e9))
    with pytest.raises(ConfigError, match=r"alertmanager\.yml: cannot be read"):
        _configuration(path, strictly=True)


CHANGED: dict[str, Callable[[pathlib.Path], object]] = {
    "the configuration": lambda folder: (folder / "homeostat.yml").write_text((folder / "homeostat.yml").read_text().replace("active", "shadow")),
    "the configuration, replaced": lambda folder: pathlib.Path(shutil.copy(folder / "homeostat.yml", folder / "new")).rename(folder / "homeostat.yml"),
    "Alertmanager's": lambda folder: (folder / "alertmanager.yml").unlink(),
    "a playbook of the owner's": lambda folder: (folder / "own" / "mine.yml").write_text(""),
}


@pytest.mark.parametrize("change", CHANGED)
def test_root_takes_nothing_more_once_what_it_may_do_was_written_anew(host: Host, tmp_path: pathlib.Path, change: str) -> None:
    (tmp_path / "own").mkdir()
    shared = {"config_file": f"{tmp_path}/alertmanager.yml", "time_intervals": ["night"]}
    (tmp_path / "alertmanager.yml").write_text("time_intervals: [{name: night, time_intervals: [{}]}]\n")
    written = {"host": "h1", "alertmanager": shared, "autonomy": {"mode": "active"}, "actor": {"playbook_directory": f"{tmp_path}/own", "executor_directory": f"{tmp_path}/root"}}
    (tmp_path / "homeostat.yml").write_text(yaml.safe_dump(written))
    config, _ = _configuration(tmp_path / "homeostat.yml", strictly=True)
    is_outdated = _watch(tmp_path / "homeostat.yml", config)
    with within(host) as pair:
        pair.lay("show")
        CHANGED[change](tmp_path)
        serve(pair.root, 0.05, is_outdated)
        assert intents.names(pair.root.answers) == set(), "systemd starts another, for the intent still lies there"
        serve(pair.root, 0.05, _watch(tmp_path / "homeostat.yml", msgspec.structs.replace(config, alertmanager=pair.root.config.alertmanager)))
        assert intents.names(pair.root.answers) == intents.names(pair.root.intents) == {NAME}


def test_nothing_is_taken_either_beside_what_is_still_under_way(pair: Pair) -> None:
    pair.lay("show")
    told = iter([False, True, True])
    serve(pair.root, 0.05, lambda: next(told))
    assert intents.names(pair.root.answers) == set()


def test_the_program_itself_ends_at_once_when_its_configuration_was_written_anew(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actor.executor.__main__.serve", functools.partial(serve, idle_seconds=120.0))
    path = tmp_path / "homeostat.yml"
    path.write_text(f"host: h1\nactor: {{executor_directory: {tmp_path}/root, state_directory: {tmp_path}/state}}\n")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        program = pool.submit(CliRunner().invoke, main, ["--config.file", str(path)])
        while not (tmp_path / "root" / "answers").is_dir() and not program.done():
            time.sleep(0.01)
        path.write_text(f"{path.read_text()}autonomy: {{mode: active}}\n")
        assert program.result(timeout=60).exit_code == 0, "an idle one would wait for two minutes"


def ran(ago_seconds: float, action: str = "service-restart", target: str = "web", **said: Any) -> Held:
    """Return another incident, of which a run was begun so long ago."""
    run = Run(NOW - ago_seconds, said.pop("action_class", "restart"), action, target, **said)
    return Held(incident_id=f"{action}-{target}-{ago_seconds:g}", action=action, target=target, runs=(run,))


OWN_LIMITS = {
    "1/1h per target": (ran(30 * MINUTE),),
    "3/24h per target": (ran(5 * HOUR), ran(10 * HOUR), ran(20 * HOUR)),
    "1/5m per target, its rest,": (ran(4 * MINUTE),),
}


@pytest.mark.parametrize("limit", OWN_LIMITS)
def test_root_keeps_to_the_playbooks_own_limits_and_its_rest(host: Host, limit: str) -> None:
    with within(host, limits={"restarts": [{"count": 9, "within": "1h"}]}) as pair:
        known = pair.root.playbooks["service-restart"]
        texts = (limit.removesuffix(" per target"),) if "rest" not in limit else ()
        own = dataclasses.replace(known, file=msgspec.structs.replace(known.file, limits=Limits(per_target=texts)))
        assert refusal(pair.root.config, own, pair.case(), OWN_LIMITS[limit]) == f"the budget of {limit} is spent"
        elsewhere = tuple(msgspec.structs.replace(each, runs=(msgspec.structs.replace(each.runs[0], target="db"),)) for each in OWN_LIMITS[limit])
        assert refusal(pair.root.config, own, pair.case(), elsewhere) is None


def test_a_run_stays_known_for_as_long_as_a_limit_looks_back(pair: Pair) -> None:
    known = pair.root.playbooks["service-restart"]
    limited = dataclasses.replace(known, file=msgspec.structs.replace(known.file, limits=Limits(per_target=("1/60d",))))
    for name, days_ago in (("recent", 50), ("old", 70)):
        pair.root.store.put(Held(incident_id=name, action="service-restart", target="web"))
        [file] = pathlib.Path(pair.root.config.actor.root_directory).rglob(f"{name}.json")
        os.utime(file, (0, pair.root.clock.now() - days_ago * DAY))
    serve(dataclasses.replace(pair.root, playbooks={known.name: limited}), 0.05)
    assert [held.incident_id for held in pair.root.store.all()] == ["recent"]


def test_what_the_other_process_admitted_when_its_hour_was_over_root_does_though_it_begins_a_moment_later(host: Host) -> None:
    with within(host) as pair:
        assert asked(pair, ran(HOUR - 10)) is None


def test_a_deployment_and_each_service_of_a_cascade_count_as_restarts(host: Host) -> None:
    with within(host, limits={"restarts": [{"count": 3, "within": "1h"}]}) as pair:
        drift = ran(10 * MINUTE, "drift-reconciliation", "db", action_class="config", restarts=1)
        cascade = ran(10 * MINUTE, "service-cascade-restart", "mail", restarts=2)
        assert asked(pair, drift) is None
        assert asked(pair, cascade) is None
        assert asked(pair, drift, cascade) == "the budget of 3/1h restarts is spent"


def test_a_cascade_begins_only_where_there_is_room_for_all_of_it(host: Host) -> None:
    with within(host, limits={"restarts": [{"count": 3, "within": "1h"}]}) as pair:
        known = pair.root.playbooks["service-restart"]
        one = Command(step="restart-service", summary="", arguments={}, expected="", oracle="")
        for units, earlier, told in ((2, 1, None), (3, 1, "the budget of 3/1h restarts is spent"), (4, 0, None), (4, 1, "the budget of 3/1h restarts is spent")):
            own = Held(incident_id="i1", action="service-restart", target="web", plan=add_up(known, "web", (one,) * units))
            others = (ran(10 * MINUTE, target="db"),) * earlier
            assert asked(pair, own, *others) == told, (units, earlier)


def test_what_was_begun_is_finished_though_the_budget_is_smaller_now(host: Host) -> None:
    with within(host, autonomy={"max_actions_per_day": 1}) as pair:
        begun = Held(incident_id="i1", action="service-restart", target="web", begun=(0,), runs=(Run(NOW, "restart"),))
        other = ran(10 * MINUTE, target="db")
        assert asked(pair, begun, other) is None
        assert asked(pair, msgspec.structs.replace(begun, begun=()), other) == "the budget of 1/1d actions is spent"


def test_a_command_is_begun_under_no_other_playbook_nor_target_than_it_was_planned_for(host: Host) -> None:
    with within(host, LONG_AGO) as pair:
        command = planned(pair)
        for other in ({"action": "investigate"}, {"action": "service-cascade-restart"}, {"action": "investigate", "target": "disk"}):
            assert pair.ask("perform", command, **other).reason == "root planned this command for service-restart at web; nothing was done"
        assert host.restarts() == 0


def test_where_what_is_critical_may_pass_the_other_process_judges_that(host: Host) -> None:
    with within(host, LONG_AGO, limits={"critical_passes": ["window"]}) as pair:
        assert asked(pair) is None

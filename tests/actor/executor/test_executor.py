"""Root's half does what was planned by root itself, once, under root's own policy, and nothing else that it is told."""

from __future__ import annotations

import errno
import os
import pathlib
import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from click.testing import CliRunner

from actor.deeds import Hands, kept
from actor.execution import fenced
from actor.executor import intents
from actor.executor.__main__ import main, serve
from actor.executor.held import Held, Run
from actor.executor.intents import WIRES
from actor.foresight import simulate
from actor.model import Command, EpisodeKey, StepFailed
from actor.person import Spoken
from actor.person.undoing import undo
from actor.reconcile import reconcile
from homeostat.words import SELFTEST
from tests.actor.executor.conftest import NAME, Pair, paired, served
from tests.support import DISK, HOST, MINUTE, WEB, Host, executable, labels_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.deeds import Record


def test_every_deed_crosses() -> None:
    assert set(WIRES) == set(Hands.__dataclass_fields__)


def test_a_cleanup_goes_through_root_as_it_goes_without(answering: Pair) -> None:
    actor = answering.actor
    for number in range(4):
        actor.host.log(f"a.log.{number}")
    actor.decide(DISK, "disk-cleanup")
    actor.turn()
    assert actor.incident().outcome in {"succeeded", "warned"}, actor.incident().reason
    # One slice of one file was enough for the target.
    assert sorted(path.name for path in actor.host.logs.glob("a.log.*")) == ["a.log.1", "a.log.2", "a.log.3"]


def test_a_restart_goes_through_root_as_it_goes_without(answering: Pair) -> None:
    actor = answering.actor
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert actor.incident().outcome == "succeeded", actor.incident().reason
    assert actor.host.restarts() == 1


def test_a_selftest_goes_through_root_whatever_budget_is_spent_and_spends_none(host: Host) -> None:
    pair = paired(host, autonomy={"mode": "active", "max_actions_per_day": 1})
    actor = pair.actor
    with served(pair):
        for number in range(2):
            key = EpisodeKey(HOST, SELFTEST, SELFTEST, SELFTEST)
            actor.decide(key, SELFTEST)
            actor.turn()
            assert actor.incident().outcome == "succeeded", (number, actor.incident().reason)
            actor.prometheus.forget(key)
            for _ in range(3):
                actor.clock.advance(6)
                reconcile(actor.world)
        actor.decide(WEB, "service-restart")
        actor.turn()
        assert actor.incident().outcome == "succeeded", actor.incident().reason
        actor.decide(key, SELFTEST)
        actor.turn()
        assert actor.incident().outcome == "succeeded", actor.incident().reason
    actor.journal.close()


def test_what_fails_at_root_is_told_in_the_same_words(answering: Pair) -> None:
    actor = answering.actor
    (actor.host.service / "refuses").touch()
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert actor.incident().outcome == "failed"
    assert "the service refuses" in actor.incident().reason


def test_when_root_does_not_answer_the_gates_say_no(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actor.executor.client._SILENT_SECONDS", -120.0)
    pair.actor.decide(WEB, "service-restart")
    pair.actor.turn()
    assert pair.actor.incident().outcome == "refused"
    assert pair.actor.host.restarts() == 0
    assert "is homeostat-executor.path active?" in str(pair.hands.obstacle(pair.case(), pair.actor.world.playbooks["service-restart"]))
    assert intents.names(pair.root.intents) == set()


# What somebody could write who has taken the other process over.


def planned(pair: Pair) -> Command:
    """Have root plan the restart, and return the command as it is begun."""
    answered = pair.ask("plan")
    return fenced(msgspec.convert(answered.result["commands"][0], Command))


def test_root_does_a_command_that_it_planned(pair: Pair) -> None:
    assert pair.ask("perform", planned(pair)).said == "done"
    assert pair.actor.host.restarts() == 1


def test_a_token_that_was_used_is_refused(pair: Pair) -> None:
    command = planned(pair)
    pair.ask("perform", command)
    held = pair.root.store.find("i1")
    assert held is not None
    pair.root.store.put(msgspec.structs.replace(held, tokens={command.token: "another intent"}))
    refused = pair.ask("perform", command)
    assert (refused.said, refused.reason) == ("failed", "the command's token has been used; nothing is begun twice")
    assert pair.actor.host.restarts() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": {"argv": ["/usr/sbin/reboot"], "invocation": "1"}},
        {"step": "journal-vacuum"},
        {"summary": "restart something else"},
        {"irreversible": True},
        {"token": ""},
    ],
)
def test_a_command_that_root_did_not_plan_is_refused(pair: Pair, change: dict[str, Any]) -> None:
    forged = msgspec.structs.replace(planned(pair), **change)
    for deed in ("perform", "oracle"):
        refused = pair.ask(deed, forged)
        assert (refused.said, refused.reason) == ("failed", "this is no command that root has planned for this incident; nothing was done")
    assert pair.actor.host.restarts() == 0


def test_a_command_planned_for_another_incident_is_refused(pair: Pair) -> None:
    command = planned(pair)
    assert pair.ask("perform", command, incident_id="i2").said == "failed"
    assert pair.actor.host.restarts() == 0


def test_asking_after_a_command_that_was_not_begun_spends_its_token(pair: Pair) -> None:
    command = planned(pair)
    assert pair.ask("oracle", command).result == "none"
    assert pair.ask("perform", command, id=NAME).said == "failed"
    assert pair.actor.host.restarts() == 0


def test_a_command_that_root_was_killed_over_is_taken_up_and_never_begun_again(pair: Pair) -> None:
    command = planned(pair)
    held = pair.root.store.find("i1")
    assert held is not None
    pair.root.store.put(msgspec.structs.replace(held, tokens={command.token: NAME}))
    assert "its effect is none" in pair.ask("perform", command).reason
    assert pair.actor.host.restarts() == 0
    (pair.actor.host.service / "invocation").write_text("2")
    assert pair.ask("perform", command).result == {"attached": True}
    assert pair.actor.host.restarts() == 1


@pytest.mark.parametrize("deed", ["seal", "keep", "undo", "rehearse"])
def test_a_record_that_root_did_not_give_is_refused(pair: Pair, deed: str) -> None:
    pair.ask("protect")
    forged: Record = {"protection": "quarantine", "record": {"root": "/", "part": "etc", "directories": {"x": "/root"}}}
    refused = pair.ask(deed, forged)
    assert (refused.said, refused.reason) == ("failed", "this is no record that root has given for this incident; nothing was touched")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"action": "reboot"}, "no playbook is named 'reboot'"),
        ({"action": "../disk-cleanup"}, "no playbook is named '../disk-cleanup'"),
        ({"target": "sshd"}, "'sshd' is not in the catalogue of services"),
        ({"target": "web/../db"}, "'web/../db' is not in the catalogue of services"),
        ({"action": "disk-cleanup", "target": "/etc"}, "'/etc' is not in the catalogue of filesystems"),
        ({"deed": "__import__"}, "'__import__' is no deed"),
        ({"deed": "build_case"}, "'build_case' is no deed"),
        ({"arguments": (1, 2)}, "perform takes 1 arguments, not 2"),
        ({"written_at": -1e9}, "the intent is not fresh"),
        ({"written_at": 1e12}, "the intent is not fresh"),
        ({"uptime_seconds": -1e9}, "the intent is not fresh"),
        ({"uptime_seconds": 1e12}, "the intent is not fresh"),
    ],
)
def test_what_is_no_exact_member_of_the_configuration_is_refused(pair: Pair, change: dict[str, Any], reason: str) -> None:
    command = planned(pair)
    refused = pair.ask(**{"deed": "perform", "arguments": (command,)} | change) if "arguments" in change else _changed(pair, command, change)
    assert refused.said == "failed"
    assert reason in refused.reason
    assert pair.actor.host.restarts() == 0


def _changed(pair: Pair, command: Command, change: dict[str, Any]) -> Any:
    deed = change.pop("deed", "perform")
    return pair.ask(deed, command, **change)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b"{" * 100_000, b'{"id": "0123456789abcdef", "more": 1}'])
def test_what_is_no_intent_is_answered_and_does_nothing(pair: Pair, body: bytes) -> None:
    pathlib.Path(pair.root.intents, f"{NAME}.json").write_bytes(body)
    assert pair.answered().reason.startswith(f"the executor cannot read intent {NAME}: ")


def test_what_is_no_file_is_not_opened(pair: Pair, tmp_path: pathlib.Path) -> None:
    path = pathlib.Path(pair.root.intents, f"{NAME}.json")
    secret = tmp_path / "secret"
    secret.write_text("{}")
    path.symlink_to(secret)
    assert "Too many levels of symbolic links" in pair.answered().reason
    path.unlink()
    os.mkfifo(path)
    assert "no regular file" in pair.answered().reason
    path.unlink()
    with path.open("wb") as file:
        file.truncate(1 << 30)
    assert "no regular file of a bearable size" in pair.answered().reason


def test_an_intent_under_another_ones_name_is_refused(pair: Pair) -> None:
    assert "calls itself" in pair.ask("show", id=NAME[::-1]).reason


def test_what_is_kept_is_withdrawn_only_where_root_has_given_it(pair: Pair, tmp_path: pathlib.Path) -> None:
    victim = tmp_path / ".homeostat-quarantine" / "homeostat-disk-cleanup-i9"
    victim.mkdir(parents=True)
    forged: Record = {"protection": "quarantine", "record": {"root": str(tmp_path), "part": f".homeostat-quarantine/{victim.name}", "directories": {}}}
    assert "no record that root has given" in pair.ask("withdraw", forged, action="disk-cleanup", target="disk").reason
    assert victim.is_dir()


def test_a_record_that_root_gave_is_withdrawn_once_and_then_known_no_more(pair: Pair) -> None:
    pair.actor.host.log("a.log.1")
    record = pair.ask("protect", action="disk-cleanup", target="disk").result
    assert pair.ask("withdraw", record, action="disk-cleanup", target="disk").said == "done"
    held = pair.root.store.find("i1")
    assert held is not None
    assert held.given == ()
    assert pair.ask("undo", record, action="disk-cleanup", target="disk").said == "failed"


def test_what_undoes_a_run_that_has_begun_is_not_withdrawn(answering: Pair) -> None:
    record = answering.hands.protect(answering.case(), answering.actor.world.playbooks["service-restart"])
    answering.hands.perform(answering.case(), fenced(answering.plan().commands[0]))
    with pytest.raises(StepFailed, match="something was begun"):
        answering.hands.withdraw(answering.case(), record)


def test_a_unit_of_a_command_that_was_not_begun_is_not_let_go(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go: list[Command] = []
    monkeypatch.setattr("actor.execution.release", lambda case, commands: let_go.extend(commands))
    command = planned(pair)
    pair.ask("release", [command])
    assert let_go == []
    pair.ask("perform", command)
    # Another command under its token would have root undo what it never did.
    pair.ask("release", [msgspec.structs.replace(command, arguments={**command.arguments, "unit": "sshd.service"})])
    assert let_go == []
    pair.ask("release", [command])
    assert let_go == [command]


def test_what_is_held_stays_as_long_as_an_undo_may_need_it_and_no_longer(pair: Pair) -> None:
    pair.actor.host.log("a.log.1")
    pair.ask("protect", action="disk-cleanup", target="disk")
    pair.ask("plan", incident_id="i2")
    assert pair.ask("protect", incident_id="i3").result["protection"] == "none"
    pair.root.store.prune(pair.root.clock.now() + MINUTE)
    assert [held.incident_id for held in pair.root.store.all()] == ["i1"]


def test_what_one_incident_gives_back_is_no_other_ones(pair: Pair) -> None:
    for incident_id in ("i1", "i2"):
        record = pair.ask("protect", incident_id=incident_id).result
    assert pair.ask("withdraw", record).said == "done"
    assert pair.ask("seal", record, incident_id="i2").said == "done"


def test_whose_asker_died_before_it_heard_of_the_seal_is_kept_and_undone_all_the_same(host: Host) -> None:
    data = host.service / "data"
    data.write_text("before")
    pair = paired(host, services={"web": {"files": [str(data)]}})
    record = pair.ask("protect").result
    data.write_text("by the action")
    sealed = pair.ask("seal", record).result
    assert pair.ask("keep", record).said == "done"
    data.write_text("by a person")
    assert pair.ask("seal", record).result == sealed, "sealed once more, a person's edit would be the action's"
    assert pair.ask("undo", record).said == "done"
    assert data.read_text() == "by a person"
    pair.actor.journal.close()


# Root's own policy.


def test_each_command_of_a_plan_is_begun_once_whatever_token_it_bears(pair: Pair) -> None:
    command = planned(pair)
    assert pair.ask("perform", command).said == "done"
    again = pair.ask("perform", fenced(command))
    assert again.reason == "this command was begun since root planned it; nothing is begun twice"
    assert pair.actor.host.restarts() == 1


def test_who_plans_again_and_again_in_one_incident_spends_the_budget_too(host: Host) -> None:
    pair = paired(host, limits={"restarts": [{"count": 2, "within": "1h"}]})
    for _ in range(2):
        assert pair.ask("perform", planned(pair)).said == "done"
    for deed, arguments in (("perform", (planned(pair),)), ("protect", ())):
        assert pair.ask(deed, *arguments).reason == "the budget of 2/1h restarts is spent"
    assert host.restarts() == 2
    pair.actor.journal.close()


def test_what_had_no_effect_may_be_tried_again_within_the_playbooks_own_limits_and_then_no_more(pair: Pair) -> None:
    for _ in range(2):
        assert pair.ask("perform", planned(pair)).said == "done"
    assert pair.ask("perform", planned(pair)).reason == "the budget of 1/1h per target is spent"
    assert pair.ask("perform", planned(pair), incident_id="i2").reason.startswith("this is no command that root has planned")


def test_of_a_run_root_notes_the_action_the_target_and_how_many_units_its_plan_restarts(pair: Pair) -> None:
    assert pair.ask("perform", planned(pair)).said == "done"
    held = pair.root.store.find("i1")
    assert held is not None
    assert [(run.action_class, run.action, run.target, run.restarts) for run in held.runs] == [("restart", "service-restart", "web", 1)]


def test_a_run_of_several_commands_is_one_run(pair: Pair) -> None:
    for number in range(3):
        pair.actor.host.log(f"a.log.{number}", size_kib=2048)
    about = {"action": "disk-cleanup", "target": "disk"}
    commands = msgspec.convert(pair.ask("plan", **about).result["commands"], list[Command])
    assert len(commands) > 1
    for command in commands:
        assert pair.ask("perform", fenced(command), **about).said == "done"
    held = pair.root.store.find("i1")
    assert held is not None
    assert [run.action_class for run in held.runs] == ["cleanup"]


def test_what_is_simulated_of_a_run_that_is_under_way_takes_nothing_from_it(answering: Pair) -> None:
    actor = answering.actor
    actor.decide(WEB, "service-restart")
    actor.turn()
    held = answering.root.store.find(actor.incident().id)
    simulate(actor.world, labels_of(WEB, "service-restart", "auto-execute"), {})
    assert answering.root.store.find(actor.incident().id) == held


def test_under_a_stop_nothing_is_begun_but_undone_and_looked_at_all_the_same(pair: Pair) -> None:
    command, record = planned(pair), pair.ask("protect").result
    pair.actor.stop()
    pair.root.stop.path.write_text("by ada: enough")
    for deed, arguments in (("protect", ()), ("perform", (command,))):
        assert pair.ask(deed, *arguments).reason == "stopped: by ada: enough"
    assert pair.ask("undo", record).said == "done"
    assert pair.ask("show").said == "done"
    assert pair.actor.host.restarts() == 0


def test_the_stop_lies_where_only_root_may_take_it_away(pair: Pair) -> None:
    assert pair.root.stop.path.parent == pathlib.Path(pair.actor.config.actor.root_directory)
    assert not pair.root.stop.path.is_relative_to(pair.actor.config.actor.state_directory)


@pytest.mark.parametrize("put", ["file", "link", "pipe", "folder"])
def test_root_hears_the_stop_of_the_console_too_and_reads_nothing_for_who_puts_a_link_there(pair: Pair, tmp_path: pathlib.Path, put: str) -> None:
    command, place = planned(pair), pair.root.stop.own
    assert place.parent == pathlib.Path(pair.actor.config.actor.state_directory)
    (tmp_path / "secret").write_text("a secret of root's")
    {
        "file": lambda: place.write_text("by ada@console: enough"),
        "link": lambda: place.symlink_to(tmp_path / "secret"),
        "pipe": lambda: os.mkfifo(place),
        "folder": place.mkdir,
    }[put]()
    reason = pair.ask("perform", command).reason
    assert (reason.startswith("stopped: "), "secret" in reason, "enough" in reason) == (True, False, put == "file")
    assert pair.actor.host.restarts() == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"autonomy": {"mode": "shadow"}}, "mode is shadow: nothing is done"),
        ({"autonomy": {"mode": "active", "max_actions_per_day": 1}}, "the budget of 1/1d actions is spent"),
        (
            {"autonomy": {"mode": "active", "schedule": [{"name": "always", "when": [{}], "level": "moderate", "max_actions_per_day": 1}]}},
            "the budget of 1/1d actions of the schedule always is spent",
        ),
        ({"limits": {"restarts": [{"count": 1, "within": "1h"}]}}, "the budget of 1/1h restarts is spent"),
    ],
)
def test_what_policy_forbids_is_not_done_whatever_the_other_process_says(host: Host, changes: dict[str, Any], reason: str) -> None:
    pair = paired(host, **changes)
    pair.root.store.put(
        Held(incident_id="earlier", action="service-restart", target="web", runs=(Run(pair.root.clock.now() - MINUTE, "restart"),))
    )
    command = planned(pair)
    assert pair.ask("perform", command).reason == reason
    assert host.restarts() == 0
    pair.actor.journal.close()


def test_what_keeps_the_host_alive_is_not_touched_even_when_it_is_in_the_catalogue(host: Host) -> None:
    sshd = host.settings()["services"]["web"]
    pair = paired(host, services={"sshd": sshd})
    command = pair.ask("plan", target="sshd").result["commands"][0]
    refused = pair.ask("perform", fenced(msgspec.convert(command, Command)), target="sshd")
    assert "'sshd' is never touched" in refused.reason
    assert host.restarts() == 0
    pair.actor.journal.close()


@pytest.mark.parametrize("place", [0, -1], ids=["root's", "the console's"])
def test_a_stop_ends_within_a_second_what_root_is_doing(answering: Pair, place: int) -> None:
    slow = executable(answering.actor.host.service / "control", "#!/bin/sh\n[ $1 = show ] && printf 'ActiveState=active\\nInvocationID=1\\n' || sleep 60\n")
    assert slow.exists()
    command = fenced(answering.plan().commands[0])
    outcome: list[str] = []

    def perform() -> None:
        try:
            answering.hands.perform(answering.case(), command)
        except StepFailed as failure:
            outcome.append(str(failure))

    thread = threading.Thread(target=perform)
    thread.start()
    while not (held := answering.root.store.find("i1")) or not held.tokens:
        time.sleep(0.01)
    began = time.monotonic()
    answering.root.stop.paths[place].write_text("by ada: enough")
    thread.join()
    assert time.monotonic() - began < 10
    assert "ended by the stop" in outcome[0]


def test_what_cannot_be_laid_down_has_failed_in_words(pair: Pair) -> None:
    pathlib.Path(pair.root.intents).rmdir()
    with pytest.raises(StepFailed, match=r"root cannot be asked: .*No such file"):
        pair.hands.release(pair.case(), ())


def full(patch: pytest.MonkeyPatch, is_full: Callable[[str], bool]) -> None:
    """Let the disk have no room for what is written into a folder while that is said to be full."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if is_full(str(pathlib.Path(f"/proc/self/fd/{descriptor}").readlink())):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    patch.setattr(intents.os, "fsync", fsync)


def test_on_a_full_disk_the_ballast_makes_room_to_ask_root(answering: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    ballast = answering.actor.journal.ballast
    full(monkeypatch, lambda path: "/intents/" in path and ballast.laid)
    assert ballast.laid
    assert answering.hands.show(answering.case()) is not None
    assert not ballast.laid


def test_what_finds_no_room_at_all_leaves_nothing_behind(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    full(monkeypatch, lambda path: "/intents/" in path)
    with pytest.raises(StepFailed, match=r"root cannot be asked: .*No space left"):
        pair.hands.show(pair.case())
    assert list(pathlib.Path(pair.root.intents).iterdir()) == []


def test_what_root_cannot_hold_it_does_not_keep(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    data = host.service / "data"
    data.write_text("before")
    pair = paired(host, services={"web": {"files": [str(data)]}})
    full(monkeypatch, lambda path: "/held/" in path)
    assert "No space left" in pair.ask("protect").reason
    assert kept(pair.actor.config) == []
    pair.actor.journal.close()


def test_an_answer_that_cannot_be_written_is_not_tried_again_at_once(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def answer(_: object, name: str) -> None:
        tried.append(name)
        if len(tried) > 1:
            pathlib.Path(pair.root.intents, f"{name}.json").unlink()
        raise OSError(errno.ENOSPC, "No space left on device")

    pathlib.Path(pair.root.intents, f"{NAME}.json").write_bytes(b"")
    monkeypatch.setattr("actor.executor.__main__.answer", answer)
    began = time.monotonic()
    # A busy machine may not look again for a while, and root is idle no sooner than that.
    serve(pair.root, idle_seconds=2)
    assert (len(tried), time.monotonic() - began >= 1) == (2, True)


# The program.


def test_it_ends_though_an_intent_lies_there_whose_asker_has_died(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.ask("show")
    serve(pair.root, idle_seconds=0.05)
    assert intents.names(pair.root.intents) == {NAME}, "who asked a moment ago may still fetch its answer"
    monkeypatch.setattr("actor.executor.__main__._ANSWER_STAYS_SECONDS", -1.0)
    serve(pair.root, idle_seconds=0.05)
    assert intents.names(pair.root.intents) == intents.names(pair.root.answers) == set()


def test_a_configuration_that_others_may_write_is_refused(tmp_path: pathlib.Path) -> None:
    config = tmp_path / "homeostat.yml"
    config.write_text(f"actor: {{state_directory: {tmp_path}/state, executor_directory: {tmp_path}/root}}\n")
    config.chmod(0o666)
    told = CliRunner().invoke(main, ["--config.file", str(config)])
    assert told.exit_code == 1
    assert "must belong to root and be writable by nobody else" in told.output
    assert not (tmp_path / "root").exists()


def test_without_a_place_of_its_own_it_says_what_is_missing(tmp_path: pathlib.Path) -> None:
    config = tmp_path / "homeostat.yml"
    config.write_text("host: h1\n")
    told = CliRunner().invoke(main, ["--config.file", str(config)])
    assert told.exit_code == 1
    assert "actor.executor_directory: must be set" in told.output


def test_a_check_says_nothing_of_a_good_file_and_makes_no_place(tmp_path: pathlib.Path) -> None:
    config = tmp_path / "homeostat.yml"
    config.write_text(f"actor: {{state_directory: {tmp_path}/state, executor_directory: {tmp_path}/root}}\n")
    told = CliRunner().invoke(main, ["--config.check", "--config.file", str(config)])
    assert (told.exit_code, told.output) == (0, "")
    assert not (tmp_path / "root").exists()


def preimage(pair: Pair) -> pathlib.Path:
    place = pair.actor.host.folder / "root" / "preimages" / "homeostat-service-restart-0a1b2c3d"
    place.mkdir(parents=True)
    return place


def test_root_lists_what_is_kept_and_deletes_only_what_it_finds_too_old_itself(answering: Pair) -> None:
    place, config = preimage(answering), answering.actor.config
    (stored,) = answering.hands.kept(config)
    assert (stored.protection, stored.kept.name) == ("preimage", place.name)
    with pytest.raises(StepFailed, match="is kept for 7d, and space is not short; it was not deleted"):
        answering.hands.discard(config, stored.key)
    assert place.exists()
    os.utime(place, (0, 0))
    answering.hands.discard(config, stored.key)
    assert not place.exists()


def test_root_deletes_nothing_that_it_does_not_keep_itself(answering: Pair, tmp_path: pathlib.Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "homeostat-service-restart-0a1b2c3d"
    elsewhere.mkdir(parents=True)
    answering.hands.discard(answering.actor.config, ("preimage", str(elsewhere.parent), elsewhere.name))
    answering.hands.discard(answering.actor.config, ("none", "/", "../etc"))
    assert elsewhere.exists()


def test_a_person_undoes_through_root_what_root_did(host: Host) -> None:
    data = host.service / "data"
    data.write_text("before")
    (host.service / "writes").touch()
    pair = paired(host, services={"web": {"files": [str(data)]}})
    with served(pair):
        pair.actor.decide(WEB, "service-restart")
        pair.actor.turn()
        assert (pair.actor.incident().outcome, data.read_text()) == ("succeeded", "by the restart\n")
        (host.service / "down").touch()
        assert undo(pair.actor.world, Spoken("", "ada@desk"), dry_run=True).paths == (str(data),)
        assert undo(pair.actor.world, Spoken("", "ada@desk"), dry_run=False).restored == 1
        assert data.read_text() == "before"
    pair.actor.journal.close()

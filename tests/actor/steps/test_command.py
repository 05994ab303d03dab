"""An owner's program as a step: run once by exact words, its oracle and its undo asked of the owner's own programs."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from actor.execution import fenced
from actor.journal import incidents
from actor.model import StepFailed
from actor.playbook import PROTECTIONS, STEPS, load_playbooks
from homeostat.config import ConfigError
from tests.actor.cases import case
from tests.actor.playbooks import marks
from tests.support import WEB, Actor, executable

if TYPE_CHECKING:
    from actor.kinds import Protection, Step
    from actor.model import Case, Command
    from tests.support import Host

STEP: Step = STEPS["command"]
PROTECTION: Protection = PROTECTIONS["command"]
EXAMPLE = pathlib.Path(__file__).parents[3] / "docs" / "playbooks"


def script(host: Host, name: str, body: str) -> str:
    return str(executable(host.folder / name, f"#!/bin/sh\n{body}\n"))


def planned(about: Case, **options: Any) -> Command:
    wanted = msgspec.convert(options, STEP.options)
    (command,) = STEP.plan(STEP.gather(about, wanted), wanted)
    return fenced(command)


def test_it_runs_the_program_with_the_target_as_a_word_of_its_own(host: Host) -> None:
    about, seen = case(host, "web"), host.folder / "seen"
    program = script(host, "program", f'printf "%s|" "$@" >{seen}')
    STEP.perform(about, planned(about, run=(program, "a b", "$HOME;", "{target}", "x{target}")))
    assert seen.read_text() == "a b|$HOME;|web|x{target}|"


def test_a_program_that_fails_is_a_failed_step_with_its_words(host: Host) -> None:
    about = case(host, "web")
    command = planned(about, run=(script(host, "program", "echo no room; exit 3"),))
    with pytest.raises(StepFailed, match=r"the command failed: .*exit 3: no room"):
        STEP.perform(about, command)


@pytest.mark.parametrize("when", ["planned", "performed"])
@pytest.mark.parametrize("place", [0, 1])
def test_what_others_may_write_is_never_run(host: Host, when: str, place: int) -> None:
    about, programs = case(host, "web"), (script(host, "program", "exit 0"), script(host, "other", "exit 0"))
    command = planned(about, run=programs)
    pathlib.Path(programs[place]).chmod(0o777)
    with pytest.raises(StepFailed, match="must belong to root and be writable by nobody else"):
        _ = planned(about, run=programs) if when == "planned" else STEP.perform(about, command)


@pytest.mark.parametrize(("answer", "effect"), [("exit 0", "done"), ("exit 1", "none"), ("exit 2", "unknowable"), ("kill -9 $$", "unknowable")])
def test_after_a_crash_its_oracle_tells_whether_it_ran(host: Host, answer: str, effect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    about = case(host, "web")
    command = planned(about, run=(script(host, "program", "exit 0"),), oracle=(script(host, "oracle", answer),))
    # As after a reboot: systemd knows nothing of it any more.
    assert STEP.oracle(about, msgspec.structs.replace(command, boot_id="another")) == effect


def test_without_an_oracle_nobody_knows_after_a_crash(host: Host) -> None:
    about = case(host, "web")
    assert STEP.oracle(about, msgspec.structs.replace(planned(about, run=(script(host, "program", "exit 0"),)), boot_id="another")) == "unknowable"


def test_when_a_later_step_fails_the_undo_of_each_is_run_the_last_first(host: Host) -> None:
    actor = Actor(host, **marks(host, ""))
    actor.decide(WEB, "marks")
    actor.turn()
    assert actor.incident().outcome == "rolled_back", actor.incident().reason
    assert (host.folder / "undone").read_text().split() == ["second", "first"]
    assert not (host.folder / "first").exists()


def test_an_undo_that_fails_strands_the_incident(host: Host) -> None:
    actor = Actor(host, **marks(host, "exit 4"))
    actor.decide(WEB, "marks")
    actor.turn()
    assert actor.incident().outcome == "stranded"
    assert "the undo failed" in actor.incident().reason


def test_the_undo_of_a_killed_run_is_what_the_record_says(host: Host) -> None:
    actor = Actor(host, **marks(host, ""))
    actor.decide(WEB, "marks")
    actor.turn()
    protected = next(phase["result"] for phase in incidents.phases_of(actor.journal, actor.incident().id) if phase["phase"] == "protect")
    assert [undo["argv"][0].rpartition("/")[2] for undo in protected["record"]["undoes"]] == ["undo-second", "undo-first"]


OPTIONS = {
    "a program by a relative path": ("run: [drop-cache]", "a command starts with the absolute path of its program"),
    "an undo by a relative path": ("run: [/bin/true]\n      undo: [rm]", "a command starts with the absolute path of its program"),
    "a word that stands for nothing": ('run: [/bin/true, "{units}"]', "nothing stands for {units}; known: {target}, {unit}, {path}"),
    "an undo of what only reads": ("run: [/bin/true]\n      undo: [/bin/true]\n      reads: true", "what only reads has nothing to undo"),
    "no time": ("run: [/bin/true]\n      deadline: 0s", "deadline must be more than 0s"),
    "a shell's line": ("run: /bin/true && /bin/false", "expected a list"),
}


@pytest.mark.parametrize("fault", OPTIONS)
def test_a_command_that_cannot_be_meant_is_refused_with_its_line(tmp_path: pathlib.Path, fault: str) -> None:
    options, told = OPTIONS[fault]
    path = tmp_path / "maintenance-page.yml"
    text = EXAMPLE.joinpath(path.name).read_text()
    start, end = text.index("      run:"), text.index("verify:")
    path.write_text(f"{text[:start]}      {options}\n{text[end:]}")
    with pytest.raises(ConfigError) as error:
        load_playbooks(str(tmp_path))
    assert told in str(error.value)
    assert str(error.value).startswith(f"{path}:")
    assert 16 <= int(str(error.value).removeprefix(f"{path}:").partition(":")[0]) <= 19


def test_the_owners_playbook_of_the_pages_is_one() -> None:
    assert load_playbooks(str(EXAMPLE))["maintenance-page"].steps[0].options.undo[1] == "off"

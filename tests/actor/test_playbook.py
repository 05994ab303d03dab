"""Playbooks: the built-in ones are valid, and what is wrong with an owner's is told with its path and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actor.playbook import BUILT_IN, MEASURES, PROTECTIONS, STEPS, Change, load_playbooks
from homeostat.config import ConfigError
from homeostat.config.limits import Window

if TYPE_CHECKING:
    import pathlib

GOOD = """name: mine
answers: [disk_exhaustion]
acts_on: filesystem
action_class: cleanup
risk: low
impact_certainty: 0.9
protection: quarantine
cooldown: 1h
limits: {per_target: [1/1h]}
estimate: 1m
deadline: 5m
steps:
  - quarantine-files: {rules: [old-logs]}
verify: {settle: 30s, measure: filesystem-free-ratio, success: "+0.03", warn: "> 0"}
"""


def written(folder: pathlib.Path, text: str, name: str = "mine") -> pathlib.Path:
    path = folder / f"{name}.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_built_in_playbooks_are_valid_and_answer_for_their_files() -> None:
    assert list(load_playbooks(None)) == sorted(path.stem for path in BUILT_IN.glob("*.yml"))


@pytest.mark.parametrize("name", load_playbooks(None))
def test_what_a_built_in_playbook_names_exists(name: str) -> None:
    book = load_playbooks(None)[name]
    assert book.file.verify.measure in MEASURES
    assert set(book.file.protections) <= set(PROTECTIONS)
    assert {step.kind for step in book.steps} <= set(STEPS)
    assert book.name == name


def test_an_owners_playbook_stands_beside_the_built_in_ones(tmp_path: pathlib.Path) -> None:
    written(tmp_path, GOOD)
    books = load_playbooks(str(tmp_path))
    assert set(books) == {"mine", *load_playbooks(None)}
    assert books["mine"].steps[0].options.rules == ("old-logs",)


def test_an_owners_playbook_takes_the_place_of_a_built_in_one(tmp_path: pathlib.Path) -> None:
    written(tmp_path, GOOD.replace("name: mine", "name: disk-cleanup"), "disk-cleanup")
    assert len(load_playbooks(str(tmp_path))["disk-cleanup"].steps) == 1


def test_two_files_for_one_name_are_refused_and_both_are_named(tmp_path: pathlib.Path) -> None:
    path, other = written(tmp_path, GOOD), written(tmp_path, GOOD, "twin")
    with pytest.raises(ConfigError) as error:
        load_playbooks(str(tmp_path))
    assert str(error.value) == f"{other}:1: name: 'mine' must be the file's own name, 'twin', for {path} has that one"


@pytest.mark.parametrize("beside", [True, False])
def test_a_file_that_would_silently_not_be_read_is_refused(tmp_path: pathlib.Path, beside: bool) -> None:
    path = written(tmp_path, GOOD)
    other = path.with_suffix(".yaml")
    other.write_text(GOOD)
    if not beside:
        path.unlink()
    with pytest.raises(ConfigError) as error:
        load_playbooks(str(tmp_path))
    second = f"; the playbook 'mine' stands in {path} already, keep one of them" if beside else ""
    assert str(error.value) == f"{other}: a playbook's file must end in .yml, or it is not read{second}"


FAULTS = {
    "an unknown step": ("  - quarantine-files:", "  - quarantine-filez:", "13: steps[0].quarantine-filez: unknown step; did you mean 'quarantine-files'?"),
    "an unknown option": ("{rules: [old-logs]}", "{rulez: [old-logs]}", "13: steps[0].quarantine-files.rulez: unknown key; did you mean 'rules'?"),
    "an option of another type": ("{rules: [old-logs]}", "{at_most_ratio: 2}", "13: steps[0].quarantine-files.at_most_ratio: "),
    "an unknown protection": ("protection: quarantine", "protection: prayer", "7: protection: "),
    "an unknown measure": ("filesystem-free-ratio", "filesystem-fre-ratio", "14: verify: measure 'filesystem-fre-ratio' is not known; did you mean 'filesystem-free-ratio'?"),
    "a change that is none": ('"+0.03"', '"3 %"', "14: verify: success '3 %' is no change; write '+0.03'"),
    "a limit that is none": ("[1/1h]", "[1 per hour]", "9: limits: '1 per hour' is no limit; write COUNT/DURATION"),
    "a key that nobody knows": ("estimate: 1m", "estimates: 1m", "10: estimates: unknown key; did you mean 'estimate'?"),
    "a missing key": ("deadline: 5m\n", "", "1: missing key 'deadline'"),
    "another name than the file's": ("name: mine", "name: yours", "1: name: 'yours' must be the file's own name, 'mine'"),
    "two kinds in one step": ("{rules: [old-logs]}", "{}\n    purge-quarantine: {}", "each step is one kind with its options"),
    "a deed that nobody would be told of": ("answers: [disk_exhaustion]", "answers: [selftest]", "4: action_class cleanup: nobody is told what answers 'selftest', the synthetic problem"),
    "a risk that is none": ("risk: low", "risk: none", "5: risk: "),
}


CONTRADICTIONS = {
    "a step for another kind of target": ("quarantine-files: {rules: [old-logs]}", "restart-service: {}", "13: steps[0].restart-service: this step needs acts_on service, and acts_on is filesystem"),
    "a measure of another kind of target": ("filesystem-free-ratio", "service-active", "14: verify.measure: service-active measures a service, and acts_on is filesystem"),
    "a warning that is more than a success": ('warn: "> 0"', 'warn: "+0.05"', "14: verify.warn: '+0.03' can be met without '+0.05'"),
    "a warning in the other direction": ('warn: "> 0"', 'warn: "< 0"', "14: verify.warn: '+0.03' can be met without '< 0'"),
    "a purge before anything is moved": ("  - quarantine-files:", "  - purge-quarantine: {}\n  - quarantine-files:", "13: steps[0].purge-quarantine: nothing is quarantined before this step"),
    "a quarantine that nothing is moved into": ("quarantine-files: {rules: [old-logs]}", "journal-vacuum: {keep: 7d}", "7: protection: protection quarantine and a step quarantine-files or compress-files need each other"),
    "a protection behind none": ("protection: quarantine", "loss: rule-bound\nprotection: [none, quarantine]", "8: protection: none can always be given"),
    "a protection twice": ("protection: quarantine", "protection: [quarantine, quarantine]", "7: protection: quarantine stands here twice"),
    "what reads under protection": ("action_class: cleanup", "action_class: read", "4: action_class: read is for what only reads"),
    "a loss of nothing by what does something": ("protection: quarantine", "loss: reads-only\nprotection: quarantine", "7: loss: step quarantine-files does more than read"),
    "a limit that another makes moot": ("[1/1h]", "[3/1h, 2/1d]", "9: limits.per_target[0]: it never comes to 3 in 1h, for another limit here allows 2 in 1d"),
    "a limit that the cooldown makes moot": ("[1/1h]", "[5/2h]", "9: limits.per_target[0]: it never comes to 5 in 2h, for cooldown lets it rest 1h each time"),
    "an estimate beyond the end": ("estimate: 1m", "estimate: 1h", "10: estimate: 1h is longer than it can ever take: 8m30s"),
    "no answer": ("[disk_exhaustion]", "[]", "2: answers: it answers nothing"),
    "an answer twice": ("[disk_exhaustion]", "[disk_exhaustion, disk_exhaustion]", "2: answers[1]: disk_exhaustion stands here twice"),
    "no step": ("steps:\n  - quarantine-files: {rules: [old-logs]}", "steps: []", "12: steps: it does nothing"),
    "the selftest's target for something else": ("acts_on: filesystem", "acts_on: homeostat", "3: acts_on: acts_on homeostat is for what answers 'selftest'"),
    "a command for good that nobody declares": ("  - quarantine-files:", "  - command: {run: [/bin/true]}\n  - quarantine-files:", "13: steps[0].command: without undo it is done for good"),
    "an undo that nobody runs": ("  - quarantine-files:", "  - command: {run: [/bin/true], undo: [/bin/true]}\n  - quarantine-files:", "13: steps[0].command.undo: nobody would ever run this undo"),
    "a command's undo that no step names": ("protection: quarantine", "protection: [quarantine, command]", "7: protection: protection command runs the undo that steps name, and"),
    "a command that outlasts its playbook": ("  - quarantine-files:", "  - command: {run: [/bin/true], reads: true, deadline: 6m}\n  - quarantine-files:", "13: steps[0].command.deadline: 6m is longer than the playbook's own deadline of 5m"),
    "a unit where there is none": ("  - quarantine-files:", "  - command: {run: [/bin/true, '{unit}'], reads: true}\n  - quarantine-files:", "13: steps[0].command: {unit} stands for something only where acts_on is service"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_cannot_be_meant_together_is_an_error_with_its_path_and_line(tmp_path: pathlib.Path, name: str) -> None:
    old, new, told = CONTRADICTIONS[name]
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ConfigError) as error:
        load_playbooks(str(tmp_path))
    assert str(error.value).startswith(f"{path}:{told}"), str(error.value)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_one_line_with_its_path_and_line(tmp_path: pathlib.Path, fault: str) -> None:
    old, new, told = FAULTS[fault]
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ConfigError) as error:
        load_playbooks(str(tmp_path))
    assert str(error.value).startswith(f"{path}:")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"^/nowhere: actor\.playbook_directory: no such folder"):
        load_playbooks("/nowhere")


@pytest.mark.parametrize(
    ("text", "change", "met"),
    [
        ("+0.03", 0.031, True), ("+0.03", 0.03, False), ("+0.03", -1, False), ("-0.02", -0.021, True), ("-0.02", -0.02, False), ("-0.02", 1, False),
        ("> 0", 0.001, True), ("> 0", 0, False), ("< 0.01", 0, True), ("< 0.01", 0.01, False), ("<0", -0.001, True),
    ],
)  # fmt: skip
def test_a_change_is_met_strictly(text: str, change: float, met: bool) -> None:
    assert Change.parse(text).met(change) is met


@given(st.text())
def test_any_text_is_a_change_or_a_value_error(text: str) -> None:
    told = ""
    try:
        Change.parse(text).met(0.0)
    except ValueError as error:
        told = str(error)
    assert not told or "is no change" in told


@pytest.mark.parametrize("text", ["", "1", "/1h", "0/1h", "-1/1h", "1/", "1/1", "1.5/1h", "²/1h", "1/1h/1h"])
def test_a_window_that_is_none_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        Window.parse(text)


def test_a_window_is_a_count_and_a_length() -> None:
    assert (Window.parse("3/24h").count, Window.parse("3/24h").within) == (3, 86400)

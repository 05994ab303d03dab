"""The one door to processes: no shell, a deadline that ends the whole tree, a stop that wins, bounded output."""

from __future__ import annotations

import os
import pathlib
import time

import pytest

from homeostat.shell import MOST_OUTPUT_BYTES, run


def alive(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 30
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still alive: {pids}"
        time.sleep(0.01)


def test_a_command_that_ends_by_itself_is_told_with_output_and_status() -> None:
    completed = run(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"], 5)
    assert (completed.status, completed.output, completed.cut, completed.ok) == (3, "out\nerr\n", None, False)
    assert str(completed) == "/bin/sh -c echo out; echo err >&2; exit 3: exit 3: out\nerr"
    assert run(["/bin/true"], 5).ok


@pytest.mark.parametrize("argv", [[], ["true"], ["./true"], [""], ["bin/true"]])
def test_a_program_without_its_absolute_path_is_not_run(argv: list[str]) -> None:
    with pytest.raises(ValueError, match="a command starts with the absolute path of its program"):
        run(argv, 5)


def test_a_program_that_cannot_be_started_is_an_answer() -> None:
    for path in ("/nowhere/program", "/etc"):
        completed = run([path], 5)
        assert (completed.status, completed.ok) == (127, False)
        assert completed.output.startswith("cannot be started: ")


@pytest.mark.parametrize("word", ["$(reboot)", "`id`", "; id", "a b", "*", "$HOME", "\n", "-n", "'", '"', "\\"])
def test_no_word_is_read_by_a_shell(word: str) -> None:
    assert run(["/usr/bin/printf", "%s", word], 5).output == word


def test_the_environment_is_ours_and_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "x")
    seen = dict(line.split("=", 1) for line in run(["/usr/bin/env"], 5, environment={"MORE": "1"}).output.splitlines())
    assert seen.pop("HOMEOSTAT_RUN")
    assert seen == {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "MORE": "1"}


def test_there_is_nothing_to_read_and_no_descriptor_of_ours() -> None:
    assert run(["/bin/cat"], 5).ok
    with pathlib.Path("/etc/passwd").open():
        assert run(["/bin/sh", "-c", "ls /proc/self/fd | wc -l"], 5).output.strip() == "4"


def test_at_the_deadline_the_whole_tree_is_ended(tmp_path: pathlib.Path) -> None:
    script = f"sleep 60 & echo $! >{tmp_path}/child; sh -c 'sleep 60 & echo $! >{tmp_path}/grandchild; trap : TERM; wait'"
    began = time.monotonic()
    completed = run(["/bin/sh", "-c", script], 0.5)
    assert time.monotonic() - began < 15
    assert (completed.cut, completed.ok) == ("ended at its deadline of 0.5 s", False)
    wait_until_gone([int((tmp_path / name).read_text()) for name in ("child", "grandchild")])


def test_what_a_command_leaves_behind_is_ended_with_it(tmp_path: pathlib.Path) -> None:
    run(["/bin/sh", "-c", f"sleep 60 & echo $! >{tmp_path}/child"], 5)
    wait_until_gone([int((tmp_path / "child").read_text())])


def test_what_made_itself_independent_lives_on_and_is_not_waited_for(tmp_path: pathlib.Path) -> None:
    began = time.monotonic()
    completed = run(["/bin/sh", "-c", f"setsid sleep 60 </dev/null >/dev/null 2>&1 & echo $! >{tmp_path}/daemon; sleep 0.1"], 5)
    pid = int((tmp_path / "daemon").read_text())
    try:
        assert completed.ok
        assert time.monotonic() - began < 15
        assert alive(pid)
    finally:
        os.kill(pid, 9)


def test_at_the_deadline_even_what_made_itself_independent_is_ended(tmp_path: pathlib.Path) -> None:
    run(["/bin/sh", "-c", f"setsid sh -c 'echo $$ >{tmp_path}/daemon; sleep 60' </dev/null >/dev/null 2>&1 & sleep 60"], 0.5)
    wait_until_gone([int((tmp_path / "daemon").read_text())])


@pytest.mark.parametrize("after", [0.0, 0.3])
def test_a_stop_ends_it_within_a_fifth_of_a_second(after: float) -> None:
    # On a busy machine one of a few.
    for _ in range(10):
        began = time.monotonic()
        completed = run(["/bin/sleep", "60"], 60, lambda began=began: time.monotonic() - began >= after)
        assert completed.cut is not None
        if (took := time.monotonic() - began) < after + 0.2:
            break
    assert took < after + 0.2
    assert "ended by the stop" in completed.cut


def test_a_command_that_is_done_before_the_stop_is_heard_is_done() -> None:
    assert run(["/bin/true"], 5, lambda: True).ok


def test_endless_output_is_read_and_kept_only_up_to_its_bound() -> None:
    completed = run(["/bin/sh", "-c", "yes | head -c 5000000"], 10)
    assert (len(completed.output), completed.ok) == (MOST_OUTPUT_BYTES, True)
    assert len(str(completed)) < 700


def test_output_that_is_no_utf_8_is_readable_all_the_same() -> None:
    assert run(["/usr/bin/printf", r"a\377\000b"], 5).output == "a\ufffd\0b"


def test_many_commands_leave_no_process_and_no_descriptor() -> None:
    before, children = len(list(pathlib.Path("/proc/self/fd").iterdir())), _children()
    for _ in range(20):
        run(["/bin/true"], 5)
        run(["/bin/sleep", "9"], 0.01)
    assert len(list(pathlib.Path("/proc/self/fd").iterdir())) == before
    assert _children() == children


def _children() -> set[str]:
    """Return the processes that this one has, dead ones too that nobody has waited for; other tests may have some."""
    return {child for task in pathlib.Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()}

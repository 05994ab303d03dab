"""Managers: the argv that shows and restarts one exact service, by absolute path, never a pattern."""

from __future__ import annotations

import os
import pathlib

import pytest

from actor.model import StepFailed
from actor.unit import MANAGERS, show
from homeostat.config.catalogue import Service, ServiceCommands
from tests.actor.cases import case
from tests.support import Host, executable

SYSTEMD = Service(manager="systemd", unit="web.service")
USER = Service(manager="systemd-user", unit="web.service", user="root")
PODMAN = Service(manager="podman", unit="web")


def test_systemd_restarts_one_unit_and_cancels_nobodys_job() -> None:
    expected = ("/usr/bin/systemctl", "restart", "--job-mode=fail", "--no-ask-password", "--", "web.service")
    assert MANAGERS["systemd"].restart(SYSTEMD) == expected


@pytest.fixture
def lingers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every user have a systemd of their own."""
    monkeypatch.setattr(pathlib.Path, "exists", lambda path: True)


def test_a_users_unit_is_asked_of_that_users_manager(lingers: None) -> None:
    argv = MANAGERS["systemd-user"].restart(USER)
    assert argv[:7] == ("/usr/sbin/runuser", "-u", "root", "--", "/usr/bin/env", "XDG_RUNTIME_DIR=/run/user/0", "HOME=/root")
    assert argv[7:] == ("/usr/bin/systemctl", "--user", "restart", "--job-mode=fail", "--no-ask-password", "--", "web.service")


def test_an_unknown_user_is_a_failure_with_a_name() -> None:
    with pytest.raises(StepFailed, match="there is no user 'nobody-here' on this host"):
        MANAGERS["systemd-user"].show(Service(manager="systemd-user", unit="web.service", user="nobody-here"))


@pytest.mark.skipif(pathlib.Path("/run/user/0/systemd").exists(), reason="root has a systemd of its own here")
def test_a_user_without_a_systemd_is_a_failure_that_says_how_to_start_one() -> None:
    with pytest.raises(StepFailed, match="start one with: loginctl enable-linger root"):
        MANAGERS["systemd-user"].restart(USER)


def test_podman_restarts_one_container() -> None:
    assert MANAGERS["podman"].restart(PODMAN) == ("/usr/bin/podman", "container", "restart", "--", "web")


@pytest.mark.parametrize("service", [SYSTEMD, USER, PODMAN], ids=lambda service: service.manager)
def test_the_unit_stands_last_behind_the_end_of_options(lingers: None, service: Service) -> None:
    for argv in (MANAGERS[service.manager].show(service), MANAGERS[service.manager].restart(service)):
        assert argv[0].startswith("/")
        assert argv[-2:] == ("--", service.unit)


def of(program: pathlib.Path) -> Service:
    return Service(manager="command", commands=ServiceCommands(show=(str(program), "show"), restart=(str(program), "restart")))


def test_a_command_is_the_owners_own_argv(tmp_path: pathlib.Path) -> None:
    program = executable(tmp_path / "control", "#!/bin/sh\n")
    assert MANAGERS["command"].restart(of(program)) == (str(program), "restart")


@pytest.mark.parametrize("mode", [0o722, 0o770, 0o757])
def test_a_program_that_others_may_write_is_not_run(tmp_path: pathlib.Path, mode: int) -> None:
    program = executable(tmp_path / "control", "#!/bin/sh\n")
    program.chmod(mode)
    with pytest.raises(StepFailed, match="must belong to root and be writable by nobody else"):
        MANAGERS["command"].restart(of(program))


def test_a_program_in_a_folder_that_others_may_write_is_not_run_for_they_may_put_another_in_its_place(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    program = executable(folder / "control", "#!/bin/sh\n")
    folder.chmod(0o775)
    with pytest.raises(StepFailed, match=f"{folder} must belong to root and be writable by nobody else"):
        MANAGERS["command"].restart(of(program))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_program_that_belongs_to_somebody_else_is_not_run(tmp_path: pathlib.Path) -> None:
    program = executable(tmp_path / "control", "#!/bin/sh\n")
    os.chown(program, 65534, 65534)
    with pytest.raises(StepFailed, match="must belong to root"):
        MANAGERS["command"].show(of(program))


def test_a_program_that_is_gone_is_a_failure_with_its_path(tmp_path: pathlib.Path) -> None:
    with pytest.raises(StepFailed, match="gone cannot be run: No such file or directory"):
        MANAGERS["command"].show(of(tmp_path / "gone"))


def answered(host: Host, *lines: str) -> Service:
    host.control.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
    service = case(host, "web").service
    assert service is not None
    return service


def test_what_the_manager_says_is_read_as_values(host: Host) -> None:
    state = show(answered(host, "ActiveState=active", "InvocationID=a=b", "MainPID=7", "MemoryCurrent=4096", "NeedDaemonReload=yes"))
    assert (state.active, state.invocation, state.main_pid, state.memory_bytes, state.needs_reload) == (True, "a=b", 7, 4096, True)


@pytest.mark.parametrize("memory", ["[not set]", "18446744073709551615", ""])
def test_where_the_manager_does_not_know_the_memory_proc_does(host: Host, memory: str) -> None:
    state = show(answered(host, "ActiveState=active", f"MainPID={os.getpid()}", f"MemoryCurrent={memory}"))
    assert state.memory_bytes is not None
    assert state.memory_bytes > 1024**2


def test_without_a_process_the_memory_is_not_known(host: Host) -> None:
    assert show(answered(host, "ActiveState=failed", "MainPID=0")).memory_bytes is None


def test_a_unit_that_is_not_loaded_cannot_be_restarted(host: Host) -> None:
    with pytest.raises(StepFailed, match="is not-found; only a loaded one can be restarted"):
        show(answered(host, "LoadState=not-found", "ActiveState=inactive"))


@pytest.mark.parametrize("line", ["MainPID=7", "", "nonsense"])
def test_an_answer_without_its_state_is_a_failure(host: Host, line: str) -> None:
    with pytest.raises(StepFailed, match="the manager does not say how the service is"):
        show(answered(host, line))


@pytest.mark.parametrize("pid", ["nonsense", "-1", "1.5", "99999999"])
def test_a_process_id_that_is_none_is_no_crash(host: Host, pid: str) -> None:
    assert show(answered(host, "ActiveState=active", f"MainPID={pid}")).memory_bytes is None

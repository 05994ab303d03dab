"""`homeostat stop` against a real actor in the middle of a long step: within a second, whatever the journal does, and for good."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.actor.live import Live, living, running_here
from tests.actor.process import Running, dumped, start

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator


@pytest.fixture
def live(tmp_path: pathlib.Path) -> Iterator[Live]:
    with living(tmp_path) as place:
        yield place


def in_the_middle(live: Live, running: Running) -> None:
    """Let a restart begin that would take a minute."""
    live.decide(running)
    live.until(running, lambda story: story["state"] == "running" and (live.host.service / "begun").exists())
    assert len(running_here(live.host.service)) == 3


def stop(live: Live) -> float:
    """Say stop; return how long it then took until nothing of the step ran any more."""
    result = live.run("stop", "--reason", "enough")
    assert result.exit_code == 0, result.output
    said_at = time.monotonic()
    while running_here(live.host.service):
        assert time.monotonic() - said_at < 10, running_here(live.host.service)
        time.sleep(0.01)
    return time.monotonic() - said_at


def test_it_wins_within_a_second_and_ends_the_whole_tree(live: Live) -> None:
    with live.start() as running:
        in_the_middle(live, running)
        assert stop(live) < 1
        story = live.until(running, lambda story: story["outcome"] is not None)
    assert story["outcome"] == "failed"
    assert "ended by the stop or its incident's deadline" in story["reason"]
    assert not (live.host.service / "ended").exists()


def test_nothing_begins_while_it_holds_and_it_survives_kill_9(live: Live) -> None:
    with live.start() as running:
        assert live.run("stop", "--reason", "enough").exit_code == 0
        live.decide(running)
        story = live.until(running, lambda story: story["outcome"] is not None)
        assert (story["outcome"], "enough" in story["reason"]) == ("refused", True)
        running.process.kill()
        running.process.wait()
    with live.start() as running:
        assert "enough" in running.get("/api/v1/status").json()["stopped"]
        live.until(running, lambda story: len({verdict["asked_at"] for verdict in story["verdicts"]}) >= 1 and story["outcome"] == "refused")
        assert not (live.host.service / "begun").exists()
        live.run("resume")
        live.until(running, lambda story: story["state"] == "running")


def corrupt(state: pathlib.Path) -> None:
    """Overwrite the journal's files in place, as a dying disk does."""
    for path in state.glob("journal.db*"):
        path.write_bytes(b"\xff" * max(4096, path.stat().st_size))


def unreachable(state: pathlib.Path) -> None:
    """Take the journal's directory away."""
    (state / "journal.db").rename(state / "elsewhere.db")
    (state / "journal.db").mkdir()


def locked(state: pathlib.Path) -> None:
    """Leave the journal as it is: the running actor holds its lock, and nobody else may read or write it."""


@pytest.mark.parametrize("harm", [locked, corrupt, unreachable], ids=["locked", "corrupt", "unreachable"])
def test_it_needs_none_of_the_database(live: Live, harm: Callable[[pathlib.Path], None]) -> None:
    with live.start() as running:
        in_the_middle(live, running)
        harm(live.state)
        assert stop(live) < 1
        running.wait_for("ended by the stop") if harm is locked else None
    assert not (live.host.service / "ended").exists()
    assert "enough" in (live.state / "stop").read_text()


def test_a_stop_may_be_said_when_no_actor_can_start_for_a_broken_journal(live: Live) -> None:
    with live.start():
        pass
    corrupt(live.state)
    process = start(live.folder, dumped(live.folder, **live.host.settings()))
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, "the journal cannot be read" in errors) == (1, True)
    assert live.run("stop", "--reason", "enough").exit_code == 0
    for path in live.state.glob("journal.db*"):
        path.unlink()
    with live.start() as running:
        live.decide(running)
        assert "enough" in live.until(running, lambda story: story["outcome"] is not None)["reason"]
    assert not (live.host.service / "begun").exists()


def test_it_wins_while_a_running_deed_is_verified_and_rolls_it_back(live: Live) -> None:
    """A cleanup that waits in its settle window is rolled back where it can be, and says where it cannot."""
    quick = {"autonomy": {"actions": {"service-restart": {"settle": "60s"}}}}
    live.host.control.write_text(live.host.control.read_text().replace("sleep 61 & setsid sleep 62 & ", ""))
    with live.start(**quick) as running:
        live.decide(running)
        live.until(running, lambda story: any(phase["phase"] == "verify" for phase in story["phases"]))
        said_at = time.monotonic()
        assert live.run("stop", "--reason", "enough").exit_code == 0
        story = live.until(running, lambda story: story["outcome"] is not None)
        assert time.monotonic() - said_at < 3
    assert "stopped while verifying" in story["reason"]
    assert [phase["phase"] for phase in story["phases"]][-2:] == ["roll back", "verify rollback"]


def test_a_second_stop_and_a_resume_without_an_actor_are_no_errors_of_the_switch(live: Live) -> None:
    with live.start():
        pass
    for reason in ("first", "second"):
        assert live.run("stop", "--reason", reason).exit_code == 0
    assert "second" in (live.state / "stop").read_text()
    assert "the stop is lifted" in live.run("resume").output
    assert not (live.state / "stop").exists()

"""`homeostat journal`: export and verify, by the running actor's API and on a state directory that nobody uses."""

from __future__ import annotations

import importlib
import json
import pathlib
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml
from click.testing import CliRunner

from actor.commands.journal import COMMAND
from actor.journal import audit, export
from homeostat.discovery import discover
from tests.actor.web import OPERATOR, pages_of, served
from tests.support import WEB, secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    from tests.support import Actor

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def lived(actor: Actor) -> Actor:
    actor.decide(WEB, "service-restart")
    actor.hear({"alertname": "HostDown"})
    actor.turn()
    return actor


@pytest.fixture
def run(lived: Actor, tmp_path: pathlib.Path) -> Iterator[Callable[..., Result]]:
    """Run the command against the actor's pages on a real socket."""
    secret(tmp_path / "operator", OPERATOR[0])
    with served(pages_of(lived).app) as (host, port):
        settings = {"links": {"console": f"http://{host}:{port}"}, "security": {"operator_token_files": [str(tmp_path / "operator")]}}
        (tmp_path / "homeostat.yml").write_text(yaml.safe_dump(settings))
        yield lambda *words: CliRunner().invoke(COMMAND, words, obj=tmp_path / "homeostat.yml")


def corrupted(actor: Actor, statement: str) -> None:
    with actor.journal.transaction() as db:
        db.execute(statement)


def test_the_actors_commands_are_commands_of_homeostat() -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["homeostat.commands"]
    found = [name for module in points.values() for name in discover(importlib.import_module(module), "COMMAND", click.Command)]
    assert "journal" in found


def test_export_writes_every_decision_as_a_line_of_json(run: Callable[..., Result]) -> None:
    result = run("export")
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["kind"] for line in result.output.splitlines()] == ["alert", "alert", "incident"]


def test_export_since_a_while_leaves_out_the_older(run: Callable[..., Result]) -> None:
    # The actor of these tests lives in 2023, and whoever asks lives now.
    assert run("export", "--since", "1h").output == ""


def test_an_export_that_breaks_off_is_told_and_is_no_success(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Iterator[bytes]:
        yield b'{"kind": "alert"}\n'
        raise OSError("the disk is gone")

    monkeypatch.setattr(export, "lines", broken)
    result = run("export")
    assert (result.exit_code, "broke off its answer" in result.output) == (1, True)


def test_verify_of_a_sound_journal_says_so(run: Callable[..., Result]) -> None:
    result = run("verify")
    assert (result.exit_code, result.output) == (0, "The journal agrees with itself.\n")


def test_verify_tells_each_fault_in_a_line_and_fails(run: Callable[..., Result], lived: Actor) -> None:
    corrupted(lived, "UPDATE alerts SET reason = NULL")
    result = run("verify")
    assert (result.exit_code, result.output.splitlines()) == (1, [f"alert {number} bears a decision without its reason or time" for number in (1, 2)])


def test_verify_without_the_operators_token_is_refused(run: Callable[..., Result], tmp_path: pathlib.Path) -> None:
    secret(tmp_path / "operator", "another-7d2c5e8f1a3b4096")
    result = run("verify")
    assert (result.exit_code, "answered 401" in result.output) == (1, True)


def listing(folder: pathlib.Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_a_directory_that_no_actor_uses_is_verified_and_left_as_it_is(lived: Actor) -> None:
    lived.journal.close()
    state = lived.journal.path.parent
    before = listing(state)
    result = CliRunner().invoke(COMMAND, ["verify", "--state-directory", str(state)])
    assert (result.exit_code, result.output) == (0, "The journal agrees with itself.\n")
    assert listing(state) == before


def test_what_an_actor_left_in_its_log_when_it_was_killed_is_verified_too(lived: Actor, tmp_path: pathlib.Path) -> None:
    corrupted(lived, "UPDATE alerts SET reason = NULL WHERE id = 1")
    left = tmp_path / "left"
    left.mkdir()
    for name in ("journal.db", "journal.db-wal"):
        (left / name).write_bytes((lived.journal.path.parent / name).read_bytes())
    before = listing(left)
    result = CliRunner().invoke(COMMAND, ["verify", "--state-directory", str(left)])
    assert (result.exit_code, result.output) == (1, "alert 1 bears a decision without its reason or time\n")
    assert listing(left) == before


def test_what_is_no_journal_is_told_by_its_own_path(tmp_path: pathlib.Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"no journal" * 1000)
    result = CliRunner().invoke(COMMAND, ["verify", "--state-directory", str(tmp_path)])
    assert result.exit_code == 1
    assert f"{tmp_path}/journal.db: the journal cannot be read" in result.output


def test_a_directory_that_an_actor_uses_is_refused_in_one_line(lived: Actor) -> None:
    # A lock is no lock against its own process.
    state = lived.journal.path.parent
    result = elsewhere("verify", "--state-directory", str(state))
    assert result == (1, f"Error: {state}/journal.db: an actor has this journal open; ask it, without --state-directory\n")


def elsewhere(*words: str) -> tuple[int, str]:
    argv = [sys.executable, "-c", "from actor.commands.journal import COMMAND; COMMAND()", *words]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_a_folder_without_a_journal_is_told_and_where_the_journal_lies(tmp_path: pathlib.Path) -> None:
    result = CliRunner().invoke(COMMAND, ["verify", "--state-directory", str(tmp_path)])
    assert result.output == f"Error: there is no journal in {tmp_path}; actor.state_directory says where it lies\n"


@pytest.mark.parametrize("content", [None, b"this is no database, and long enough to be seen as none" * 50])
def test_no_journal_is_one_line_and_a_failure(tmp_path: pathlib.Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "journal.db").write_bytes(content)
    result = CliRunner().invoke(COMMAND, ["verify", "--state-directory", str(tmp_path)])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)


def test_a_page_that_is_damaged_is_told(lived: Actor) -> None:
    for number in range(400):
        lived.hear({"alertname": "HostDown", "n": str(number)})
    lived.turn()
    lived.journal.close()
    content = bytearray(lived.journal.path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4096] = b"\xff" * 4096
    lived.journal.path.write_bytes(content)
    result = CliRunner().invoke(COMMAND, ["verify", "--state-directory", str(lived.journal.path.parent)])
    assert result.exit_code == 1
    assert result.output.strip()
    assert "Traceback" not in result.output


def test_every_sentence_of_the_audit_is_one_line() -> None:
    assert not [sentence for sentence in audit.CHECKS if "\n" in sentence]

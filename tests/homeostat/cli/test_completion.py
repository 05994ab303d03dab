"""A shell completes commands, ids and names; quickly, and silently where nobody answers."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest
import yaml
from click.shell_completion import ShellComplete

from homeostat.cli.__main__ import main
from tests.homeostat.cli.conftest import incident
from tests.homeostat.cli.test_forecast import DISK
from tests.httpd import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.homeostat.cli.conftest import Town


def completed(town: Town, *typed: str) -> list[str]:
    """Return what the last word is completed to."""
    path = town.folder / "homeostat.yml"
    path.write_text(yaml.safe_dump(town.settings))
    *before, incomplete = typed
    completion = ShellComplete(main, {}, "homeostat", "_HOMEOSTAT_COMPLETE")
    return [item.value for item in completion.get_completions(["--config.file", str(path), *before], incomplete)]


@pytest.fixture
def town(town: Town) -> Town:
    town.configure(services={"web": {"manager": "systemd", "unit": "web.service"}}, filesystems={"/home": {}})
    town.decisions = [incident(), incident(id="1b2c3d4e")]
    town.proposals = [incident(id="2c3d4e5f", state="proposed", outcome=None)]
    town.scheduled = [incident(id="3d4e5f60", state="announced", outcome=None)]
    town.exporter["forecast"] = Reply({"forecasts": [DISK, {**DISK, "target": "/a b\x1b"}]})
    return town


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("prop",), ["proposals"]),
        (("approve", ""), ["2c3d4e5f"]),
        (("deny", "2c"), ["2c3d4e5f"]),
        (("veto", ""), ["3d4e5f60"]),
        (("undo", ""), ["0a1b2c3d", "1b2c3d4e"]),
        (("forecast", ""), ["web", "/home", "h1", "/srv"]),
        (("why", ""), ["web", "/home", "h1", "0a1b2c3d", "1b2c3d4e"]),
        (("decisions", "--action", "d"), ["disk-cleanup"]),
        (("decisions", "--outcome", "succ"), ["succeeded"]),
        (("pause", "--service", ""), ["web"]),
        (("pause", "--filesystem", ""), ["/home"]),
        (("playbooks", "show", "service-r"), ["service-restart"]),
        (("playbooks", "test", "disk-c"), ["disk-cleanup"]),
        (("observations", "dep"), ["deployments"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
    ],
)
def test_a_word_is_completed_to_what_there_is(town: Town, typed: tuple[str, ...], words: list[str]) -> None:
    assert completed(town, *typed) == words


def test_where_nobody_answers_nothing_is_said_and_nobody_waits(town: Town) -> None:
    town.configure(actor={"url": "http://127.0.0.1:1"}, exporter={"url": "http://127.0.0.1:1"})
    began = time.monotonic()
    assert completed(town, "approve", "") == []
    assert completed(town, "forecast", "") == ["web", "/home", "h1"]
    assert time.monotonic() - began < 10
    town.settings = {"nonsense": True}
    assert completed(town, "forecast", "") == []


@contextlib.contextmanager
def dripping() -> Iterator[str]:
    """Serve an answer of which a letter comes in time, again and again, and never the end; yields its address."""
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
            while not over.wait(0.2):
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: drip(server.accept()[0]), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        over.set()


def test_an_answer_that_never_ends_holds_no_shell_up_and_what_is_known_is_shown(town: Town) -> None:
    with dripping() as url:
        town.configure(exporter={"url": url})
        began = time.monotonic()
        assert completed(town, "forecast", "") == ["web", "/home", "h1"]
        assert time.monotonic() - began < 10


def test_what_stands_beside_a_word_makes_no_word_of_its_own(town: Town) -> None:
    town.decisions = [incident(target="a\nplain\n--evil\x1b")]
    path = town.folder / "homeostat.yml"
    path.write_text(yaml.safe_dump(town.settings))
    (item,) = ShellComplete(main, {}, "homeostat", "_HOMEOSTAT_COMPLETE").get_completions(["--config.file", str(path), "undo"], "0a")
    assert item.help is not None
    assert item.help.isprintable()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(town: Town, shell: str) -> None:
    result = town.run("completion", shell)
    assert result.exit_code == 0
    assert f"_HOMEOSTAT_COMPLETE={shell}_complete" in result.output


def test_bash_reads_its_script(town: Town) -> None:
    script = town.run("completion", "bash").output
    told = subprocess.run(["bash", "--norc", "-c", f"{script}\ncomplete -p homeostat"], capture_output=True, text=True, check=True)
    assert "_homeostat_completion homeostat" in told.stdout

"""What people see on a real terminal of any width, and what a program reads that a command is piped into."""

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.homeostat.cli.conftest import incident
from tests.homeostat.cli.test_forecast import DISK, NONE
from tests.httpd import Reply
from tests.support import HOST

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

GOLDEN = pathlib.Path(__file__).parent / "golden"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
STEERING = re.compile(r"\x1b(?!\[[0-9;]*m)")
LONG = "a" * 200
HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"
WIDTHS = (60, 100, 200)
DAY = 86400.0


def on_terminal(town: Town, width: int, *arguments: str, **environment: str) -> str:
    """Run homeostat on a pseudo-terminal of that width, and return all that it wrote there."""
    path = town.folder / "homeostat.yml"
    path.write_text(yaml.safe_dump(town.settings))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"}}
    environment = {**kept, "TERM": "xterm-256color", "COLORTERM": "", "LC_ALL": "C.UTF-8", **environment}
    argv = [sys.executable, "-m", "homeostat.cli", "--config.file", str(path), *arguments]
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        written = b""
        try:
            while chunk := os.read(ours, 65536):
                written += chunk
        except OSError:
            # Whoever wrote there is gone.
            pass
        finally:
            os.close(ours)
            process.wait(timeout=60)
    return written.decode().replace("\r\n", "\n")


def drawn(town: Town, width: int, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Return what homeostat draws for a terminal of that width, without one: a process for each takes its time."""
    with monkeypatch.context() as patch:
        patch.setenv("FORCE_COLOR", "1")
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "xterm-256color")
        patch.delenv("NO_COLOR", raising=False)
        return town.run(*arguments, colour=True).output


def plain(text: str) -> list[str]:
    return [line.rstrip() for line in COLOUR.sub("", text).splitlines()]


@pytest.fixture
def lived_in(town: Town) -> Town:
    """Give a host of which there is something to tell, at times that lie as far from now whenever it is asked."""
    now = time.time()
    ended = incident(opened_at=now - 7200, reason="memory fell from 91 % to 40 % of its limit; health of web held")
    failed = incident(id="1b2c3d4e", target="nextcloud", opened_at=now - 3 * DAY, outcome="rolled_back", reason="health of nextcloud did not hold; 3 put back", confidence=0.91)
    waits = incident(id="2c3d4e5f", problem="disk_exhaustion", target="/srv", action="disk-cleanup", decision="propose", opened_at=now - 600, outcome=None, state="proposed", confidence=None, reason="confirmation: the decision is propose")
    town.decisions = [waits, ended, failed]
    plan = {"commands": [{"summary": "move 12 old logs aside", "expected": "3 GB free", "irreversible": False}, {"summary": "vacuum the journal", "expected": "1 GB free", "irreversible": True}]}
    proposal = {"plan": plan, "plan_hash": "c0ffee" + "0" * 58, "expires_at": now + 6 * DAY + 60, "approved_by": None, "approved_at": None}
    town.proposals = [{**waits, "proposal": proposal}]
    town.exporter["forecast"] = Reply({"forecasts": [{name: value for name, value in entry.items() if name != "curve"} for entry in (DISK, NONE)], "total": 2})
    town.series["homeostat_exporter_last_success_timestamp_seconds"] = [({"host": HOST}, 1.0)]
    town.series["homeostat_usage_ratio"] = [({"host": HOST}, 0.8)]
    return town


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", ["decisions", "proposals", "forecast", "status"])
def test_what_people_look_at_has_this_look(lived_in: Town, command: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = plain(drawn(lived_in, width, monkeypatch, command))
    file = GOLDEN / f"{command}-{width}.txt"
    if "HOMEOSTAT_WRITE_GOLDEN" in os.environ:
        file.write_text("\n".join(shown) + "\n", encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8").splitlines()
    assert max(map(len, shown)) <= width


def test_a_real_terminal_is_drawn_on_as_the_tests_think(lived_in: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plain(on_terminal(lived_in, 100, "decisions")) == plain(drawn(lived_in, 100, monkeypatch, "decisions"))


def test_colours_appear_on_a_terminal_only_and_never_where_they_are_not_wanted(lived_in: Town) -> None:
    coloured = on_terminal(lived_in, 200, "decisions")
    assert "\x1b[32msucceeded" in coloured
    assert re.search(r"\x1b\[1;31m ?rolled_back", coloured)
    unwanted = on_terminal(lived_in, 200, "decisions", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", unwanted)
    assert "\x1b" not in on_terminal(lived_in, 200, "decisions", TERM="dumb")
    assert "\x1b" not in lived_in.run("decisions").output


def test_piped_every_row_is_one_line_with_the_moment_itself(lived_in: Town) -> None:
    lived_in.decisions = [incident(target=LONG, reason="why " * 100), incident(target="b")]
    heading, first, second = lived_in.run("decisions").output.splitlines()
    assert "2023-11-14T22:13:20Z" in first
    assert LONG in first
    assert heading.index("decision") == second.index("auto-execute")
    assert not re.search("[┃│─]", heading + first + second)


@pytest.mark.parametrize("width", WIDTHS)
def test_long_and_hostile_names_neither_leave_the_terminals_width_nor_steer_it(lived_in: Town, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile: dict[str, Any] = {"target": HOSTILE + LONG, "reason": "[red]" + HOSTILE + LONG}
    lived_in.decisions = [incident(**hostile)]
    lived_in.proposals = [{**lived_in.proposals[0], **hostile}]
    lived_in.exporter["forecast"] = Reply({"forecasts": [{**DISK, "target": HOSTILE + LONG}], "total": 1})
    for command in ("forecast", "proposals", "decisions"):
        shown = drawn(lived_in, width, monkeypatch, command)
        assert not STEERING.search(shown)
        assert not re.search("[\x07\x9b\u202e]", shown)
        assert max(map(len, plain(shown))) <= width
        assert shown.count("a") >= 200
    assert "[red]" in shown


def test_json_keeps_what_would_steer_a_terminal_escaped_and_says_the_same(lived_in: Town) -> None:
    hostile = f"{HOSTILE}\U000e0001ß"
    lived_in.decisions = [incident(target=hostile, reason=hostile)]
    written = lived_in.run("decisions", "--json").output
    assert written.strip().isprintable()
    assert json.loads(written)[0]["target"] == hostile


def test_what_takes_its_time_says_so_on_a_terminals_standard_error_only(lived_in: Town) -> None:
    lived_in.exporter["investigation"] = Reply({"words": ["nothing went wrong"], "markdown": ""})
    assert "looking into web" in on_terminal(lived_in, 100, "investigate", "web")
    assert lived_in.run("investigate", "web").output == "nothing went wrong\n"

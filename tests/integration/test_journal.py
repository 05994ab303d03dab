"""The logs observer at a real journal: cursor, rotation, vacuum, bytes that are no text, lines of a megabyte, no journal at all."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from exporter.logbook.journal import Page, Place, read_on
from exporter.observation import Looking, NotSeen
from exporter.observers.logs import OBSERVER, Facts
from homeostat.clock import SystemClock
from homeostat.config import Config, loads

if TYPE_CHECKING:
    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

CONFIG = "host: h1\nservices: {web: {manager: systemd, unit: errs.service}}\nexporter: {observers: {logs: {learns: 0s}}}"


def read(cursor: str | None, since: float = 0.0, most_lines: int = 5000) -> Page:
    return read_on(Place(cursor, since or SystemClock().now() - 5), most_lines)


def look(facts: Facts) -> list[str]:
    looking = Looking(loads(CONFIG, Config, "case.yml"), SystemClock().now())
    return [trouble.words for trouble in OBSERVER.read(facts, looking).troubles if trouble.target == "web"]


def gather() -> Facts:
    facts: Facts = OBSERVER.gather(Looking(loads(CONFIG, Config, "case.yml"), SystemClock().now()))
    return facts


def say(machine: Machine, script: str) -> None:
    """Run a script whose output goes to the journal, and wait until it is there."""
    machine.run("systemd-cat", "--identifier=speaker", "/bin/sh", "-c", script)
    machine.run("journalctl", "--sync")


def messages(page: Page) -> list[str]:
    return [line.message for line in page.lines if line.identifier == "speaker"]


def now(machine: Machine) -> Page:
    """Return a page that ends at the last line there is."""
    say(machine, "echo here")
    return machine.call(read, None)


def test_each_look_reads_on_where_the_last_one_ended(machine: Machine) -> None:
    page = now(machine)
    assert messages(page)[-1] == "here"
    say(machine, "echo first; echo second")
    following = machine.call(read, page.cursor)
    assert messages(following) == ["first", "second"]
    assert messages(machine.call(read, following.cursor)) == []
    assert machine.call(read, following.cursor).cursor is None


def test_a_look_reads_no_more_lines_than_it_may_and_the_next_goes_on_there(machine: Machine) -> None:
    page, told = now(machine), []
    say(machine, "seq 1 25")
    cursor = page.cursor
    for _ in range(10):
        page = machine.call(read, cursor, 0.0, 7)
        assert len(page.lines) <= 7
        told += messages(page)
        if not page.more:
            break
        cursor = page.cursor
    assert told == [str(number) for number in range(1, 26)]


def test_nothing_is_lost_when_the_journal_rotates_between_two_looks(machine: Machine) -> None:
    page = now(machine)
    say(machine, "echo before")
    machine.run("journalctl", "--rotate")
    say(machine, "echo after")
    assert messages(machine.call(read, page.cursor)) == ["before", "after"]


def test_where_the_line_of_the_cursor_was_vacuumed_reading_goes_on_with_what_is_left(machine: Machine) -> None:
    page = now(machine)
    say(machine, "echo gone")
    machine.run("journalctl", "--rotate")
    machine.run("journalctl", "--vacuum-time=1s", "--vacuum-files=1")
    say(machine, "echo left; echo over")
    assert "over" in messages(machine.call(read, page.cursor))


def test_a_cursor_that_means_nothing_is_replaced_by_the_time(machine: Machine) -> None:
    say(machine, "echo by time")
    assert "by time" in messages(machine.call(read, "s=nonsense;i=zz"))


def test_bytes_that_are_no_text_are_read_as_far_as_they_are_and_a_field_of_two_values_by_its_first(machine: Machine) -> None:
    page = now(machine)
    say(machine, r"printf 'no space left on device \377\376 here\n'")
    machine.call(_send, b"MESSAGE=one\nMESSAGE=two\nSYSLOG_IDENTIFIER=speaker\n")
    machine.run("journalctl", "--sync")
    told = messages(machine.call(read, page.cursor))
    assert told[0].startswith("no space left on device \ufffd")
    assert told[1] in {"one", "two"}


def _send(entry: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.sendto(entry, "/run/systemd/journal/socket")


def test_a_line_of_a_megabyte_is_counted_as_unread_and_the_lines_around_it_are_read(machine: Machine) -> None:
    page = now(machine)
    say(machine, "echo before; head -c 1000000 /dev/zero | tr '\\0' x; echo; echo after")
    page = machine.call(read, page.cursor)
    assert [message for message in messages(page) if len(message) < 100] == ["before", "after"]
    assert page.unread >= 1
    assert not page.more


def test_a_unit_that_errs_becomes_a_problem_of_its_service_with_its_cause(machine: Machine) -> None:
    machine.write("/run/systemd/system/errs.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo connect ECONNREFUSED 127.0.0.1:6379; done'\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "errs.service")
    machine.run("journalctl", "--sync")
    facts = machine.call(gather)
    assert machine.call(look, facts) == ["12 connection-refused of web in an hour, usually 0: what web connects to does not run"]
    assert any(line.unit == "errs.service" and "ECONNREFUSED" in line.message for line in facts.lines)


def test_without_a_journal_the_observer_says_so_in_a_line(machine: Machine) -> None:
    with pytest.raises(NotSeen, match="has no line that this process may read"):
        machine.call(_read_elsewhere, "/nowhere")
    with pytest.raises(NotSeen, match="in the group systemd-journal"):
        machine.call(_read_as_nobody)


def _read_elsewhere(folder: str) -> Page:
    import exporter.logbook.journal as journal  # noqa: PLC0415, PLR0402 - in the machine

    journal.JOURNALCTL = _script(f'mkdir -p {folder}; exec /usr/bin/journalctl --directory={folder} "$@"')  # type: ignore[misc]
    return read(None)


def _read_as_nobody() -> Page:
    import exporter.logbook.journal as journal  # noqa: PLC0415, PLR0402 - in the machine

    journal.JOURNALCTL = _script('exec setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/journalctl "$@"')  # type: ignore[misc]
    return read(None)


def _script(text: str) -> str:
    import pathlib  # noqa: PLC0415 - in the machine
    import tempfile  # noqa: PLC0415 - in the machine

    path = pathlib.Path(tempfile.mkdtemp(), "journalctl")
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)

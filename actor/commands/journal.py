"""`homeostat journal`: export the audit trail, and see whether the journal agrees with itself."""

from __future__ import annotations

import contextlib
import fcntl
import pathlib
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING

import click
import msgspec

from actor.journal import Journal, JournalError, audit
from homeostat.cli.desk import DurationParameter, printable, with_doors
from homeostat.cli.said import as_text, json_option
from homeostat.cli.showing import waiting
from homeostat.config import Duration, Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.doors import Doors

# Where SQLite's file format puts the bytes that readers of a database hold and its one writer keeps them from.
_SHARED_FIRST, _SHARED_BYTES = 0x40000002, 510


@click.group()
def journal() -> None:
    """Look into the actor's journal."""


@journal.command()
@click.option("--since", type=DurationParameter(), help="How far back, as in 30d; everything without it.")
@with_doors
def export(doors: Doors, since: Duration | None) -> None:
    """Write the whole audit trail as JSON lines. First comes every alert with its decision, then every incident with verdicts, phases and evidence."""
    begin = doors.clock.now() - since if since is not None else 0.0
    for line in doors.actor.lines("journal/export", since=begin):
        click.echo(line)


@journal.command()
@click.option("--state-directory", type=click.Path(path_type=pathlib.Path), help="Verify a journal that no actor has open, without changing it.")
@json_option("One JSON object with its faults.")
def verify(state_directory: pathlib.Path | None, as_json: bool) -> None:
    """Say what is wrong in the journal. Each fault has a line, and the exit code is 1 when there is any."""
    with waiting("reading the journal"):
        faults = list(_of_directory(state_directory) if state_directory is not None else _of_actor())
    if as_json:
        click.echo(as_text({"faults": faults}))
    for fault in faults if not as_json else ():
        click.echo(printable(fault))
    if faults:
        sys.exit(1)
    if not as_json:
        click.echo("The journal agrees with itself.")


@with_doors
def _of_actor(doors: Doors) -> list[str]:
    return [msgspec.json.decode(line)["fault"] for line in doors.actor.lines("journal/faults")]


def _of_directory(directory: pathlib.Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="homeostat-verify-") as scratch:
        try:
            copy_unused(directory, pathlib.Path(scratch))
            with contextlib.closing(Journal(pathlib.Path(scratch), Size(0))) as opened:
                yield from audit.faults(opened)
        except FileNotFoundError:
            raise click.ClickException(f"there is no journal in {directory}; actor.state_directory says where it lies") from None
        except (JournalError, OSError) as error:
            # What was read is a copy that is gone by now; the person's own lies in the directory.
            raise click.ClickException(str(error).replace(scratch, str(directory))) from None


def copy_unused(directory: pathlib.Path, target: pathlib.Path) -> None:
    """Copy the journal in `directory`, with its write-ahead log, to the folder `target`.

    Raises:
        JournalError: an actor has it open.
        OSError: there is none, or it cannot be copied.

    """
    path = directory / "journal.db"
    with path.open("rb") as file:
        try:
            # While we hold this no actor can start on it.
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, _SHARED_BYTES, _SHARED_FIRST)
        except BlockingIOError:
            raise JournalError(f"{path}: an actor has this journal open; ask it, without --state-directory") from None
        with (target / path.name).open("wb") as copy:
            shutil.copyfileobj(file, copy)
        log = path.with_name(f"{path.name}-wal")
        if log.exists():
            shutil.copy(log, target / log.name)


COMMAND = journal

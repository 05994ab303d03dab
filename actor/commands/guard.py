"""`homeostat guard`: protect, run a person's own command, check, and keep what it did or roll it back; it needs no actor."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import shlex
from typing import TYPE_CHECKING, Any

import click
import msgspec

from actor import guarded
from actor.guarded import ACTION, Guarded
from actor.model import Case, Restored, StepFailed, Unprotectable
from actor.playbook import PROTECTIONS
from homeostat import shell
from homeostat.cli.desk import printable
from homeostat.clock import SystemClock, rfc3339
from homeostat.config import Config, ConfigError, load
from homeostat.config.section import exact_path

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterable

KEPT, NOT_RUN, ROLLED_BACK, CONFLICT, STRANDED = 0, 1, 10, 11, 12
Record = dict[str, Any]


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--path", "paths", multiple=True, type=click.Path(resolve_path=True), help="What the command may change: a file, a folder, or a btrfs subvolume.")
@click.option("--check", help="A command that must succeed afterwards, or all is rolled back.")
@click.option("--undo", "undone", metavar="ID", help="Take back what an earlier guarded command changed.")
@click.option("--dry-run", is_flag=True, help="With --undo: only show what would go back.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def guard(config_file: pathlib.Path, /, paths: tuple[str, ...], command: tuple[str, ...], **options: Any) -> None:
    """Run a COMMAND of yours under protection.

    When it or the check fails, what it changed below each --path goes back, where nobody touched it since.

    Exit code: 0 kept, 1 nothing was run, 10 failed and rolled back, 11 failed and rolled back but for what somebody touched
    meanwhile, 12 it ran and could not be rolled back.
    """
    if os.geteuid() != 0:
        raise click.ClickException("what a guard keeps, only root may write; run it as root")
    if bool(options["undone"]) == bool(command) or bool(command) != bool(paths):
        raise click.UsageError("write: homeostat guard --path PATH -- COMMAND, or: homeostat guard --undo ID")
    try:
        config = load(config_file, Config) if config_file.exists() else Config()
        code = _undo(config, options["undone"], dry_run=options["dry_run"]) if options["undone"] else _guard(config, paths, command, options["check"])
    except (ConfigError, Unprotectable, OSError, ValueError) as error:
        raise click.ClickException(printable(str(error))) from None
    raise click.exceptions.Exit(code)


def _guard(config: Config, paths: tuple[str, ...], command: tuple[str, ...], check: str | None) -> int:
    checking = shlex.split(check) if check else []
    held = _protect(config, paths, command)
    _tell(f"protected: {', '.join(path if os.path.lexists(path) else f'{path} (not there yet)' for path in held.paths)}")
    failure = _run(command, "the command") or (_run(checking, "the check") if checking else None)
    try:
        return _conclude(config, held, failure)
    except (OSError, ValueError) as fault:
        _tell(f"{failure or 'the command ran'}; what it left could not be noted or put back: {fault}; the old state: homeostat snapshots list")
        return STRANDED


def _conclude(config: Config, held: Guarded, failure: str | None) -> int:
    """Note how the command left what it touched, then keep that or roll it back. Raises OSError and ValueError."""
    held = msgspec.structs.replace(held, records=tuple(_sealed(config, held)), state="kept" if failure is None else held.state)
    guarded.put(config, held)
    if failure is not None:
        _tell(f"{failure}; rolling back")
        return _roll_back(config, held)
    until = rfc3339(held.made_at + config.protections.retention)
    _tell(f"kept; it can be undone until {until}: homeostat guard --undo {held.id}")
    return KEPT


def _protect(config: Config, paths: tuple[str, ...], command: tuple[str, ...]) -> Guarded:
    """Protect each path by a snapshot if it is a subvolume, else by copies, and write that down before anything runs. Raises Unprotectable and OSError."""
    case = _case(config, secrets.token_hex(4), paths)
    records: list[Record] = []
    try:
        for name, part in _parts(case, paths):
            records.append({"protection": name, "record": PROTECTIONS[name].protect(part)})
        held = Guarded(id=case.incident_id, argv=command, paths=paths, made_at=case.now, records=tuple(records))
        guarded.put(config, held)
    except BaseException:
        _let_go(records)
        raise
    return held


def _case(config: Config, guard_id: str, paths: tuple[str, ...]) -> Case:
    for path in paths:
        exact_path("--path", path)
    return Case(
        incident_id=guard_id, action=ACTION, target=", ".join(paths), config=config, service=None, filesystem=None, root=None, now=SystemClock().now(),
        stopped=lambda: False,
    )  # fmt: skip


def _parts(case: Case, paths: tuple[str, ...]) -> Iterable[tuple[str, Case]]:
    parts = [dataclasses.replace(case, target=path, subvolume=path) for path in paths]
    snapshots = [part for part in parts if PROTECTIONS["snapshot"].obstacle(part) is None]
    yield from (("snapshot", part) for part in snapshots)
    rest = tuple(part.target for part in parts if part not in snapshots)
    if rest:
        yield "preimage", dataclasses.replace(case, target=", ".join(rest), write_set=rest)


def _let_go(records: list[Record]) -> None:
    for record in records:
        with contextlib.suppress(OSError, ValueError):
            PROTECTIONS[record["protection"]].discard(record["record"])


def _run(command: Iterable[str], what: str) -> str | None:
    """Run a command on the person's own terminal; return in words how it failed, or None."""
    status = shell.run_attached(tuple(command))
    return f"{what} failed with exit code {status}" if status != 0 else None


def _sealed(config: Config, held: Guarded) -> Iterable[Record]:
    case = _case(config, held.id, held.paths)
    for record in held.records:
        yield {**record, "record": PROTECTIONS[record["protection"]].seal(case, record["record"])}


def _roll_back(config: Config, held: Guarded) -> int:
    try:
        restored = _each(config, held, lambda name: PROTECTIONS[name].roll_back)
    except (StepFailed, OSError, ValueError) as failure:
        guarded.put(config, msgspec.structs.replace(held, state="stranded"))
        _tell(f"the rollback failed: {failure}; repeat it: homeostat guard --undo {held.id}; the old state: homeostat snapshots list")
        return STRANDED
    guarded.put(config, msgspec.structs.replace(held, state="rollback_conflict" if restored.conflicts else "rolled_back"))
    _report(restored, "put back")
    return CONFLICT if restored.conflicts else ROLLED_BACK


def _undo(config: Config, guard_id: str, *, dry_run: bool) -> int:
    held = guarded.find(config, guard_id)
    if held is None:
        raise ValueError(f"no guarded command has the id {guard_id!r}, or what its undo needs was deleted after protections.retention")
    if not dry_run:
        return {ROLLED_BACK: KEPT}.get(code := _roll_back(config, held), code)
    _report(_each(config, held, lambda name: PROTECTIONS[name].rehearse), "would go back")
    return KEPT


def _each(config: Config, held: Guarded, verb: Callable[[str], Callable[[Case, Record], Restored]]) -> Restored:
    case = _case(config, held.id, held.paths)
    done = [verb(record["protection"])(case, record["record"]) for record in held.records]
    return Restored(
        restored=sum(part.restored for part in done),
        conflicts=tuple(path for part in done for path in part.conflicts),
        paths=tuple(path for part in done for path in part.paths),
    )


def _report(restored: Restored, what: str) -> None:
    _tell(f"{restored.restored} {what}")
    for path in restored.paths:
        _tell(f"  {what}: {path}")
    for path in restored.conflicts:
        _tell(f"  left, for somebody touched it: {path}")


def _tell(words: str) -> None:
    # The command's own output has the other stream to itself.
    click.echo(f"guard: {printable(words)}", err=True)


COMMAND = guard

"""`homeostat snapshots`: what is kept to undo with, on this host; it reads the places themselves, so that it needs no actor."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
from typing import TYPE_CHECKING

import click

from actor import deeds
from actor.disk import entries, files
from actor.playbook import PROTECTIONS
from homeostat.cli.completing import completing
from homeostat.cli.desk import printable, table
from homeostat.cli.said import as_text, json_option, reply
from homeostat.clock import rfc3339
from homeostat.config import Config, ConfigError, load
from homeostat.config.section import exact_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.model import Stored


def _names(config: Config) -> Iterator[tuple[str, str]]:
    return ((stored.kept.name, f"{stored.protection} of {rfc3339(stored.kept.made_at)}") for stored in deeds.all_kept(config))


kept_names = completing(_names)


@click.group()
@click.pass_context
def snapshots(context: click.Context) -> None:
    """See what is kept to undo with. Single files can be taken out of it."""
    if os.geteuid() != 0:
        raise click.ClickException("what is kept to undo with, only root may read; run it as root")
    try:
        config_file: pathlib.Path = context.obj
        context.obj = load(config_file, Config) if config_file.exists() else Config()
    except ConfigError as error:
        raise click.ClickException(str(error)) from None


@snapshots.command("list")
@json_option("One JSON array.")
@click.pass_obj
def listed(config: Config, as_json: bool) -> None:
    """List what is kept, the oldest first."""
    try:
        found = sorted(deeds.all_kept(config), key=lambda stored: stored.kept.made_at)
    except OSError as error:
        raise click.ClickException(printable(str(error))) from None
    rows = [(stored.kept.name, stored.protection, stored.kept.place, rfc3339(stored.kept.made_at), f"{stored.room_ratio:.0%}") for stored in found]
    if as_json:
        click.echo(as_text([dict(zip(("name", "protection", "place", "since", "free"), row, strict=True)) for row in rows]))
        return
    if not rows:
        click.echo("Nothing is kept.")
        return
    table(("NAME", "PROTECTION", "PLACE", "SINCE", "FREE THERE"), rows)


@snapshots.command()
@click.argument("name", shell_complete=kept_names)
@click.option("--path", required=True, help="The file or folder, by the absolute path that it had.")
@click.option("--to", "destination", type=click.Path(file_okay=False, exists=True, resolve_path=True), help="The folder to put it into; without it, it goes to its own place.")
@json_option()
@click.pass_obj
def restore(config: Config, name: str, path: str, destination: str | None, as_json: bool) -> None:
    """Copy one file or folder out of NAME. What stands where it would go is never replaced."""
    try:
        exact_path("--path", path)
        wanted = pathlib.PurePosixPath(path)
        target = pathlib.PurePosixPath(destination) / wanted.name if destination else wanted
        with _found(config, name, path) as (folder, place):
            restored = _copied(folder, place, target)
    except (OSError, ValueError) as error:
        raise click.ClickException(printable(str(error))) from None
    if not restored:
        raise click.ClickException(printable(f"{target} is there already and was not replaced; move it away, or give another folder: --to"))
    reply(f"restored: {target}", as_json=as_json, path=str(target))


@contextlib.contextmanager
def _found(config: Config, name: str, path: str) -> Iterator[tuple[int, pathlib.PurePosixPath]]:
    """Open what is kept under `name` and knows `path`. Raises FileNotFoundError and OSError."""
    named = [stored for stored in deeds.all_kept(config) if stored.kept.name == name]
    if not named:
        raise FileNotFoundError(f"nothing is kept under the name {name!r}; see: homeostat snapshots list")
    with contextlib.ExitStack() as opening:
        for stored in named:
            with contextlib.suppress(FileNotFoundError):
                folder, place = opening.enter_context(_located(stored, path))
                yield folder, place
                return
    raise FileNotFoundError(f"{name} holds no {path}")


@contextlib.contextmanager
def _located(stored: Stored, path: str) -> Iterator[tuple[int, pathlib.PurePosixPath]]:
    with PROTECTIONS[stored.protection].locate(stored.kept.record, path) as (folder, place), files.opened_below(folder, place.parent) as within:
        if files.status_of(place.name, within) is None:
            raise FileNotFoundError(path)
        yield within, pathlib.PurePosixPath(place.name)


def _copied(folder: int, place: pathlib.PurePosixPath, target: pathlib.PurePosixPath) -> bool:
    aside = f".homeostat-restore-{hashlib.sha256(target.name.encode()).hexdigest()[:16]}"
    with files.opened(str(target.parent)) as within:
        files.remove_tree(within, aside)
        if files.status_of(target.name, within) is not None:
            return False
        entries.copy_tree(folder, place.name, within, aside)
        came = entries.rename_new(aside, target.name, within)
        files.remove_tree(within, aside)
        os.fsync(within)
    return came


COMMAND = snapshots

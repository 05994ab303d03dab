"""`homeostat generate`: what Prometheus and Alertmanager must know of Homeostat, alone or merged into a person's own file."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import io
import pathlib
import shutil
from typing import TYPE_CHECKING, Any

import click

from homeostat.clock import SystemClock, rfc3339
from homeostat.config import Config, ConfigError, load
from homeostat.generate import alertmanager as our_alertmanager
from homeostat.generate import prometheus as our_prometheus
from homeostat.generate.marks import MergeError
from homeostat.generate.replace import replace
from homeostat.routing import RoutingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclasses.dataclass(frozen=True)
class _Wish:
    """What is to become of the result: shown as a difference, written in the file's place, or to another."""

    file: pathlib.Path | None
    write: bool
    output: pathlib.Path | None


@click.group("generate")
def generate() -> None:
    """Make what Alertmanager and Prometheus need.

    It is printed, or merged into FILE without touching what is there.
    """


def _common(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its FILE and where the result goes, and tell its errors in one line."""

    @click.argument("file", type=click.Path(path_type=pathlib.Path), required=False)
    @click.option("--write", is_flag=True, help="Write the result to FILE, checked, with the old one kept beside it; else the difference is shown.")
    @click.option("-o", "--output", type=click.Path(path_type=pathlib.Path, allow_dash=True), help="Write the whole result here instead; - prints it.")
    @click.option("--token-file", help="Where Prometheus or Alertmanager reads the token, when it is not the path that homeostat.yml names.")
    @click.pass_obj
    @functools.wraps(command)
    def wrapped(config_file: pathlib.Path, *_: Any, **options: Any) -> None:
        wish = _Wish(*(options.pop(name) for name in ("file", "write", "output")))
        try:
            command(load(config_file, Config), wish, **options)
        except (ConfigError, OSError) as error:
            raise click.ClickException(str(error)) from None

    return wrapped


@generate.command("alertmanager")
@_common
def alertmanager(config: Config, wish: _Wish, token_file: str | None) -> None:
    """Make routes, receivers and inhibit rules.

    They are a whole configuration of Alertmanager without FILE, and merged into FILE with one.
    """
    wish = dataclasses.replace(wish, file=wish.file or _path(config.alertmanager.config_file))
    if wish.file is None:
        _whole(wish, lambda: our_alertmanager.standalone(config, token_file))
        return
    text = _merge(wish, lambda text: our_alertmanager.merged(text, config, token_file), ("amtool", "check-config"))
    _note_crossings(text)


def _note_crossings(text: str) -> None:
    try:
        crossings = our_alertmanager.crossings(text)
    except RoutingError as error:
        click.echo(f"note: what mutes what could not be looked at: {error}", err=True)
        return
    for rule in crossings:
        click.echo(f"note: by your inhibit rule {rule} one decision of Homeostat's mutes another; {our_alertmanager.UNCROSSING}", err=True)


@generate.command("prometheus")
@_common
@click.option("--rules", default=our_prometheus.RULES, show_default=True, help="Where Prometheus finds Homeostat's rules.")
def prometheus(config: Config, wish: _Wish, token_file: str | None, rules: str) -> None:
    """Make rule files, scrape jobs and where alerts go.

    They are a whole configuration of Prometheus without FILE, and merged into FILE with one.
    """
    if wish.file is None:
        _whole(wish, lambda: our_prometheus.standalone(config, token_file, rules))
        return
    text = _merge(wish, lambda text: our_prometheus.merged(text, config, token_file, rules), ("promtool", "check", "config"))
    if our_prometheus.has_other_alertmanagers(text, config):
        click.echo(f"note: {wish.file} names Alertmanagers of its own; see that {config.alertmanager.url} is one of them", err=True)


def _path(written: str | None) -> pathlib.Path | None:
    return pathlib.Path(written) if written is not None else None


def _whole(wish: _Wish, made: Callable[[], str]) -> None:
    if wish.write:
        raise click.UsageError("--write needs the FILE to merge into; a new one is written with --output")
    try:
        _put(wish.output, made())
    except MergeError as error:
        raise click.ClickException(str(error)) from None


def _merge(wish: _Wish, merged: Callable[[str], str], check: Sequence[str]) -> str:
    """Do with the merged file what is wished, and return its text."""
    assert wish.file is not None
    if wish.write and wish.output is not None:
        raise click.UsageError("--write and --output exclude each other")
    if wish.output is not None and wish.output.exists() and wish.output.samefile(wish.file):
        raise click.UsageError("--output would write FILE itself, unchecked and with no copy kept; say --write")
    before = wish.file.read_bytes()
    try:
        text = before.decode()
        result = merged(text)
        if wish.output is not None:
            _put(wish.output, result)
        elif result == text:
            click.echo(f"{wish.file} holds all of it already")
        elif wish.write:
            now = rfc3339(SystemClock().now()).replace(":", "")
            click.echo(f"{wish.file} is written; as it was it is kept in {replace(wish.file, before, result.encode(), check, now)}")
            if shutil.which(check[0]) is None:
                click.echo(f"note: {check[0]} is not installed here, so nobody has checked it; see what a reload says", err=True)
        else:
            click.echo(_difference(wish.file, text, result), nl=False)
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{wish.file}: this is no UTF-8: {error.reason} at byte {error.start}") from None
    except MergeError as error:
        raise click.ClickException(f"{wish.file}: {error}") from None
    return result


def _put(output: pathlib.Path | None, text: str) -> None:
    if output is None or str(output) == "-":
        click.echo(text, nl=False)
    else:
        output.write_bytes(text.encode())


def _difference(file: pathlib.Path, before: str, after: str) -> str:
    lines = difflib.unified_diff([*io.StringIO(before, "\n")], [*io.StringIO(after, "\n")], str(file), f"{file} with Homeostat")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


COMMAND = generate

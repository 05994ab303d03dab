"""`homeostat playbooks`: what may answer a problem, what each means in words, and what it would plan from given facts; no host is touched."""

from __future__ import annotations

import pathlib
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from actor import deeds
from actor.meaning import in_words
from actor.model import StepFailed
from actor.planning import add_up, in_slices
from actor.playbook import BUILT_IN, STEPS, load_playbooks
from homeostat.cli.completing import completing, targets
from homeostat.cli.desk import printable, table
from homeostat.cli.said import as_text, json_option
from homeostat.clock import SystemClock
from homeostat.config import Config, ConfigError, Duration, Raw, load, loads
from homeostat.config.writing import as_yaml, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actor.model import Command, Plan
    from actor.playbook import PlannedStep, Playbook


T = TypeVar("T")


class FactsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each step of a playbook is told, in their order, each under the step's name."""

    target: str = "the target"
    facts: tuple[dict[str, Raw], ...]


def _names(config: Config) -> Iterator[tuple[str, str]]:
    return ((name, f"answers {', '.join(playbook.file.answers)}") for name, playbook in sorted(load_playbooks(config.actor.playbook_directory).items()))


playbook_names = completing(_names)


@click.group()
@click.pass_context
def playbooks(context: click.Context) -> None:
    """See what answers a problem, and try its plan."""
    config_file: pathlib.Path = context.obj
    context.obj = _told(lambda: load(config_file, Config) if config_file.exists() else Config())


@playbooks.command("list")
@json_option("One JSON array.")
@click.pass_obj
def listed(config: Config, as_json: bool) -> None:
    """List the playbooks that come along, and your own."""
    known = _known(config)
    rows = [(name, *_row(config, playbook), "your own" if _is_own(config, name) else "built-in") for name, playbook in sorted(known.items())]
    columns = ("NAME", "ANSWERS", "ACTS ON", "CLASS", "RISK", "PROTECTION", "SURE", "COOLDOWN", "FROM")
    if as_json:
        click.echo(as_text([{column.lower().replace(" ", "_"): str(cell) for column, cell in zip(columns, row, strict=True)} for row in rows]))
    else:
        table(columns, rows)


def _row(config: Config, playbook: Playbook) -> tuple[object, ...]:
    file = playbook.file
    rests = file.cooldown if file.cooldown is not None else getattr(config.limits.cooldowns, file.action_class, Duration(0))
    return ", ".join(file.answers), file.acts_on, file.action_class, file.risk, " or ".join(file.protection_words), f"{file.impact_certainty:.2f}", rests


@playbooks.command()
@click.argument("name", shell_complete=playbook_names)
@json_option("One JSON object: the file's text, and its meaning in words.")
@click.pass_obj
def show(config: Config, name: str, as_json: bool) -> None:
    """Print a playbook as it stands, and what it means in words."""
    playbook = _named(config, name)
    path = _file(config, name)
    text = _told(lambda: path.read_text(encoding="utf-8"))
    if as_json:
        click.echo(as_text({"name": name, "path": str(path), "text": text, "words": [f"{part}: {words}" for part, words in in_words(playbook)]}))
        return
    click.echo(f"# {printable(str(path))}")
    for line in text.splitlines():
        click.echo(printable(line))
    click.echo()
    for part, words in in_words(playbook):
        click.echo(printable(f"{part}: {words}"))


@playbooks.command()
@click.argument("name", shell_complete=playbook_names)
@click.option("--facts", "facts_file", metavar="FILE", help="The facts that each step is told, as YAML or JSON; - reads standard input.")
@click.option("--write-facts", "target", metavar="TARGET", shell_complete=targets, help="Gather the facts of this host at TARGET instead, and print them.")
@click.option("--json", "as_json", is_flag=True, help="The plan as JSON.")
@click.pass_obj
def test(config: Config, /, name: str, facts_file: str | None, target: str | None, as_json: bool) -> None:
    """Plan a playbook from FACTS. Nothing of the host is looked at or touched."""
    playbook = _named(config, name)
    if (facts_file is None) == (target is None):
        raise click.UsageError("write: homeostat playbooks test NAME --facts FILE, or --write-facts TARGET")
    if target is not None:
        click.echo(as_yaml(_gathered(config, playbook, target)), nl=False)
        return
    plan = _told(lambda: _planned(config, playbook, facts_file or ""))
    if as_json:
        click.echo(as_text(plan))
        return
    for line in _plan_in_words(plan, protected=playbook.file.protections[0] != "none"):
        click.echo(printable(line))


def _planned(config: Config, playbook: Playbook, facts_file: str) -> Plan:
    """Plan from the facts in a file. Raises ConfigError with its path and line."""
    given = loads(sys.stdin.read(), FactsFile, "standard input") if facts_file == "-" else load(pathlib.Path(facts_file), FactsFile)
    kinds = [planned.kind for planned in playbook.steps]
    if [list(each) for each in given.facts] != [[kind] for kind in kinds]:
        raise ConfigError(facts_file, 1, "facts", f"one entry for each step of {playbook.name}, in their order: {', '.join(kinds)}")
    commands: tuple[Command, ...] = ()
    left: tuple[str, ...] = ()
    for planned, each in zip(playbook.steps, given.facts, strict=True):
        facts = each[planned.kind].read(_facts_kind(planned))
        commands, left = commands + STEPS[planned.kind].plan(facts, planned.options), left + STEPS[planned.kind].left(facts)
    undo = deeds.undo_in_words(playbook, (playbook.file.protections[0], None), commands, config.protections.retention)
    return msgspec.structs.replace(add_up(playbook, given.target, in_slices(commands)), left=left, undo=undo)


def _facts_kind(planned: PlannedStep) -> type[msgspec.Struct]:
    kind: type[msgspec.Struct] = sys.modules[STEPS[planned.kind].gather.__module__].Facts
    return kind


def _gathered(config: Config, playbook: Playbook, target: str) -> dict[str, Any]:
    commands: tuple[Command, ...] = ()
    facts: list[dict[str, Any]] = []
    try:
        case = deeds.build_case(config, playbook, (target, "facts"), SystemClock().now(), lambda: False)
        for planned in playbook.steps:
            gathered = deeds.gather(case, planned, commands)
            commands += STEPS[planned.kind].plan(gathered, planned.options)
            facts.append({planned.kind: written(gathered)})
    except KeyError:
        raise click.ClickException(printable(f"{target!r} is no target of {playbook.name}: it acts on a {playbook.file.acts_on} of the configuration")) from None
    except (StepFailed, OSError) as failure:
        raise click.ClickException(printable(str(failure))) from None
    return {"target": target, "facts": facts}


def _plan_in_words(plan: Plan, *, protected: bool) -> Iterator[str]:
    yield f"{plan.action} on {plan.target}: confidence {plan.confidence:.2f}, risk {plan.risk}, about {Duration(round(plan.duration_seconds))}"
    for number, command in enumerate(plan.commands, start=1):
        yield f"{number}. {command.summary}"
        if "argv" in command.arguments:
            yield f"   runs: {' '.join(command.arguments['argv'])}"
        yield f"   expected: {command.expected}{'; it cannot be undone' if command.irreversible else ''}"
        yield f"   after a crash: {command.oracle}"
        yield from (f"   {line}" for line in command.difference)
    if not plan.commands:
        yield "nothing to do"
    yield from (f"left: {words}" for words in plan.left)
    yield f"undo{', where the host can give that protection' if protected else ''}: {plan.undo}"


def _known(config: Config) -> dict[str, Playbook]:
    return _told(lambda: load_playbooks(config.actor.playbook_directory))


def _named(config: Config, name: str) -> Playbook:
    known = _known(config)
    if name not in known:
        raise click.ClickException(printable(f"no playbook has the name {name!r}; known: {', '.join(sorted(known))}"))
    return known[name]


def _is_own(config: Config, name: str) -> bool:
    own = config.actor.playbook_directory
    return own is not None and pathlib.Path(own, f"{name}.yml").exists()


def _file(config: Config, name: str) -> pathlib.Path:
    return pathlib.Path(config.actor.playbook_directory or "" if _is_own(config, name) else BUILT_IN, f"{name}.yml")


def _told(what: Callable[[], T]) -> T:
    """Do something, and tell what is wrong with a file in one line."""
    try:
        return what()
    except (ConfigError, OSError) as error:
        raise click.ClickException(printable(str(error))) from None


COMMAND = playbooks

"""`homeostat check-config`: what every program would say of a configuration, before it reads it."""

from __future__ import annotations

import pathlib
import sys
from typing import TYPE_CHECKING

import click
import promql_parser

from homeostat import shell
from homeostat.cli.said import json_option, reply
from homeostat.cli.showing import waiting
from homeostat.clock import SystemClock
from homeostat.config import Config, ConfigError, Raw, load
from homeostat.config.advice import advise, shut_for_ever
from homeostat.questions.filling import in_form
from homeostat.questions.patterns import AN_ORDER, built_in, known_questions, misunderstood, spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEADLINE_SECONDS = 30
_INSTEAD = {None: "nothing known: words asks for more than it holds, or without rules it out", AN_ORDER: f"{AN_ORDER}: begin it otherwise"}


@click.command("check-config")
@click.argument("file", type=click.Path(path_type=pathlib.Path), required=False)
@json_option()
@click.pass_obj
def check_config(config_file: pathlib.Path, file: pathlib.Path | None, as_json: bool) -> None:
    """Check FILE as every program that reads it does. It is the one in force when none is given.

    What is valid but surely not meant is told as a warning; windows that never open again are an error.
    """
    path = file or config_file
    try:
        config = load(path, Config)
        _see_that_asked(config, path)
        _see_that_understood(config, path)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    for name, program in _programs(config):
        # Each knows its own plug-ins; the CLI stands below them and asks them as a process.
        with waiting(f"asking the {name}"):
            checked = shell.run((sys.executable, "-P", "-m", program, "--config.check", "--config.file", str(path)), _DEADLINE_SECONDS)
        if not checked.ok:
            raise click.ClickException(f"{name}: {checked.output.strip().removeprefix('error: ')}")
    now = SystemClock().now()
    warnings = [*advise(config, now), *_taken_over(config)]
    for sentence in warnings:
        click.echo(f"warning: {sentence}", err=True)
    if shut_for_ever(config, now):
        sys.exit(1)
    programs = [name for name, _ in _programs(config)]
    reply(f"{path} is valid for the {', the '.join(programs)} and the CLI", as_json=as_json, path=str(path), programs=programs, warnings=warnings)


def _programs(config: Config) -> Iterator[tuple[str, str]]:
    yield "exporter", "exporter"
    yield "actor", "actor"
    if config.actor.executor_directory is not None:
        yield "executor", "actor.executor"


def _see_that_asked(config: Config, path: pathlib.Path) -> None:
    """See that each of the owner's own queries is PromQL. Raises ConfigError with its line."""
    for place, promql in _own_queries(config):
        try:
            promql_parser.parse(promql)
        except ValueError as error:
            raise load(path, Raw).at(*place).fault(f"this is no PromQL: {error}") from None


def _own_queries(config: Config) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for number, custom in enumerate(config.exporter.targets.custom):
        yield ("exporter", "targets", "custom", number, "query"), custom.query
    for name, question in config.questions.items():
        for number, answer in enumerate(question.answers):
            for heading, column in answer.columns.items():
                if column.promql is not None:
                    yield ("questions", name, "answers", number, "columns", heading, "promql"), in_form(column.promql)


def _see_that_understood(config: Config, path: pathlib.Path) -> None:
    """See that each example of the owner's own questions is taken for its kind. Raises ConfigError with its line."""
    for name, number, taken in misunderstood(known_questions(config.questions), config.questions):
        told = _INSTEAD.get(taken, f"{taken}: add words to also that tell them apart")
        raise load(path, Raw).at("questions", name, "examples", number).fault(f"this would be taken for {told}")


def _taken_over(config: Config) -> Iterator[str]:
    questions = known_questions(config.questions)
    for name, number, taken in misunderstood(questions, built_in().keys() - config.questions.keys()):
        yield f"questions: {spoken(questions[name].examples[number])!r} is no longer taken for {name} but for {taken}"


COMMAND = check_config

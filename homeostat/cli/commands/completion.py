"""`homeostat completion`: what a shell reads to complete commands, options, and the ids and names that belong to them."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_HOMEOSTAT_COMPLETE"
_PROGRAM = "homeostat"
# A zsh whose owner has set up nothing knows no compdef yet.
_BEFORE = {"zsh": ("(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }",)}
# What stands beside a word may have commas.
_MENDED = {"fish": ('string split "," $completion', 'string split --max 1 "," $completion')}


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what SHELL reads to complete commands.

    For this shell: eval "$(homeostat completion bash)", or homeostat completion fish | source.
    """
    made = get_completion_class(shell)
    assert made is not None
    for line in _BEFORE.get(shell, ()):
        click.echo(line)
    click.echo(made(context.find_root().command, {}, _PROGRAM, _VARIABLE).source().replace(*_MENDED.get(shell, ("", ""))))


COMMAND = completion

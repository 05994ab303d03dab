"""What came of a command, in words for a person or as JSON for a program; light, for `stop` must win within a second."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import msgspec

from homeostat.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable


def json_option(words: str = "One JSON object.") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command its --json, told to it as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=words)


def as_text(value: Any) -> str:
    """Write JSON in one line that steers no terminal: every control character stays escaped."""
    text = msgspec.json.encode(value).decode()
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)


def reply(words: str, *, as_json: bool, **facts: Any) -> None:
    """Say what came of it: in words, or as a JSON object of the words and the facts."""
    click.echo(as_text({"words": words, **facts}) if as_json else printable(words))

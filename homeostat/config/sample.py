"""`homeostat.yml` with every key, what it means and its default: made of the types, so that it can never lag behind them."""

from __future__ import annotations

import textwrap
import typing
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from homeostat.config.documentation import meanings
from homeostat.config.example import EXAMPLE
from homeostat.config.writing import as_yaml, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_INTRODUCTION = """\
## Homeostat's configuration, for the exporter, the actor and the CLI: /etc/homeostat/homeostat.yml
##
## Every key stands here with its default, and none is in force: to set one, take the # away from the
## beginning of its line, and from those of the sections that it is in. Lines with ## explain. What is
## empty by default shows an example. What is in force is shown by: homeostat config show
"""
# Words keep this width however deep they stand, so that no line is much wider than a page.
_PROSE_WIDTH = 90


def sample() -> str:
    """Return a complete `homeostat.yml` whose every key is explained and commented out."""
    blocks: list[list[str]] = []
    for line in _section(EXAMPLE):
        # A section's words come before its key, and both start at the margin.
        if line.startswith("##") and not (blocks and blocks[-1][-1].startswith("##")):
            blocks.append([])
        blocks[-1].append(line if line.startswith("##") else f"#{line}")
    return "\n".join([_INTRODUCTION, *("".join(f"{line}\n" for line in block) for block in blocks)])


def _section(section: msgspec.Struct) -> Iterator[str]:
    said = meanings(type(section))
    for field in msgspec.structs.fields(type(section)):
        yield from _explained(said[field.name], _choices(field.type))
        yield from _key(field.encode_name, getattr(section, field.name))


def _explained(said: str, choices: tuple[str, ...]) -> Iterator[str]:
    unsaid = f" One of: {', '.join(choices)}." if not all(choice in said for choice in choices) else ""
    return (f"## {line}" for line in textwrap.wrap(said + unsaid, _PROSE_WIDTH, break_long_words=False, break_on_hyphens=False))


def _choices(kind: Any) -> tuple[str, ...]:
    """Return the words that a key may have, if it may not have just any."""
    if typing.get_origin(kind) is Literal:
        return typing.get_args(kind)
    possible = [part for part in typing.get_args(kind) if part not in {type(None), Ellipsis}]
    return _choices(possible[0]) if len(possible) == 1 else ()


def _key(name: str, value: Any) -> Iterator[str]:
    """Yield a key with what it holds; of several entries the first is explained, the others say what they need to."""
    match value:
        case msgspec.Struct():
            yield f"{name}:"
            yield from _indented(_section(value))
        case dict() if value and all(isinstance(entry, msgspec.Struct) for entry in value.values()):
            (first, entry), *others = value.items()
            yield f"{name}:"
            yield from _indented(_key(first, entry))
            yield from _indented(_shortly(dict(others)))
        case (msgspec.Struct() as first, *others):
            yield f"{name}:"
            yield from _indented(_item(first))
            yield from _indented(_shortly(others))
        case _:
            yield from as_yaml({name: written(value)}).splitlines()


def _item(entry: msgspec.Struct) -> Iterator[str]:
    """Yield an entry of a list: the dash stands before its first key."""
    dash = "- "
    for line in _section(entry):
        if line.startswith("##"):
            yield f"  {line}"
        else:
            yield f"{dash}{line}"
            dash = "  "


def _shortly(others: dict[str, Any] | list[Any]) -> list[str]:
    return as_yaml(written(others, changed_only=True)).splitlines() if others else []


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)

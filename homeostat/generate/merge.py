"""Adds entries to lists of a person's YAML file as text, and sees that the result is their file plus ours and nothing else."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import textwrap
from typing import TYPE_CHECKING, Any

import yaml

from homeostat.generate.marks import MergeError, joined, region, with_own, without_ours
from homeostat.routing import Loader, yaml_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FLOWS = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_STARTS = (*_FLOWS, yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken, yaml.BlockEntryToken)
_WIDE = 10_000
_COMMENT_WIDTH = 118


class _Dumper(yaml.SafeDumper):
    """Indents the lists in mappings, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML calls it so
        super().increase_indent(flow, False)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One entry of a list, with what a person should know of it."""

    value: Any
    comment: str = ""


@dataclasses.dataclass(frozen=True)
class Addition:
    """Entries that join the list at `path`: this host's, and those that all hosts share."""

    path: tuple[str, ...]
    own: tuple[Entry, ...] = ()
    shared: tuple[Entry, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Spot:
    """Where a text goes: after a line, or with `flow` within one; `missing` are the keys that are not there yet."""

    offset: int
    indent: int
    flow: bool
    missing: tuple[str, ...]


def read(text: str) -> Any:
    """Read YAML as Alertmanager and Prometheus read text. Raises MergeError."""
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    except RecursionError:
        raise MergeError("no valid YAML: nested too deeply") from None
    except yaml.YAMLError as error:
        raise MergeError(yaml_fault(error)) from None


def entries(text: str) -> list[Any]:
    """Read a section's entries, in whichever style they stand. Raises MergeError."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    is_flow = bool(lines) and not lines[0].startswith("-")
    return list(read(f"[{text}\n]" if is_flow else text) or ())


def merge(text: str, host: str, additions: Sequence[Addition]) -> str:
    """Return a YAML file with our entries first in their lists, in place of those of an earlier run for this host.

    Raises:
        MergeError: the file is no YAML, or of a kind that cannot be added to without changing what is there.

    """
    if not host.isprintable():
        raise MergeError(f"host {host!r} holds what no comment can hold")
    theirs, found = without_ours(text)
    expected = read(theirs)
    _refuse_json(theirs)
    newline = "\r\n" if "\r\n" in theirs else "\n"
    insertions = []
    for addition in additions:
        spot = _spot(theirs, addition.path)
        own, shared = (_written(ours, spot.flow) for ours in (addition.own, addition.shared))
        place = ".".join(addition.path)
        sections = joined(with_own(found.get(place, ()), host, own, shared))
        if sections:
            insertions.append((spot, _region(place, sections, spot, theirs).replace("\n", newline)))
            expected = _extended(expected, addition.path, entries(sections))
    result = theirs
    for spot, written in sorted(insertions, key=lambda insertion: insertion[0].offset)[::-1]:
        result = result[: spot.offset] + written + result[spot.offset :]
    if not _same(result, expected) or without_ours(result)[0] != theirs:
        raise MergeError("nothing can be added without changing what is there: an anchor, a merge key or an unusual layout is in the way; write the lists out")
    return result


def _same(result: str, expected: Any) -> bool:
    with contextlib.suppress(MergeError, RecursionError):
        return bool(read(result) == expected)
    return False


def _refuse_json(text: str) -> None:
    if text.lstrip().startswith("{"):
        with contextlib.suppress(ValueError):
            json.loads(text)
            raise MergeError("this is JSON, which has no comments and so no place for marks; merge what is printed without a FILE where this file is made")


def _extended(data: Any, path: Sequence[str], ours: list[Any]) -> Any:
    """Return data with entries first in the list at a path; nothing that is shared is touched."""
    if not path:
        return [*ours, *(data or ())]
    inner = data or {}
    return {**inner, path[0]: _extended(inner.get(path[0]), path[1:], ours)}


def _written(ours: Iterable[Entry], flow: bool) -> str:
    texts = []
    for entry in ours:
        comment = textwrap.indent(textwrap.fill(entry.comment, _COMMENT_WIDTH), "# ") + "\n" if entry.comment else ""
        line = _dumped([entry.value], flow=True).strip()[1:-1]
        block = _dumped([entry.value], flow=None) if isinstance(entry.value, dict) else f"- {line}\n"
        texts.append(comment + (f"{line},\n" if flow else block))
    return "".join(texts)


def _dumped(value: Any, flow: bool | None) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=flow, width=_WIDE, allow_unicode=True)
    return text


def _region(place: str, sections: str, spot: _Spot, text: str) -> str:
    """Put the keys that are missing around the sections, and marks around both."""
    if not spot.missing:
        inner = sections
    elif spot.flow:
        opening = "".join(f"{key}: {{" for key in spot.missing[:-1]) + f"{spot.missing[-1]}: [\n"
        inner = f"{opening}{textwrap.indent(sections, '  ')}]{'}' * (len(spot.missing) - 1)},\n"
    else:
        keys = "".join(f"{'  ' * depth}{key}:\n" for depth, key in enumerate(spot.missing))
        inner = keys + textwrap.indent(sections, "  " * len(spot.missing))
    before = text[: spot.offset]
    within = spot.flow or (before != "" and not before.endswith("\n"))
    return textwrap.indent(region(place, inner, within), " " * spot.indent)


def _spot(text: str, path: tuple[str, ...]) -> _Spot:
    """Find where entries of the list at `path` go: below the line of its key, or behind its bracket. Raises MergeError."""
    node = yaml.compose(text, Loader)
    if node is None:
        return _Spot(len(text), 0, False, path)
    key: yaml.Node | None = None
    for depth, name in enumerate(path):
        if _is_empty(node):
            return _below(text, key, None, path[depth:])
        if not isinstance(node, yaml.MappingNode):
            raise _fault(node, f"{'.'.join(path[:depth]) or 'the file'} must be a mapping of keys to values")
        pairs = [pair for pair in node.value if pair[0].value == name]
        if not pairs:
            return _inside(text, key, node, path[depth:])
        if len(pairs) > 1:
            raise _fault(pairs[1][0], f"{name} stands here twice; keep one")
        key, node = pairs[0]
        if node.start_mark.index < key.end_mark.index:
            raise _fault(key, f"{name} is an alias; write out here what it stands for")
    if _is_empty(node):
        return _below(text, key, None, ())
    if not isinstance(node, yaml.SequenceNode):
        raise _fault(node, f"{'.'.join(path)} must be a list")
    return _inside(text, key, node, ())


def _inside(text: str, key: yaml.Node | None, node: yaml.Node, missing: tuple[str, ...]) -> _Spot:
    start = next(token for token in yaml.scan(text, Loader) if isinstance(token, _STARTS) and token.start_mark.index >= node.start_mark.index)
    if isinstance(start, _FLOWS):
        return _Spot(start.end_mark.index, (key.start_mark.column if key else 0) + 2, True, missing)
    if key is None:
        ends = next(event for event in yaml.parse(text, Loader) if isinstance(event, yaml.DocumentEndEvent))
        assert ends.start_mark is not None
        return _Spot(ends.start_mark.index if ends.explicit else len(text), start.start_mark.column, False, missing)
    return _below(text, key, start, missing)


def _below(text: str, key: yaml.Node | None, start: yaml.Token | None, missing: tuple[str, ...]) -> _Spot:
    """Take the line after a key, as far right as what stands there (`start`), or as belongs below it."""
    assert key is not None
    offset = text.find("\n", key.end_mark.index) + 1 or len(text)
    return _Spot(offset, start.start_mark.column if start else key.start_mark.column + 2, False, missing)


def _is_empty(node: yaml.Node) -> bool:
    """Say whether nothing stands there at all. Raises MergeError where the word `null` does."""
    is_null = isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
    if is_null and node.value:
        raise _fault(node, f"here stands {node.value}; remove the word, or write a value in its place")
    return is_null


def _fault(node: yaml.Node, message: str) -> MergeError:
    return MergeError(f"line {node.start_mark.line + 1}: {message}")

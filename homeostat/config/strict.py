"""Strict YAML: every key known, none twice, every type right, and each fault told with its path and line."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union

import msgspec
import yaml

from homeostat.config.units import Duration, Size

if TYPE_CHECKING:
    import pathlib

T = TypeVar("T")

# A thousand services fit into a fifth of it.
MOST_BYTES = 1024 * 1024
_PATH = re.compile(r"[a-z_]+(?:\.[a-z_]+)*")


class ConfigError(Exception):
    """A fault in a file, told in one line: file, line (0: the file as a whole), path, what is wrong and what would be right."""

    def __init__(self, file: str, line: int, where: str, message: str) -> None:
        told = f"{where}: {message}" if where else message
        place = f"{file}:{line}" if line else file
        super().__init__(f"{place}: {' '.join(told.split())}")


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core scalars only, so that `24:00`, `on` and `0777` stay what was written."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own shape, filled below


SCALARS = tuple(
    (f"tag:yaml.org,2002:{name}", re.compile(f"(?:{pattern})$"), first)
    for name, pattern, first in (
        ("bool", r"true|false", ["t", "f"]),
        ("null", r"null|~|", ["n", "~", ""]),
        ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
        ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+", list("-+.0123456789")),
    )
)
for _tag, _pattern, _first in SCALARS:
    _Loader.add_implicit_resolver(_tag, _pattern, _first)


@dataclasses.dataclass(frozen=True)
class Raw:
    """A part of a file whose type is known only to a plug-in: it is read, with its lines, when the plug-in is at hand."""

    reader: _Reader
    node: yaml.Node
    where: str

    def read(self, kind: type[T]) -> T:
        """Read this part as `kind`. Raises `ConfigError` as `load` does."""
        part: T = self.reader.read(self.node, kind, self.where)
        return part

    def at(self, *path: str | int) -> Raw:
        """Return the part that lies at a path of keys and of places in lists. Raises KeyError and IndexError."""
        part = self
        for step in path:
            part = part.read(list[Raw])[step] if isinstance(step, int) else part.read(dict[str, Raw])[step]
        return part

    def fault(self, message: str) -> ConfigError:
        """Make the error that says `message` of this part."""
        return self.reader.fault(self.node, self.where, message)


class _Reader:
    """Walks a YAML tree beside a type and knows the line of everything it meets."""

    def __init__(self, file: str) -> None:
        self.file = file

    def fault(self, node: yaml.Node, where: str, message: str) -> ConfigError:
        return ConfigError(self.file, node.start_mark.line + 1, where, message)

    def read(self, node: yaml.Node, kind: Any, where: str) -> Any:
        if kind is Raw:
            return Raw(self, node, where)
        kind = _without_none(kind) if not _is_null(node) else kind
        origin = typing.get_origin(kind)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(node, kind, where)
        if origin is dict:
            key_kind, value_kind = typing.get_args(kind)
            return {
                self._leaf(key, key_kind, where): self.read(value, value_kind, _join(where, key.value))
                for key, value in self._pairs(node, where)
            }
        if origin in {list, tuple}:
            return origin(self._items(node, typing.get_args(kind)[0], where))
        return self._leaf(node, kind, where)

    def _items(self, node: yaml.Node, kind: Any, where: str) -> list[Any]:
        if not isinstance(node, yaml.SequenceNode):
            raise self.fault(node, where, "expected a list")
        return [self.read(item, kind, f"{where}[{index}]") for index, item in enumerate(node.value)]

    def _pairs(self, node: yaml.Node, where: str) -> list[tuple[yaml.Node, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self.fault(node, where, "expected a mapping of keys to values")
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.fault(key, where, "a key must be plain text")
            if key.value == "<<" and key.style is None:
                raise self.fault(key, where, "merge keys are not read; write the keys out")
            if not key.value:
                raise self.fault(key, where, "a key must not be empty")
            if key.value in seen:
                raise self.fault(key, _join(where, key.value), "this key stands here twice; keep one")
            seen.add(key.value)
        return list(node.value)

    def _struct(self, node: yaml.Node, kind: type[msgspec.Struct], where: str) -> Any:
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        values: dict[str, Any] = {}
        for key, value in self._pairs(node, where):
            field = fields.get(key.value)
            if field is None:
                raise self.fault(key, _join(where, key.value), f"unknown key{nearest(key.value, list(fields))}")
            values[field.name] = self.read(value, field.type, _join(where, key.value))
        missing = [name for name, field in fields.items() if field.required and field.name not in values]
        if missing:
            raise self.fault(node, where, f"missing key {missing[0]!r}")
        try:
            return kind(**values)
        except (ValueError, OverflowError) as error:
            raise self.fault(_blamed(node, str(error)), where, str(error)) from None

    def _leaf(self, node: yaml.Node, kind: Any, where: str) -> Any:
        try:
            value = _Loader("").construct_object(node, deep=True)
            return msgspec.convert(value, kind, dec_hook=_hook)
        except RecursionError:
            raise self.fault(node, where, "nested too deeply") from None
        except (msgspec.ValidationError, ValueError, OverflowError, yaml.YAMLError) as error:
            allowed = _choices(kind)
            right = f"; write one of {', '.join(allowed)}" if allowed else ""
            if str(error).startswith("Expected `str") and isinstance(node, yaml.ScalarNode) and not _is_null(node):
                right = f"; write it in quotes: '{node.value}'"
            raise self.fault(node, where, str(error).split(" - at")[0] + right) from None


def _blamed(node: yaml.Node, message: str) -> yaml.Node:
    """Return the key that a message about a mapping begins with, as `verify.instead` does; the mapping where it begins with none."""
    named = _PATH.match(message)
    for word in named.group().split(".") if named is not None else ():
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next(((key, value) for key, value in pairs if key.value == word), None)
        if found is None:
            break
        node = found[1] if isinstance(found[1], yaml.MappingNode) and found[1].value else found[0]
    return node


def _hook(kind: type, value: object) -> object:
    if issubclass(kind, Duration | Size):
        return kind.parse(value)
    raise NotImplementedError(f"configuration holds no {kind.__name__}")


def _choices(kind: Any) -> list[str]:
    """Return the words that a type allows, and that it allows a number beside them."""
    parts = typing.get_args(kind) if typing.get_origin(kind) in {Union, types.UnionType} else (kind,)
    words = [str(choice) for part in parts if typing.get_origin(part) is Literal for choice in typing.get_args(part)]
    return [*words, *["or a number" for part in parts if part is not type(None) and typing.get_origin(part) is not Literal]] if words else []


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _without_none(kind: Any) -> Any:
    if typing.get_origin(kind) not in {Union, types.UnionType}:
        return kind
    rest = [part for part in typing.get_args(kind) if part is not type(None)]
    return rest[0] if len(rest) == 1 else kind


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def nearest(key: str, known: list[str]) -> str:
    """Return what to say behind an unknown word: the known one that is most like it, or all."""
    if not known:
        return "; nothing can be set here"
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(sorted(known))}"


def load(path: pathlib.Path, kind: type[T]) -> T:
    """Read the YAML file `path` into the msgspec struct `kind`.

    Raises:
        ConfigError: the file cannot be read, is no YAML, or does not fit `kind`; the message names line and path.

    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), 0, "", f"cannot be read: {error.strerror if isinstance(error, OSError) else error}") from None
    if len(content) > MOST_BYTES:
        raise ConfigError(str(path), 0, "", f"cannot be read: it is larger than {Size(MOST_BYTES)}; is it the right file?")
    return loads(text, kind, str(path))


def loads(text: str, kind: type[T], file: str) -> T:
    """Read YAML text into `kind`; `file` is what faults call it. Raises as `load` does."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except RecursionError:
        raise ConfigError(file, 1, "", "no valid YAML: nested too deeply") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ConfigError(file, mark.line + 1 if mark else 1, "", f"no valid YAML: {problem}") from None
    if node is None or _is_null(node):
        node = yaml.compose("{}", Loader=_Loader)
    assert node is not None
    whole: T = _Reader(file).read(node, kind, "")
    return whole

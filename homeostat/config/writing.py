"""A configuration written down again as YAML that the strict loader reads as the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from homeostat.config.strict import SCALARS
from homeostat.config.units import Duration, Size

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """Writes nothing plain that either YAML 1.1 or the loader would take for something else, no anchors, and short lists on one line."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML calls it so
        return True


def _list(dumper: yaml.SafeDumper, entries: list[Any]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", entries, flow_style=not any(isinstance(entry, list | dict) for entry in entries))


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # Plain or in single quotes PyYAML loses what it takes for the end of a line.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_Dumper.add_representer(list, _list)
_Dumper.add_representer(str, _text)
# A copy: PyYAML would add to its own.
_Dumper.yaml_implicit_resolvers = {first: list(known) for first, known in yaml.SafeDumper.yaml_implicit_resolvers.items()}
for _tag, _pattern, _first in SCALARS:
    _Dumper.add_implicit_resolver(_tag, _pattern, _first)


def written(value: Any, *, changed_only: bool = False) -> Any:
    """Return a configuration, or a part of it, as mappings, lists and words: durations and sizes as people write them.

    With `changed_only` no section of it says what it would be by default.
    """
    match value:
        case msgspec.Struct():
            return {name: written(inner, changed_only=changed_only) for name, inner, changed in _fields(value) if changed or not changed_only}
        case dict():
            return {key: written(inner, changed_only=changed_only) for key, inner in value.items()}
        case list() | tuple():
            return [written(inner, changed_only=changed_only) for inner in value]
        case Duration() | Size():
            return str(value)
    return value


def _fields(section: msgspec.Struct) -> Iterator[tuple[str, Any, bool]]:
    """Yield each key of a section with its value, and whether that differs from the default."""
    for field in msgspec.structs.fields(type(section)):
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        value = getattr(section, field.name)
        yield field.encode_name, value, value != default


def as_yaml(value: Any) -> str:
    """Return what `written` returned as YAML, in the order of its keys."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=_WIDTH)

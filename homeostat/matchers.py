"""The label matchers of a plain selector, which is all that remote_read can be asked for."""

from __future__ import annotations

import dataclasses
import re
from typing import Literal, TypeAlias

Operator: TypeAlias = Literal["=", "!=", "=~", "!~"]

# Strings with an escape in them are left to Prometheus' own parser: such a query is asked as it stands.
_MATCHER = r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"([^"\\\n]*)"\s*'
_SELECTOR = re.compile(rf"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{{((?:{_MATCHER},)*(?:{_MATCHER})?)\s*\}})?\s*")
_ONE = re.compile(_MATCHER)
_NUMBERS = {"nan", "inf"}
_KEYWORDS = {"and", "or", "unless", "atan2", "bool", "by", "without", "on", "ignoring", "group_left", "group_right", "offset"}


@dataclasses.dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label."""

    name: str
    operator: Operator
    value: str


def plain(query: str) -> tuple[Matcher, ...] | None:
    """Return the matchers of `name{label="value", ...}`, or None for any other query; None is always safe."""
    found = _SELECTOR.fullmatch(query)
    if found is None or found[1].lower() in _NUMBERS | _KEYWORDS:
        return None
    conditions = [Matcher(name, sign, value) for name, sign, value in _ONE.findall(found[2] or "")]
    return (Matcher("__name__", "=", found[1]), *conditions)


def exactly(labels: dict[str, str]) -> tuple[Matcher, ...]:
    """Return the matchers of the series that bears `labels`."""
    return tuple(Matcher(name, "=", value) for name, value in labels.items())

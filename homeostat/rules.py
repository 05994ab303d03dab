"""The rules as this version ships them: what Prometheus is to have loaded."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import msgspec
import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

_INSTALLED = pathlib.Path(__file__).parent / "alert-rules"
# A wheel carries the files beside the code; a checkout has them in a folder of its own.
FOLDER = _INSTALLED if _INSTALLED.is_dir() else pathlib.Path(__file__).parents[1] / "alert-rules"


class _Rule(msgspec.Struct, frozen=True):
    expr: str
    alert: str = ""
    record: str = ""
    labels: dict[str, str] = {}


class _Group(msgspec.Struct, frozen=True):
    name: str
    rules: tuple[_Rule, ...]


class _File(msgspec.Struct, frozen=True):
    groups: tuple[_Group, ...]


def shipped() -> Mapping[str, Mapping[str, str]]:
    """Return the expression of each rule by its name, and these by the name of their group. Raises OSError."""
    return {group.name: {rule.alert or rule.record: rule.expr for rule in group.rules} for group in _groups()}


def severities() -> Mapping[str, str]:
    """Return the severity of each alert that has one of its own. Raises OSError."""
    return {rule.alert: rule.labels["severity"] for group in _groups() for rule in group.rules if rule.alert and "severity" in rule.labels}


def _groups() -> list[_Group]:
    files = [msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), _File) for path in sorted(FOLDER.glob("*.rules.yml"))]
    return [group for file in files for group in file.groups]

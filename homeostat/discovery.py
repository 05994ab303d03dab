"""Finds plug-ins: every module of a folder holds one typed constant, and its file name is its id."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from types import ModuleType

Plugin = TypeVar("Plugin")


def discover(package: ModuleType, constant: str, kind: type[Plugin]) -> dict[str, Plugin]:
    """Return `{id: constant}` of each module in `package`, by name; `_` in a file name is `-` in the id.

    Raises:
        TypeError: a module lacks `constant`, or it is not a `kind`.

    """
    return {plugin_id: load_plugin(package, plugin_id, constant, kind) for plugin_id in ids(package)}


def ids(package: ModuleType) -> list[str]:
    """Return the id of each module in `package`, by name, without importing any."""
    return [name.replace("_", "-") for name in sorted(info.name for info in pkgutil.iter_modules(package.__path__))]


def load_plugin(package: ModuleType, plugin_id: str, constant: str, kind: type[Plugin]) -> Plugin:
    """Import one module of `package` and return its constant. Raises TypeError as `discover`."""
    module = importlib.import_module(f"{package.__name__}.{plugin_id.replace('-', '_')}")
    plugin = getattr(module, constant, None)
    if not isinstance(plugin, kind):
        raise TypeError(f"{module.__name__} has no {constant} of type {kind.__name__}")
    return plugin

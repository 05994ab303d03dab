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
    found: dict[str, Plugin] = {}
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        plugin = getattr(module, constant, None)
        if not isinstance(plugin, kind):
            raise TypeError(f"{module.__name__} has no {constant} of type {kind.__name__}")
        found[module_info.name.replace("_", "-")] = plugin
    return found

"""What each key of the configuration means, in the words that stand under it in the types."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import textwrap
import typing
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


@functools.cache
def meanings(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Return what each documented field of `kind` means, by its name in Python; what a parent says holds where the child is silent."""
    said: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if issubclass(each, msgspec.Struct) and each.__module__ != msgspec.Struct.__module__:
            said |= dict(_under_fields(each))
    return said


def _under_fields(kind: type) -> Iterator[tuple[str, str]]:
    body = typing.cast("ast.ClassDef", ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]).body
    for field, below in itertools.pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())

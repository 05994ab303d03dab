"""Plug-ins are found by their file, and a file that is none fails at start."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from homeostat.discovery import discover

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator
    from types import ModuleType


@pytest.fixture
def package(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    folder = tmp_path / "plugins_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        del sys.modules[name]


def loaded(package: pathlib.Path) -> ModuleType:
    return importlib.import_module(package.name)


def test_every_file_is_found_by_name_with_dashes_for_underscores(package: pathlib.Path) -> None:
    (package / "second_one.py").write_text("THING = 2")
    (package / "first.py").write_text("THING = 1")
    assert list(discover(loaded(package), "THING", int).items()) == [("first", 1), ("second-one", 2)]


@pytest.mark.parametrize("content", ["", "THING = 'text'", "thing = 1", "THING = None"])
def test_a_file_without_its_constant_fails_and_is_named(package: pathlib.Path, content: str) -> None:
    (package / "broken.py").write_text(content)
    with pytest.raises(TypeError, match=r"plugins_of_a_test\.broken has no THING of type int"):
        discover(loaded(package), "THING", int)


def test_what_is_no_module_is_no_plug_in(package: pathlib.Path) -> None:
    (package / "notes.txt").write_text("THING = 1")
    assert discover(loaded(package), "THING", int) == {}

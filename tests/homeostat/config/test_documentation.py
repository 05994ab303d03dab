"""Every key of the configuration says under itself what it means: `config sample` is made of that."""

from __future__ import annotations

import msgspec
import pytest

from homeostat.config import Config
from homeostat.config.documentation import meanings
from tests.homeostat.config.sections import sections_of


@pytest.mark.parametrize("kind", sections_of(Config), ids=lambda kind: kind.__name__)
def test_every_key_says_what_it_means(kind: type[msgspec.Struct]) -> None:
    said = meanings(kind)
    silent = [field.name for field in msgspec.structs.fields(kind) if not said.get(field.name, "").endswith((".", ")"))]
    assert silent == [], f"give each of {kind.__name__}'s keys a sentence directly under it, as in homeostat/config/notifications.py"


def test_sections_within_lists_and_dictionaries_are_found_too() -> None:
    names = {kind.__name__ for kind in sections_of(Config)}
    assert {"Service", "ServiceCommands", "Window", "TimeRange", "MemorySource", "CustomTarget", "Record"} <= names


def test_what_a_parent_says_of_a_key_holds_for_its_children() -> None:
    assert meanings(next(kind for kind in sections_of(Config) if kind.__name__ == "SwapTarget"))["limit_free_ratio"] == "The share that must stay free, 0 to 1."

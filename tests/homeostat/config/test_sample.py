"""`config sample`: every key with what it means, valid as it stands and with any of it put into force."""

from __future__ import annotations

import re

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.config import Config
from homeostat.config.example import EXAMPLE
from homeostat.config.sample import sample
from homeostat.config.strict import loads  # Alertmanager's file, which the example names, is not here
from tests.homeostat.config.sections import sections_of

WIDEST = 135


def in_force(line: str) -> str:
    return line if line.startswith("##") else line.removeprefix("#")


def test_as_it_stands_it_is_the_defaults() -> None:
    assert loads(sample(), Config, "homeostat.yml") == Config()


def test_with_every_key_put_into_force_it_is_the_example() -> None:
    text = "".join(map(in_force, sample().splitlines(keepends=True)))
    assert loads(text, Config, "homeostat.yml") == EXAMPLE


@given(st.sets(st.sampled_from(sorted(Config.__struct_fields__))))
@settings(max_examples=30, deadline=None)
def test_any_of_its_sections_may_be_put_into_force_alone(names: set[str]) -> None:
    # What a service needs and joins is in two other sections.
    names |= {"groups", "filesystems"} if {"services", "backups"} & names else set()
    blocks = sample().split("\n\n")
    chosen = [re.sub(r"(?m)^#(?!#)", "", block) if re.search(r"(?m)^#(\w+)", block) and re.search(r"(?m)^#(\w+)", block)[1] in names else block for block in blocks]
    loaded = loads("\n\n".join(chosen), Config, "homeostat.yml")
    assert {name: getattr(loaded, name) for name in Config.__struct_fields__} == {name: getattr(EXAMPLE if name in names else Config(), name) for name in Config.__struct_fields__}


def test_every_key_there_is_stands_in_it() -> None:
    keys = set(re.findall(r"(?m)^#\s*(?:- )?([\w-]+):", sample()))
    assert {field.encode_name for kind in sections_of(Config) for field in msgspec.structs.fields(kind)} <= keys


def test_nothing_in_it_is_wider_than_a_page_but_what_cannot_be_folded() -> None:
    lines = sample().splitlines()
    assert [line for line in lines if len(line) > WIDEST] == []
    assert [line for line in lines if len(line) > 110 and "## " in line] == []


def test_what_is_empty_by_default_has_an_example() -> None:
    assert re.findall(r"(?m)^#(?:  )?[\w-]+: (?:\[\]|\{\})$", sample()) == []


def test_words_to_choose_from_are_told() -> None:
    text = sample()
    assert "One of: monday, tuesday, wednesday" in " ".join(text.replace("#", "").split())
    for words in (("conservative", "moderate", "aggressive"), ("shadow", "active", "interactive"), ("systemd-user", "podman")):
        assert all(word in text for word in words)

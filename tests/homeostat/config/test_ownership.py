"""Root acts only on what nobody else may write, wherever on the way to it somebody could."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from homeostat.config import Config, ConfigError
from homeostat.config.ownership import rules_of, see_that_only_root_writes
from homeostat.config.types import Actor, Alertmanager

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

NOBODY = 65534


@pytest.fixture
def config_file(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "etc" / "homeostat.yml"
    path.parent.mkdir()
    path.write_text("host: h1\n")
    return path


SPOILED = {
    "a file that its group may write": lambda path: path.chmod(0o664),
    "a file that all may write": lambda path: path.chmod(0o646),
    "a folder that others may write": lambda path: path.parent.chmod(0o777),
    "a folder further up": lambda path: path.parents[1].chmod(0o775),
    "somebody else's file": lambda path: os.chown(path, NOBODY, -1),
    "somebody else's folder": lambda path: os.chown(path.parent, NOBODY, -1),
}


def test_what_root_alone_writes_may_be_acted_on(config_file: pathlib.Path) -> None:
    see_that_only_root_writes([config_file])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_what_somebody_else_could_change_is_refused_and_named(config_file: pathlib.Path, spoil: Callable[[pathlib.Path], None]) -> None:
    spoil(config_file)
    with pytest.raises(ConfigError, match=rf"homeostat\.yml.*: {config_file.parents[1]}\S* must belong to root and be writable by nobody else"):
        see_that_only_root_writes([config_file])


def test_a_folder_where_nobody_may_replace_what_is_anothers_is_none_of_those(config_file: pathlib.Path) -> None:
    config_file.parent.chmod(0o1777)
    see_that_only_root_writes([config_file])


def test_a_link_is_as_safe_as_both_its_ends(config_file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    link = tmp_path / "open" / "homeostat.yml"
    link.parent.mkdir()
    link.symlink_to(config_file)
    see_that_only_root_writes([link])
    link.parent.chmod(0o777)
    with pytest.raises(ConfigError, match="must belong to root"):
        see_that_only_root_writes([link])


def test_the_owners_playbooks_are_rules_too(config_file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    own = tmp_path / "playbooks"
    own.mkdir()
    (own / "mine.yml").write_text("name: mine\n")
    assert rules_of(config_file, Config()) == [config_file]
    assert rules_of(config_file, Config(actor=Actor(playbook_directory=str(own)))) == [config_file, own, own / "mine.yml"]


def test_alertmanagers_file_is_a_rule_where_maintenance_windows_stand_in_it(config_file: pathlib.Path) -> None:
    other = config_file.with_name("alertmanager.yml")
    assert rules_of(config_file, Config(alertmanager=Alertmanager(config_file=str(other)))) == [config_file]
    assert rules_of(config_file, Config(alertmanager=Alertmanager(config_file=str(other), time_intervals=("night",)))) == [config_file, other]

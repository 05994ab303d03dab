"""The files that declare a unit are found as systemd finds them, and read as far as their user could read them."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import pytest

from homeostat.units import files
from homeostat.units.places import SYSTEM

if TYPE_CHECKING:
    import pathlib

ANN = dataclasses.replace(SYSTEM, user=("ann", 1000), home="/home/ann")


@pytest.fixture
def folders(tmp_path: pathlib.Path) -> list[str]:
    return [str(tmp_path / name) for name in ("etc", "run", "usr")]


def lay(folder: str, *names: str) -> None:
    for name in names:
        path = f"{folder}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(path, "w", encoding="utf-8") as stream:  # noqa: PTH123
            stream.write("[Service]\n")


def test_the_first_folder_that_has_a_unit_counts_and_an_instance_falls_back_to_its_template(folders: list[str]) -> None:
    lay(folders[2], "web.service", "many@.service")
    lay(folders[1], "web.service")
    assert files.fragment("web.service", folders) == f"{folders[1]}/web.service"
    assert files.fragment("many@one.service", folders) == f"{folders[2]}/many@.service"
    lay(folders[2], "many@one.service")
    assert files.fragment("many@one.service", folders) == f"{folders[2]}/many@one.service"
    assert files.fragment("none.service", folders) is None


def test_drop_ins_count_by_their_names_and_the_nearest_of_one_name_alone(folders: list[str]) -> None:
    lay(folders[0], "a-b@x.service.d/20.conf", "a-b@.service.d/10.conf", "other.service.d/99.conf")
    lay(folders[2], "a-b@x.service.d/20.conf", "a-.service.d/30.conf", "service.d/05.conf", "a-b@x.service.d/no.txt")
    found = files.drop_ins("a-b@x.service", folders)
    assert [path.removeprefix(f"{folders[0]}/").removeprefix(f"{folders[2]}/") for path in found] == [
        "service.d/05.conf",
        "a-b@.service.d/10.conf",
        "a-b@x.service.d/20.conf",
        "a-.service.d/30.conf",
    ]
    assert found[2].startswith(folders[0])


def test_what_set_property_and_generators_write_is_no_declaration(tmp_path: pathlib.Path) -> None:
    places = [str(tmp_path / name) for name in ("etc/systemd/system.control", "run/systemd/user.control", "run/systemd/generator.late")]
    for place in places:
        lay(place, "web.service.d/50-MemoryMax.conf")
    assert files.drop_ins("web.service", places) == []


@pytest.mark.parametrize(
    ("unit", "file"),
    [("web.service", "web.container"), ("web.service", "web.kube"), ("web-pod.service", "web.pod"), ("data-volume.service", "data.volume"), ("many@one.service", "many@.container")],
)
def test_a_quadlet_is_found_by_the_unit_that_it_makes(tmp_path: pathlib.Path, unit: str, file: str) -> None:
    lay(str(tmp_path), file)
    place = dataclasses.replace(SYSTEM, quadlets=("/nowhere", str(tmp_path)))
    assert files.quadlet(unit, place) == f"{tmp_path}/{file}"
    assert files.quadlet("other.service", place) is None


def test_a_user_has_nothing_read_that_is_not_theirs_nor_open_to_all(tmp_path: pathlib.Path) -> None:
    secret = tmp_path / "secret.service"
    secret.write_text("[Service]\nUser=hunter2\n")
    link = tmp_path / "link.service"
    link.symlink_to(secret)
    secret.chmod(0o600)
    assert files.text_of(str(link), ANN) == ""
    assert "hunter2" in files.text_of(str(link), SYSTEM)
    secret.chmod(0o644)
    assert "hunter2" in files.text_of(str(link), ANN)


def test_what_is_no_file_is_read_as_nothing_and_not_waited_for(tmp_path: pathlib.Path) -> None:
    pipe = tmp_path / "pipe.service"
    os.mkfifo(pipe)
    assert files.text_of(str(pipe), SYSTEM) == ""
    assert files.text_of(str(tmp_path), SYSTEM) == ""
    assert files.text_of("/dev/null", SYSTEM) == ""
    assert files.text_of(str(tmp_path / "none"), SYSTEM) == ""

"""What differs between what is declared and what runs: facts of a real systemd 257 and podman 5.4 in, differences out."""

from __future__ import annotations

import pathlib

import msgspec
import pytest

from homeostat.units.differences import Difference, as_started, differences
from homeostat.units.facts import Container, File, Settings, Unit
from homeostat.units.seals import OPEN

CASES = sorted(pathlib.Path(__file__).with_name("cases").glob("*.json"))


class Written(msgspec.Struct):
    unit: Unit
    former: Settings | None
    differences: tuple[Difference, ...]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_case_comes_out_as_written(path: pathlib.Path) -> None:
    case = msgspec.json.decode(path.read_bytes(), type=Written)
    assert differences(case.unit, case.former) == case.differences


def declared(**changed: object) -> Unit:
    settings: Settings = {"Service.MemoryMax": ("512M",), "Service.ExecStart": ("/bin/sleep 9",)}
    unit = Unit(active=True, invocation="a", started_at=100.0, files=(File("/etc/x.service", 50.0),), declared=settings)
    return msgspec.structs.replace(unit, **changed)


def words(unit: Unit, former: Settings | None = None) -> list[str]:
    return [f"{each.severity}: {each.words}" for each in differences(unit, former)]


def test_a_limit_is_told_with_both_values() -> None:
    assert words(declared(), declared().declared | {"Service.MemoryMax": ("256M",)}) == ["major: MemoryMax 512M in the file, 256M in what runs"]


def test_a_description_is_minor_and_a_setting_that_nobody_knows_is_major() -> None:
    unit = declared(declared={"Unit.Description": ("new",), "Service.Unheard": ("1",), "Install.WantedBy": ("a.target",)})
    former: Settings = {"Unit.Description": ("old",)}
    assert [(each.setting, each.severity) for each in differences(unit, former)] == [
        ("Install.WantedBy", "minor"),
        ("Service.Unheard", "major"),
        ("Unit.Description", "minor"),
    ]


def test_what_stands_in_an_environment_is_not_told() -> None:
    told = words(declared(declared={"Service.Environment KEY": ("#0123456789abcdef",)}), {"Service.Environment KEY": ("#fedcba9876543210",)})
    assert told == ["major: Environment KEY has another value in the file than in what runs"]


def test_a_service_that_does_not_run_has_no_drift_but_a_quadlet_that_makes_no_unit_has() -> None:
    stopped = declared(active=False, load="not-found", files=(File("/etc/x.container", 500.0),))
    assert words(stopped) == []
    assert words(msgspec.structs.replace(stopped, mistake="line 1 is none")) == ["major: podman's generator makes no unit of it: line 1 is none"]


def test_a_file_that_changed_to_what_it_said_before_is_no_difference() -> None:
    touched = declared(files=(File("/etc/x.service", 500.0),))
    assert words(touched, touched.declared) == []
    assert words(touched) == ["major: /etc/x.service was changed since it was started; what it said then is not known"]


def test_files_that_systemd_has_not_read_yet_are_major_where_nobody_saw_what_they_said() -> None:
    assert words(declared(needs_reload=True)) == ["major: its files were changed since systemd read them; what they said then is not known"]


def test_a_container_whose_image_was_retagged_differs_by_its_image() -> None:
    container = Container(name="web", image="box:1", image_id="a" * 64, tagged_id="b" * 64)
    assert words(Unit(active=True, container=container)) == [f"major: box:1 is image {'b' * 12} now, and image {'a' * 12} runs"]


def test_what_only_systemd_knows_when_it_starts_a_container_fits_what_runs() -> None:
    container = Container(name="web", image="box:1", image_id="a", tagged_id="a", command={"--publish": ("8080:80",), "--env PORT": ("#0123456789abcdef",)})
    unit = Unit(active=True, command={"--publish": (f"{OPEN}:80",), "--env PORT": (OPEN,)}, container=container)
    assert words(unit) == []
    assert words(msgspec.structs.replace(unit, command=unit.command | {"--publish": (f"{OPEN}:81",)} if unit.command else None)) != []


def test_what_a_unit_said_when_it_was_started_is_known_only_while_nothing_changed_since() -> None:
    assert as_started(declared()) == declared().declared
    assert as_started(declared(needs_reload=True)) is None
    assert as_started(declared(files=(File("/etc/x.service", 100.5),))) is None
    assert as_started(declared(active=False)) is None
    assert as_started(declared(load="masked")) is None

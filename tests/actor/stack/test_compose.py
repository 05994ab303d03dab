"""Compose files: the unit and the files that are made of one, and what is a fault of its containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.stack import compose
from actor.stack.compose import made, sick, unit_text
from actor.stack.stackfile import Component, load_stack
from homeostat.config import ConfigError
from homeostat.units.asking import Told

if TYPE_CHECKING:
    import pathlib

STACK = "services:\n  database: {compose: database.yml}\n  web: {compose: web/compose.yml, depends_on: [database]}\n"
BOX = "services: {box: {image: localhost/box}}\n"


@pytest.fixture
def stack(tmp_path: pathlib.Path) -> pathlib.Path:
    tmp_path.joinpath("web").mkdir()
    for name, text in (("stack.yml", STACK), ("database.yml", BOX), ("web/compose.yml", f"name: shop\n{BOX}"), ("web/.env", "WORD=secret\n")):
        tmp_path.joinpath(name).write_text(text)
    return tmp_path / "stack.yml"


def components(stack: pathlib.Path) -> dict[str, Component]:
    return {component.name: component for component in load_stack(stack)}


def project(stack: pathlib.Path) -> compose.Project:
    found = components(stack)["web"].project
    assert found is not None
    return found


def test_a_compose_file_is_a_unit_with_its_file_and_its_variables(stack: pathlib.Path) -> None:
    found = components(stack)
    assert (found["database"].unit, [file.path for file in found["database"].files]) == (
        "podman-compose@database.service", ["/etc/containers/compose/database.yml", "/etc/systemd/system/podman-compose@database.service"],
    )  # fmt: skip
    # What the file calls its project is what it is called by hand too, so that it has the same volumes.
    assert {file.path: file.content for file in found["web"].files[:2]} == {
        "/etc/containers/compose/shop.yml": f"name: shop\n{BOX}", "/etc/containers/compose/shop.env": "WORD=secret\n",
    }  # fmt: skip


def test_the_unit_brings_the_file_up_where_it_was_written_after_what_it_needs(stack: pathlib.Path) -> None:
    lines = components(stack)["web"].files[-1].content.splitlines()
    command = "/usr/bin/podman-compose --project-name shop --env-file /etc/containers/compose/shop.env --file -"
    for line in (
        "After=network-online.target podman-compose@database.service",
        f"WorkingDirectory={stack.parent}/web",
        "StandardInput=file:/etc/containers/compose/shop.yml",
        "TimeoutStartSec=120",
        f"ExecStart={command} up --detach --force-recreate --remove-orphans",
        f"ExecStopPost={command} down --remove-orphans",
    ):
        assert line in lines


def test_without_variables_none_are_taken_from_the_folder(stack: pathlib.Path) -> None:
    assert "--env-file /dev/null " in unit_text(project(stack), (), 90, has_variables=False)


FAULTS = {
    "no YAML": ("web/compose.yml", "services:\n  a: [\n", r"web/compose\.yml:3: no valid YAML"),
    "a service named twice": ("web/compose.yml", f"{BOX}services: {{}}\n", r"web/compose\.yml:2: services: this key stands here twice"),
    "a name of no project": ("web/compose.yml", f"name: ${{NAME}}\n{BOX}", r"web/compose\.yml:1: name: .* is no name of a project"),
    "one project twice": ("web/compose.yml", f"name: database\n{BOX}", r"services: database and web both have podman-compose@database\.service"),
    "no file": ("stack.yml", STACK.replace("web/", "wep/"), r"stack\.yml:3: services\.web\.compose: .*/wep/compose\.yml cannot be read: No such file"),
    "a path of two lines": ("stack.yml", STACK.replace("web/compose.yml", '"web\\nExecStartPre=/bin/x/compose.yml"'), r"stack\.yml:3: services\.web\.compose: .* cannot stand in a unit"),
    "files beside it": ("stack.yml", STACK.replace("compose: database.yml", "compose: database.yml, files: [a.service]"), r"stack\.yml:2: services\.database: a compose file becomes"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_its_path_and_line(stack: pathlib.Path, fault: str) -> None:
    name, text, told = FAULTS[fault]
    stack.parent.joinpath(name).write_text(text)
    with pytest.raises(ConfigError, match=told):
        load_stack(stack)


def test_where_podman_compose_is_not_installed_it_says_so(stack: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "PROGRAM", "/usr/bin/nothing-of-that-name")
    with pytest.raises(ConfigError, match=r"stack\.yml:3: services\.web\.compose: /usr/bin/nothing-of-that-name is not installed"):
        compose.read(project(stack))


def test_what_podman_compose_makes_of_it_names_the_images_that_can_be_fetched(stack: pathlib.Path) -> None:
    output = "WARNING:podman_compose:WARNING: unused networks: a\nservices:\n  a: {image: one}\n  b: {image: one}\n  c: {image: own, build: {context: /}}\n  d: {build: {context: /}}\n\n"
    found = made(project(stack), output)
    assert (found.images, found.services) == (("one",), ("a", "b", "c", "d"))


@pytest.mark.parametrize("services", ["{prometheus: {image: a}}", "{a: {image: a, container_name: homeostat-actor}}"])
def test_what_keeps_the_host_watched_is_part_of_no_compose_file(stack: pathlib.Path, services: str) -> None:
    with pytest.raises(ConfigError, match=r"stack\.yml:3: services\.web\.compose: .* is never touched"):
        made(project(stack), f"services: {services}\n")


def told(**changes: object) -> Told:
    return Told(**{"id": "1", "name": "shop_box_1", "image": "a", "image_id": "1", "unit": "podman-compose@shop.service", "running": True, "started": "2026-11-26T21:00:00Z"} | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("containers", "fault"),
    [
        ([told()], None),
        ([told(health="healthy")], None),
        ([told(running=False)], None),
        ([told(health="starting")], "shop_box_1 is starting; see: journalctl --unit=podman-compose@shop.service"),
        ([told(running=False, exit_code=3)], "shop_box_1 ended with exit code 3"),
        ([told(running=False, started="0001-01-01T00:00:00Z")], "shop_box_1 could not be started"),
        ([], "of its 1 services only 0 have a container"),
        ([told(unit="podman-compose@other.service")], "of its 1 services only 0 have a container"),
    ],
)  # fmt: skip
def test_it_is_well_when_each_container_runs_or_did_what_it_had_to(stack: pathlib.Path, containers: list[Told], fault: str | None) -> None:
    found = sick(made(project(stack), BOX), containers)
    assert (found is None) if fault is None else (found or "").startswith(fault)

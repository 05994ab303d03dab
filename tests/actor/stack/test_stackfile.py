"""Stack files: what they mean when stacks contain stacks, and every fault with its path and line."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actor.stack.images import references
from actor.stack.phases import circle, phases
from actor.stack.stackfile import Wanted, load_stack, unit_of
from homeostat.config import ConfigError

if TYPE_CHECKING:
    import pathlib

SHOP = """services:
  cache:
    files: [cache.container, cache.volume]
  store:
    stack: store.yml
  app:
    files: [app.service]
    depends_on: [store, cache]
"""
STORE = "services:\n  disk: {files: [disk.service]}\n  database: {files: [database.service], depends_on: [disk]}\n"
CONTAINER, SERVICE = "[Container]\nImage=localhost/box\n", "[Service]\nExecStart=/bin/sleep 1\n"


@pytest.fixture
def shop(tmp_path: pathlib.Path) -> pathlib.Path:
    for name in ("cache.container", "cache.volume", "app.service", "disk.service", "database.service", "other.service"):
        (tmp_path / name).write_text(CONTAINER if name.endswith(".container") else SERVICE)
    (tmp_path / "store.yml").write_text(STORE)
    (tmp_path / "shop.yml").write_text(SHOP)
    return tmp_path / "shop.yml"


def test_to_need_a_stack_is_to_need_all_that_is_in_it(shop: pathlib.Path) -> None:
    components = {component.name: component for component in load_stack(shop)}
    assert {name: set(component.needs) for name, component in components.items()} == {
        "cache": set(), "store/disk": set(), "store/database": {"store/disk"}, "app": {"store/disk", "store/database", "cache"},
    }  # fmt: skip
    assert phases({name: component.needs for name, component in components.items()}) == (("cache", "store/disk"), ("store/database",), ("app",))


def test_what_a_stack_needs_all_in_it_needs(shop: pathlib.Path) -> None:
    shop.write_text(SHOP.replace("    stack: store.yml\n", "    stack: store.yml\n    depends_on: [cache]\n"))
    components = {component.name: component for component in load_stack(shop)}
    assert (set(components["store/disk"].needs), set(components["store/database"].needs)) == ({"cache"}, {"cache", "store/disk"})


def test_each_file_belongs_where_its_ending_says(shop: pathlib.Path) -> None:
    components = {component.name: component for component in load_stack(shop)}
    assert [file.path for file in components["cache"].files] == ["/etc/containers/systemd/cache.container", "/etc/containers/systemd/cache.volume"]
    assert (components["cache"].unit, components["app"].files[0].path) == ("cache.service", "/etc/systemd/system/app.service")


@pytest.mark.parametrize(
    ("name", "content", "unit"),
    [
        ("a.container", "", "a.service"), ("a.pod", "", "a-pod.service"), ("a.volume", "", "a-volume.service"), ("a.network", "", "a-network.service"),
        ("a.timer", "", "a.timer"), ("a.container", "[Container]\nServiceName=b\n", "b.service"),
    ],
)  # fmt: skip
def test_the_unit_of_a_quadlet_is_what_podman_makes_of_it(name: str, content: str, unit: str) -> None:
    assert unit_of(Wanted(path=f"/etc/containers/systemd/{name}", content=content)) == unit


FAULTS = {
    "a key that nobody knows": ("depends_on: [store", "depend_on: [store", "8: services.app.depend_on: unknown key; did you mean 'depends_on'?"),
    "a need that is no service": ("[store, cache]", "[store, cash]", "8: services.app.depends_on[1]: 'cash' is no service of this file; known: cache, store, app"),
    "a circle": ("[cache.container, cache.volume]", "[cache.container, cache.volume]\n    depends_on: [app]", "depends_on: no service may need itself: "),
    "a file that is not there": ("[app.service]", "[apple.service]", "7: services.app.files[0]: "),
    "a file that is neither": ("[app.service]", "[store.yml]", "7: services.app.files[0]: 'store.yml' is neither a quadlet (.container"),
    "a template": ("[app.service]", "[app@.service]", "7: services.app.files[0]: 'app@.service' must be one exact name, no template"),
    "a unit glob": ("[app.service]", "[]\n    unit: 'a*.service'", "8: services.app.unit: 'a*.service' must be the exact name of one unit"),
    "a unit of other files": ("[app.service]", "[app.service]\n    unit: other.service", "8: services.app.unit: 'other.service' must be the exact name of one of app.service"),
    "several units to start": ("[app.service]", "[app.service, other.service]", "7: services.app.files: several units could be started, app.service, other.service"),
    "two services with one unit": ("  app:\n", "  twin: {files: [app.service]}\n  app:\n", "services: twin and app both have app.service"),
    "nothing at all": ("    files: [app.service]\n", "", "services.app: a service needs files"),
    "a stack with files": ("    stack: store.yml\n", "    stack: store.yml\n    files: [app.service]\n", "services.store: a stack in a stack has no files"),
    "a name with a slash": ("  app:\n", "  a/pp:\n", "services.a/pp: 'a/pp' is no name"),
    "a health by no path": ("[app.service]", "[app.service]\n    health: [curl]", "services.app: a command starts with the absolute path"),
    "a stack in itself": ("store.yml", "shop.yml", "5: services.store.stack: a stack cannot contain itself: "),
    "ssh": ("[app.service]", "[]\n    unit: sshd.service", "services.app: 'sshd.service' is never touched"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_one_line_with_its_path_and_line(shop: pathlib.Path, fault: str) -> None:
    old, new, told = FAULTS[fault]
    assert old in SHOP
    shop.write_text(SHOP.replace(old, new))
    with pytest.raises(ConfigError) as error:
        load_stack(shop)
    assert str(error.value).startswith(f"{shop}:")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["homeostat-actor.service", "sshd.service", "dbus.socket", "systemd-networkd.service", "prometheus.service", "prometheus.container"])
def test_what_keeps_the_host_alive_is_part_of_no_stack(shop: pathlib.Path, name: str) -> None:
    shop.with_name(name).write_text(CONTAINER)
    shop.write_text(SHOP.replace("app.service", name))
    with pytest.raises(ConfigError, match="is never touched"):
        load_stack(shop)


@pytest.mark.parametrize("reach", ["[Install]\nAlias=ssh.service", "[Unit]\nConflicts=foo.service dbus.service", "[Container]\nServiceName=sshd"])
def test_nor_reached_by_what_a_file_says(shop: pathlib.Path, reach: str) -> None:
    shop.with_name("cache.container").write_text(f"{CONTAINER}{reach}\n")
    with pytest.raises(ConfigError, match=r":3: services\.cache\.files\[0\]: .* is never touched"):
        load_stack(shop)


def test_a_circle_of_services_is_told_with_its_way(shop: pathlib.Path) -> None:
    shop.write_text(SHOP.replace("cache.volume]", "cache.volume]\n    depends_on: [app]"))
    with pytest.raises(ConfigError, match=r"no service may need itself: (cache -> app -> cache|app -> cache -> app)$"):
        load_stack(shop)


def test_a_circle_of_stacks_is_told_with_its_way(shop: pathlib.Path) -> None:
    shop.with_name("store.yml").write_text("services: {shop: {stack: shop.yml}}\n")
    with pytest.raises(ConfigError) as error:
        load_stack(shop)
    assert str(error.value).endswith("store.yml:1: services.shop.stack: a stack cannot contain itself: shop.yml -> store.yml -> shop.yml")


def test_images_are_those_that_quadlets_name() -> None:
    contents = ["[Container]\nImage=one:1\n", "[Image]\nImage=two\n[Service]\nImage=no\n", "[Container]\nImage=made.build\n", "[Container]\nImage=%n\n", "[Container]\nImage=one:1\n"]
    assert references(contents) == ("one:1", "two")


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef"))))
def test_whatever_something_needs_stands_in_an_earlier_phase_or_a_circle_is_told(needs: dict[str, set[str]]) -> None:
    needs = {name: needs.get(name, set()) for name in "abcdef"}
    told = circle(needs)
    if told:
        assert told[0] == told[-1]
        assert all(other in needs[one] for one, other in itertools.pairwise(told))
        return
    place = {name: number for number, names in enumerate(phases(needs)) for name in names}
    assert all(place[name] == max((place[needed] + 1 for needed in needs[name]), default=0) for name in needs)

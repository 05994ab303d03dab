"""What a deployment changes is planned from what is there, and nothing else: what is as it should be is left alone."""

from __future__ import annotations

import msgspec

from actor.stack.plan import plan, told
from actor.stack.record import Held
from actor.stack.stackfile import Component, Member, Wanted
from actor.stack.units import UnitNow

UP = UnitNow(load="loaded", active=True, well=True, invocation="1", enabled=False)
DOWN = UnitNow(load="not-found", active=False, well=False, invocation="", enabled=False)


def component(name: str, *needs: str) -> Component:
    wanted = Wanted(path=f"/etc/systemd/system/{name}.service", content=f"{name}\nnew\n")
    return Component(name=name, unit=f"{name}.service", files=(wanted,), needs=needs, member=Member(files=(f"{name}.service",)))


def held(text: str) -> Held:
    return Held(content=text.encode(), mode=0o644, uid=0, gid=0, modified_ns=1)


STACK = (component("a"), component("b"), component("c", "a", "b"))
THERE = {"/etc/systemd/system/a.service": held("a\nold\n"), "/etc/systemd/system/b.service": held("b\nnew\n"), "/etc/systemd/system/c.service": None}


def test_what_changes_is_restarted_what_is_down_started_and_the_rest_left() -> None:
    first, second = plan(STACK, THERE, {"a.service": UP, "b.service": UP, "c.service": DOWN})
    assert (first.members, [before.unit for before in first.units], [placed.path for placed in first.files]) == (
        ("a.service", "b.service"), ["a.service"], ["/etc/systemd/system/a.service"],
    )  # fmt: skip
    assert ([before.unit for before in second.units], second.files[0].before) == (["c.service"], None)


def test_what_is_down_is_started_though_its_file_is_as_it_should_be() -> None:
    first, _ = plan(STACK, THERE, {"a.service": UP, "b.service": DOWN, "c.service": DOWN})
    assert [before.unit for before in first.units] == ["a.service", "b.service"]


def test_what_runs_another_image_than_its_name_means_is_restarted() -> None:
    outdated = msgspec.structs.replace(UP, outdated=True)
    first, _ = plan(STACK, THERE, {"a.service": UP, "b.service": outdated, "c.service": DOWN})
    assert [before.unit for before in first.units] == ["a.service", "b.service"]


def test_a_plan_is_told_with_the_difference_in_each_file() -> None:
    assert list(told(plan(STACK, THERE, {"a.service": UP, "b.service": UP, "c.service": DOWN}))) == [
        "phase 1: restart a.service",
        "  change /etc/systemd/system/a.service",
        "    --- as it is", "    +++ as it will be", "    @@ -1,2 +1,2 @@", "     a", "    -old", "    +new",
        "phase 2: start c.service",
        "  new /etc/systemd/system/c.service",
        "    --- as it is", "    +++ as it will be", "    @@ -0,0 +1,2 @@", "    +c", "    +new",
    ]  # fmt: skip

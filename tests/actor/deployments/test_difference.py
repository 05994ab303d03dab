"""What a deployment changes is shown line by line, and nobody's password with it."""

from __future__ import annotations

import pytest

from actor.deployments import difference, facts
from actor.deployments.podman import Image
from actor.model import StepFailed


def test_a_file_that_changed_came_or_went_is_shown_as_a_unified_diff() -> None:
    shown = difference.of_files({"/a": "one\ntwo\n", "/gone": "x\n"}, {"/a": "one\n2\n", "/new": "y\n"})
    assert shown == (
        "--- /a", "+++ /a", "@@ -1,2 +1,2 @@", " one", "-two", "+2",
        "--- /gone", "+++ /dev/null", "@@ -1 +0,0 @@", "-x",
        "--- /dev/null", "+++ /new", "@@ -0,0 +1 @@", "+y",
    )  # fmt: skip


def test_files_that_are_the_same_show_nothing() -> None:
    assert difference.of_files({"/a": "one\n"}, {"/a": "one\n"}) == ()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Environment=DB_PASSWORD=geheim", "+Environment=DB_PASSWORD=..."),
        ("Environment=API_TOKEN=abc OTHER=1", "+Environment=API_TOKEN=... OTHER=1"),
        ("PodmanArgs=--env SECRET_KEY=abc", "+PodmanArgs=--env SECRET_KEY=..."),
        ("Label=tier=front", "+Label=tier=front"),
        ('Environment="DB_PASSWORD=two words" OTHER=1', '+Environment="DB_PASSWORD=..." OTHER=1'),
        ("Environment='DB_PASSWORD=two words' OTHER=1", "+Environment='DB_PASSWORD=...' OTHER=1"),
        ('Environment=DB_PASSWORD="two words" OTHER=1', "+Environment=DB_PASSWORD=... OTHER=1"),
        ("Environment=DB_PASSWORD=a'b\"c OTHER=1", "+Environment=DB_PASSWORD=... OTHER=1"),
        ("Environment=DATABASE_URL=postgres://app:geheim@db/app", "+Environment=DATABASE_URL=postgres://app:...@db/app"),
    ],
)
def test_what_a_name_calls_a_secret_is_struck_out(line: str, shown: str) -> None:
    assert difference.of_files({"/a": ""}, {"/a": line})[-1] == shown


def test_a_long_difference_is_cut_and_says_so() -> None:
    shown = difference.of_files({}, {"/a": "\n".join(map(str, range(1000)))})
    assert (len(shown), shown[-1]) == (201, "... and 803 more lines")


def test_an_image_is_shown_by_what_its_name_stood_for_and_stands_for() -> None:
    assert difference.of_images("localhost/web:latest", "11", "22") == ("--- localhost/web:latest", "+++ localhost/web:latest", "-11", "+22")
    assert difference.of_images("localhost/web:latest", "11", None)[-1] == "+no image has this name"
    assert difference.of_images("localhost/web:latest", "11", "11") == ()


@pytest.mark.parametrize(("reference", "moves"), [("docker.io/web:1", True), ("web@sha256:" + "a" * 64, False), ("b" * 64, False)])
def test_only_a_name_that_may_come_to_mean_another_image_is_moved(reference: str, moves: bool) -> None:
    assert Image(reference, "11").is_tagged == moves


def test_a_quadlet_is_declared_in_its_file_its_drop_ins_and_those_of_the_unit_it_makes() -> None:
    assert facts.places("web.service", ("/etc/containers/systemd/web.container",)) == (
        "/etc/containers/systemd/web.container",
        "/etc/containers/systemd/web.container.d",
        "/etc/systemd/system/web.service.d",
    )


def test_a_packages_unit_may_be_declared_anew_by_a_person_and_drop_ins_of_all_services_are_not_its_own() -> None:
    own = ("/usr/lib/systemd/system/web.service", "/run/systemd/system/web.service.d/1.conf", "/etc/systemd/system/service.d/all.conf")
    assert facts.places("web.service", own) == (
        "/etc/systemd/system/web.service",
        "/etc/systemd/system/web.service.d",
        "/run/systemd/system/web.service.d",
        "/usr/lib/systemd/system/web.service",
        "/usr/lib/systemd/system/web.service.d",
    )


def test_a_users_unit_that_is_declared_outside_the_users_home_is_not_the_users_alone() -> None:
    with pytest.raises(StepFailed, match=r"/etc/shadow(\.d)? does not lie in /home/anna, so it is not this user's unit alone"):
        facts.places("web.service", ("/etc/shadow",), "/home/anna")

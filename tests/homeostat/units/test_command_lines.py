"""Command lines are split as systemd splits them, and podman's options are read whatever their form."""

from __future__ import annotations

import time

import pytest

from homeostat.units.command_lines import argv_of, fits, podman_options, specifiers, split
from homeostat.units.seals import OPEN, sealed


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a  b", ["a", "b"]),
        ('"COLOUR=red and blue" x', ["COLOUR=red and blue", "x"]),
        ("'it\"s' \"it's\"", ['it"s', "it's"]),
        (r"a\x20b \n", ["a b", "\n"]),
        ("100%% %N %i", ["100%", "web@one", "one"]),
        ("%q", [OPEN]),
        ("", []),
    ],
)
def test_a_line_is_split(line: str, words: list[str]) -> None:
    assert split(line, specifiers("web@one.service")) == words


def test_what_only_the_units_environment_tells_stands_open_and_fits_anything() -> None:
    argv = argv_of("-/bin/x $$HOME ${PORT} a$B", {})
    assert argv == ["/bin/x", "$HOME", OPEN, f"a{OPEN}"]
    assert fits(f"a{OPEN}", "abc")
    assert not fits(f"a{OPEN}", "bc")
    assert not fits("a.c", "abc")
    assert fits(f"{OPEN}b{OPEN}b{OPEN}", "abcb")
    assert not fits(f"ab{OPEN}ba", "aba")


def test_what_stands_open_in_many_places_is_compared_in_no_time() -> None:
    began_at = time.process_time()
    assert not fits("app" + f" {OPEN}" * 5 + " end", "app" + " x" * 120 + " END")
    assert time.process_time() - began_at < 0.5


def test_specifiers_mean_what_they_mean_in_a_users_unit() -> None:
    told = specifiers("web.service", "/home/ann", ("ann", 1000))
    assert [told[letter] for letter in "tEhuU"] == ["/run/user/1000", "/home/ann/.config", "/home/ann", "ann", "1000"]


def test_podmans_options_are_the_same_in_every_form_and_order() -> None:
    short = podman_options(["podman", "--log-level=error", "run", "-dt", "-v", "/a:/b", "-p8080:80", "-e", "A=1", "--net=none", "box", "/bin/x", "-v"])
    long = podman_options(
        ["/usr/bin/podman", "--log-level", "error", "run", "--env=A=1", "--network", "none", "--publish", "8080:80", "--volume=/a:/b", "--tty", "--detach", "box", "/bin/x", "-v"]
    )
    assert short == long == {
        "--log-level": ("error",), "--detach": ("",), "--tty": ("",), "--volume": ("/a:/b",), "--publish": ("8080:80",), "--network": ("none",),
        "--env A": (sealed("1"),), "image": ("box",), "command": ("/bin/x -v",),
    }  # fmt: skip


def test_options_that_are_given_several_times_have_no_order() -> None:
    one, other = (podman_options(["podman", "run", "-v", first, "-v", second, "box"]) for first, second in (("/a", "/b"), ("/b", "/a")))
    assert one == other
    assert one is not None
    assert one["--volume"] == ("/a", "/b")


@pytest.mark.parametrize("argv", [[], ["/bin/sleep", "run"], ["/usr/bin/podman", "rm", "x"], ["/usr/bin/podman", "start", "web"]])
def test_what_makes_no_container_has_no_options(argv: list[str]) -> None:
    assert podman_options(argv) is None


def test_options_without_their_value_are_read_to_the_end() -> None:
    assert podman_options(["podman", "run", "--volume"]) == {"--volume": ("",), "image": (), "command": ("",)}

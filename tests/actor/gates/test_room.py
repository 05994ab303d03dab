"""Gate `room`: where the journal is short of room, only what makes room may start."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.actor.gates.situations import ask, incident, situation
from tests.support import DISK, playbook

SHORT = "4096 bytes are free at /var/lib/homeostat, less than the ballast of 8388608"


def test_with_room_everything_may_start() -> None:
    assert ask("room", situation()) == ("allow", "the journal has room")


def test_without_room_a_restart_is_refused_with_the_reason() -> None:
    assert ask("room", situation(shortage=SHORT)) == ("refuse", f"only a cleanup may start while the journal is short of room: {SHORT}")


def test_without_room_a_cleanup_may_start() -> None:
    assert ask("room", situation(incident(DISK), shortage=SHORT)) == ("allow", f"the journal is short of room, and this is a cleanup: {SHORT}")


def test_an_unknown_playbook_makes_no_room() -> None:
    assert ask("room", situation(incident(action="none"), shortage=SHORT))[0] == "refuse"


@given(st.sampled_from(["cleanup", "restart", "config", "deploy", "read"]), st.none() | st.text(min_size=1))
def test_of_all_classes_only_a_cleanup_starts_without_room(action_class: str, shortage: str | None) -> None:
    about = situation(playbook=playbook("service-restart", action_class=action_class), shortage=shortage)
    assert (ask("room", about)[0] == "allow") == (shortage is None or action_class == "cleanup")

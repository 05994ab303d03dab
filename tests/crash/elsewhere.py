"""The built-in playbooks that cannot run in the matrix: why, and the test that kills them on the real thing."""

from __future__ import annotations

ELSEWHERE = {
    "backup-rotation": (
        "it deletes subvolumes, which only btrfs has",
        "tests/actor/test_rotation_killed.py::test_what_is_gone_is_verified_and_what_was_not_begun_stays_or_is_asked_anew",
    ),
    "resource-pressure": (
        "it writes to the kernel's control groups, and what ends its limit is a timer of systemd's",
        "tests/integration/test_pressure.py::test_a_limit_ends_although_whoever_set_it_is_dead_and_a_persons_own_is_back_exactly_or_stays",
    ),
}

"""`homeostat feedback` and `homeostat insights`: what is sent and what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.httpd import Reply

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town


@pytest.mark.parametrize("mark", ["unnecessary", "necessary"])
def test_a_mark_is_sent_with_its_author_and_reason(town: Town, mark: str) -> None:
    town.said[f"incidents/0a1b2c3d/{mark}"] = Reply({"taken": True, "reason": f"marked {mark}"})
    assert town.run("feedback", "0a1b2c3d", mark, "--reason", "it was idle").output == f"marked {mark}\n"
    (asked,) = town.asked("POST")
    assert asked.json["reason"] == "it was idle"
    assert "@" in asked.json["author"]


def test_any_other_mark_is_refused_in_one_line(town: Town) -> None:
    result = town.run("feedback", "0a1b2c3d", "silly")
    assert result.exit_code == 2
    assert "'silly' is not one of 'unnecessary', 'necessary'" in result.output


def test_insights_are_one_line_each(town: Town) -> None:
    town.said["insights"] = Reply(["a works.", "b never does."])
    assert town.run("insights").output == "a works.\nb never does.\n"
    town.said["insights"] = Reply([])
    assert town.run("insights").output == "Nothing was tried three times at one target yet.\n"

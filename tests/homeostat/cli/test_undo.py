"""`homeostat undo`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.httpd import Reply

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town


def answered(town: Town, **changes: Any) -> None:
    told = {"taken": True, "reason": "service-restart on web (incident 0a1b): 1 put back", "incident_id": "0a1b", "restored": 1, "paths": ["/srv/a"], "conflicts": []}
    town.said["undo"] = Reply(told | changes)


def test_it_undoes_the_last_action_in_the_speakers_name_and_shows_what_went_back(town: Town) -> None:
    answered(town)
    result = town.run("undo", "--reason", "it was right before")
    assert result.exit_code == 0
    assert "service-restart on web (incident 0a1b): 1 put back\n  put back: /srv/a\n" in result.output
    said = json.loads(town.asked("POST")[0].body)
    assert (said["incident_id"], said["dry_run"], said["reason"]) == ("", False, "it was right before")
    assert "@" in said["author"]


def test_a_dry_run_only_asks_what_would_go_back(town: Town) -> None:
    answered(town)
    assert "would go back: /srv/a" in town.run("undo", "0a1b", "--dry-run").output
    said = json.loads(town.asked("POST")[0].body)
    assert (said["incident_id"], said["dry_run"]) == ("0a1b", True)


def test_what_was_left_is_named_and_the_exit_code_is_one(town: Town) -> None:
    answered(town, conflicts=["/srv/b\x1b[2J"])
    result = town.run("undo")
    assert result.exit_code == 1
    assert "left: /srv/b\\x1b[2J" in result.output


def test_a_refusal_is_told_in_one_line(town: Town) -> None:
    town.said["undo"] = Reply({"error": "no action has run yet, so there is nothing to undo"}, 409)
    result = town.run("undo")
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "no action has run yet" in result.output


@pytest.mark.parametrize("odd", ["../x", "a b", "-"])
def test_what_is_no_incidents_id_is_refused_before_anything_is_asked(town: Town, odd: str) -> None:
    assert town.run("undo", odd).exit_code == 2
    assert town.asked("POST") == []

"""A person and a real actor: foresee, see what is scheduled, move it, say no, ask again, say yes, and read it all back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from homeostat.cli.author import signature
from tests.actor.live import Live, living
from tests.actor.web import alert
from tests.support import WEB, labels_of

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


@pytest.fixture
def live(tmp_path: pathlib.Path) -> Iterator[Live]:
    with living(tmp_path) as place:
        yield place


def said(live: Live, *arguments: str) -> str:
    """Run `homeostat` and return what it says, which is no error."""
    result = live.run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_persons_words_are_heard_kept_and_told(live: Live) -> None:
    (live.folder / "alert.json").write_text(json.dumps(alert(labels=labels_of(WEB, "service-restart", "notify-execute"))))
    with live.start() as running:
        live.prometheus.decide(WEB, "service-restart", "notify-execute", 0.95)
        foreseen = said(live, "simulate", str(live.folder / "alert.json"))
        assert "it is announced, and after the grace it is executed: every gate agrees" in foreseen
        assert running.get("/api/v1/decisions").json() == []
        live.decide(running, decision="notify-execute")
        known = live.until(running, lambda story: story["state"] == "announced")["id"]
        assert known in said(live, "scheduled")
        assert said(live, "defer", known, "--for", "2h", "--reason", "a film").startswith("moved to ")
        assert "it waits until" in live.run("defer", known, "--for", "1h").output
        assert said(live, "veto", known).startswith(f"vetoed by {signature()}")
        assert said(live, "scheduled") == "Nothing is deferred or announced.\n"
        said(live, "again", known)
        live.until(running, lambda story: story["state"] == "proposed")
        assert f"{known}  service-restart at web" in said(live, "proposals")
        assert "every gate agrees, so it begins" not in said(live, "approve", known, "--yes")
        told = said(live, "why", "web")
        assert [word in told for word in ("deferred until", ": a film", f"vetoed by {signature()}", "another try asked for by", f"approved by {signature()}")] == [True] * 5
        live.until(running, lambda story: story["state"] == "deferred")
        assert not (live.host.service / "begun").exists(), "the time that a person chose holds for a yes too"
        said(live, "defer", known, "--until", "now")
        live.until(running, lambda story: story["state"] == "running")

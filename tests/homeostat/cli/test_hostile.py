"""Every argument of every command is data: no traceback, no other address, no wider query, no steered terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest

from tests.homeostat.cli.conftest import every_command, incident
from tests.hostile import BY_KIND, selectors
from tests.httpd import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.homeostat.cli.conftest import Town

# What starts programs of its own has tests of its own; what takes a command to run is meant to run it.
LEFT_OUT = {"check-config", "guard"}
PATHS = re.compile(r"/api/v1/(query|report|query_range|status|decisions|proposals|scheduled|simulate|windows|accuracy|forecast(/query)?|observations|investigation|breakers/reset|plan|undo|insights|incidents/[0-9A-Za-z]+(/[a-z]+)?)|/api/v2/(alerts|silences|silence/[^/]+)")
NOT_UNICODE = "web\udcff"
COMMANDS = every_command()
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f\x9b\u202a-\u202e\u2066-\u2069]")


def valid(parameter: click.Parameter) -> str:
    """Return a value that a parameter takes."""
    if isinstance(parameter.type, click.Choice):
        return str(parameter.type.choices[0])
    return {"duration": "1h", "id": "0a1b2c3d", "time": "now", "integer": "1", "float": "1"}.get(parameter.type.name, "web")


def attempts(command: click.Command) -> Iterator[tuple[click.Parameter, list[str], list[str]]]:
    """Yield (parameter, arguments before its value, arguments after it) for each parameter that takes one."""
    # What a person writes a report to is a file of theirs, wherever that is.
    taking = [one for one in command.params if not (isinstance(one, click.Option) and one.is_flag) and one.name != "output"]
    for fuzzed in taking:
        before, after = [], []
        for other in taking:
            if other is fuzzed or not other.required:
                continue
            place = after if isinstance(other, click.Argument) else before
            place += [other.opts[0], valid(other)] if isinstance(other, click.Option) else [valid(other)]
        if command.name == "approve":
            before.append("--yes")
        yield fuzzed, before + ([fuzzed.opts[0]] if isinstance(fuzzed, click.Option) else []), after


@pytest.fixture
def town(town: Town) -> Town:
    town.decisions = [incident()]
    proposal = {"plan_hash": "0", "expires_at": 0.0, "approved_by": None, "approved_at": None, "plan": {"commands": []}}
    town.stories = {"0a1b2c3d": {**incident(), "verdicts": [], "phases": [], "words": [], "undo": [], "proposal": proposal}}
    town.windows = Reply({"windows": []})
    town.said["undo"] = Reply({"reason": "so it is", "paths": [], "conflicts": []})
    for word in ("approve", "deny", "veto", "again", "defer", "feedback"):
        town.said[f"incidents/0a1b2c3d/{word}"] = Reply({"taken": True, "reason": "so it is"})
    return town


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - LEFT_OUT))
def test_whatever_is_typed_stays_data(town: Town, name: str) -> None:
    # No kernel hands over an argument with a NUL in it.
    texts = [text for kind in BY_KIND.values() for text in (kind[0], kind[-1]) if "\0" not in text] + [NOT_UNICODE]
    for parameter, before, after in attempts(COMMANDS[name]):
        for text in texts:
            town.site.asked.clear()
            dashes = ["--"] if isinstance(parameter, click.Argument) else []
            result = town.run(name, *before, *dashes, text, *after)
            assert result.exception is None or isinstance(result.exception, SystemExit), (parameter.name, text, result.exc_info)
            assert "Traceback" not in result.output
            # A usage error repeats what was typed to whoever typed it.
            assert result.exit_code == 2 or not STEERING.search(result.output), (parameter.name, text)
            for asked in town.site.asked:
                assert PATHS.fullmatch(asked.path), (parameter.name, text, asked.path)
                if asked.path == "/api/v1/query":
                    # Who asks in free words asks of all hosts; that nothing typed comes into a query, tests/homeostat/questions says.
                    assert name == "ask" or all(matchers.get("host") == "h1" for _, matchers in selectors(asked.form["query"])), asked.form

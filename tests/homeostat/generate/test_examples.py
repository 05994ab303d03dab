"""The examples for people's channels are what is generated, and the page's recipes do what they say."""

from __future__ import annotations

import pathlib
import re
import subprocess
from typing import Any

import pytest
import yaml

from homeostat.config import Config, loads
from homeostat.generate.alertmanager import merged
from homeostat.routing import parse_routes

ROOT = pathlib.Path(__file__).parents[3]
EXAMPLES = sorted(ROOT.joinpath("deploy/alertmanager").glob("*.yml"))
PAGE = ROOT / "docs/notifications.md"
NEWS = {"before": "ask", "after": "tell", "summary": "tell", "problems": "tell", "failures": "alarm", "critical": "alarm"}


def config(**changes: Any) -> Config:
    return loads(yaml.safe_dump({"host": "nas", "security": {"intake_token_files": ["/etc/homeostat/intake.token"]}, **changes}), Config, "homeostat.yml")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_what_is_generated_for_what_it_says_and_amtool_accepts_it(file: pathlib.Path) -> None:
    text = file.read_text(encoding="utf-8")
    said = re.search(r"^# +(notifications: .*)$", text, re.MULTILINE)
    assert said
    assert yaml.safe_load(said[1]) == {"notifications": NEWS}
    assert merged(text, config(notifications=NEWS)) == text
    assert "homeostat-actor-nas" in text
    checked = subprocess.run(["amtool", "check-config", file], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def recipes() -> dict[str, str]:
    """Return the page's recipes by their headings."""
    text = PAGE.read_text(encoding="utf-8").partition("## Recipes")[2]
    return {heading.partition("\n")[0]: heading for heading in text.split("\n### ")[1:]}


@pytest.mark.parametrize("recipe", recipes().values(), ids=recipes())
def test_a_recipe_sends_each_alert_where_the_page_says(recipe: str, tmp_path: pathlib.Path) -> None:
    settings, *own = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", recipe, re.DOTALL)]
    theirs = {"route": {}, "receivers": [{"name": name} for name in ("ask", "tell", "alarm")], **(own[0] if own else {})}
    theirs["route"]["receiver"] = "tell"
    file = tmp_path / "alertmanager.yml"
    file.write_text(merged(yaml.safe_dump(theirs), config(**settings)))
    asked = re.findall(r"^\$ amtool config routes test --config.file=alertmanager.yml (.*)\n(.*)$", recipe, re.MULTILINE)
    assert asked
    for labels, receiver in asked:
        argv = ["amtool", "config", "routes", "test", f"--config.file={file}", *labels.split()]
        assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip() == receiver
        assert parse_routes(file.read_text()).receivers(dict(label.split("=") for label in labels.split())) == (receiver,)


def test_the_page_names_every_receiver_that_can_be_named() -> None:
    named = set(re.findall(r"^\| `notifications\.(\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {name for name in config().notifications.__struct_fields__ if name not in {"daily_at", "weekly_on", "location"}}

"""`homeostat config`: what is in force, and what can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from homeostat.config import Config, load, loads
from tests.homeostat.cli.test_check_config import installed
from tests.support import secret

if TYPE_CHECKING:
    import pathlib

    from tests.homeostat.cli.conftest import Town


def test_what_is_in_force_is_shown_with_its_defaults(town: Town, tmp_path: pathlib.Path) -> None:
    town.configure(services={"web": {"manager": "podman", "unit": "web"}})
    shown = town.run("config", "show")
    assert shown.exit_code == 0
    assert "  restart_timeout: 2m\n" in shown.output
    assert loads(shown.output, Config, "shown") == load(tmp_path / "homeostat.yml", Config)


def test_another_file_can_be_shown_and_only_what_it_changes(town: Town, tmp_path: pathlib.Path) -> None:
    (tmp_path / "other.yml").write_text("host: nas\nautonomy: {mode: active}\n")
    assert town.run("config", "show", "--changed", str(tmp_path / "other.yml")).output == "host: nas\nautonomy:\n  mode: active\n"


def test_no_secret_is_shown_only_where_it_lies(town: Town, tmp_path: pathlib.Path) -> None:
    secret(tmp_path / "token", "b1946ac92492d2347c6235b4d2611184")
    town.configure(prometheus={"bearer_token_file": str(tmp_path / "token")}, security={"operator_token_files": [str(tmp_path / "token")]})
    shown = town.run("config", "show").output
    assert "b1946ac92492d2347c6235b4d2611184" not in shown
    assert f"bearer_token_file: {tmp_path}/token" in shown


@pytest.mark.parametrize(("text", "told"), [("autonomi: {}", "did you mean 'autonomy'?"), (None, "cannot be read: No such file or directory")])
def test_a_file_that_is_none_is_one_line(town: Town, tmp_path: pathlib.Path, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / "bad.yml").write_text(text)
    result = town.run("config", "show", str(tmp_path / "bad.yml"))
    assert (result.exit_code, len(result.output.splitlines()), told in result.output) == (1, 1, True)


@installed
@pytest.mark.parametrize("in_force", [False, True])
def test_the_sample_passes_the_check_as_it_stands_and_with_everything_in_force(town: Town, tmp_path: pathlib.Path, in_force: bool) -> None:
    text = town.run("config", "sample").output
    assert text.count("\n") > 400
    lines = [line if line.startswith("##") or not in_force else line.removeprefix("#") for line in text.splitlines()]
    # The tokens that it names lie elsewhere here.
    for name, token in (("intake", "b1946ac92492d2347c6235b4d2611184"), ("operator", "591785b794601e212b260e25925636fd"), ("metrics", "7c211433f02071597741e6ff5a8ea34d")):
        secret(tmp_path / f"{name}.token", token)
    (tmp_path / "sample.yml").write_text("\n".join(lines).replace("/etc/homeostat/", f"{tmp_path}/").replace("/etc/prometheus/", f"{tmp_path}/"))
    (tmp_path / "alertmanager.yml").write_text("time_intervals: [{name: maintenance, time_intervals: [{weekdays: [sunday]}]}]")
    checked = town.run("check-config", str(tmp_path / "sample.yml"))
    assert (checked.exit_code, "is valid for " in checked.output) == (0, True), checked.output

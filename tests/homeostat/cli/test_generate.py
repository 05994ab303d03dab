"""`homeostat generate` shows what it would add, and writes it only when asked, checked, with the old file kept."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner

from homeostat.cli.__main__ import main
from homeostat.generate.marks import MergeError, without_ours
from homeostat.generate.replace import replace

if TYPE_CHECKING:
    import pathlib

    from click.testing import Result

THEIRS = "# mine\nroute: {receiver: me}\nreceivers:\n  - name: me\n"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "homeostat.yml").write_text("host: nas\nsecurity: {intake_token_files: [/etc/homeostat/intake.token]}\n")
    (tmp_path / "alertmanager.yml").write_text(THEIRS)
    (tmp_path / "prometheus.yml").write_text("scrape_configs: []\n")
    return tmp_path


def run(folder: pathlib.Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config.file", str(folder / "homeostat.yml"), "generate", *arguments])


@pytest.mark.parametrize("kind", ["alertmanager", "prometheus"])
def test_without_a_file_a_whole_configuration_is_printed_or_put_where_it_is_wished(folder: pathlib.Path, kind: str) -> None:
    printed = run(folder, kind)
    assert printed.exit_code == 0
    assert isinstance(yaml.safe_load(printed.stdout), dict)
    assert run(folder, kind, "-o", str(folder / "new.yml")).exit_code == 0
    assert (folder / "new.yml").read_text() == printed.stdout


@pytest.mark.parametrize("kind", ["alertmanager", "prometheus"])
def test_a_file_is_shown_as_a_difference_and_left_alone(folder: pathlib.Path, kind: str) -> None:
    file = folder / f"{kind}.yml"
    before = file.read_text()
    shown = run(folder, kind, str(file))
    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"--- {file}\n+++ {file} with Homeostat\n@@ ")
    assert "+" in shown.stdout
    assert not [path for path in folder.iterdir() if path.suffix == ".bak"]
    assert file.read_text() == before
    whole = run(folder, kind, str(file), "-o", "-").stdout
    assert without_ours(whole)[0] == before


def test_it_is_written_with_mode_and_owner_kept_and_the_old_one_beside_it(folder: pathlib.Path) -> None:
    file = folder / "alertmanager.yml"
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 65534, 65534)
    os.utime(file, (1, 1))
    found = file.stat()
    (folder / "link.yml").symlink_to(file)
    written = run(folder, "alertmanager", str(folder / "link.yml"), "--write")
    assert written.exit_code == 0, written.output
    backup = next(folder.glob("alertmanager.yml.*.bak"))
    assert str(backup) in written.output
    assert backup.read_text() == without_ours(file.read_text())[0] == THEIRS
    assert file.read_text() != THEIRS
    assert (folder / "link.yml").is_symlink()
    for path in (file, backup):
        now = path.stat()
        assert (stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid) == (0o640, found.st_uid, found.st_gid)
    assert (file.stat().st_mtime > 1, backup.stat().st_mtime) == (True, 1)
    again = run(folder, "alertmanager", str(file), "--write")
    assert (again.exit_code, again.output) == (0, f"{file} holds all of it already\n")
    assert len(list(folder.iterdir())) == 5


def test_alertmanagers_own_file_is_the_one_that_the_configuration_names(folder: pathlib.Path) -> None:
    file = folder / "alertmanager.yml"
    (folder / "homeostat.yml").write_text(f"host: nas\nalertmanager: {{config_file: {file}}}\n")
    assert run(folder, "alertmanager").stdout.startswith(f"--- {file}\n")
    assert run(folder, "alertmanager", "--write").exit_code == 0
    assert "homeostat-actor-nas" in file.read_text()


@pytest.mark.parametrize("broken", ["global: {resolve_timeout: soon}\n", "of_the_future: 1\n", "templates: ['[']\n"])
def test_what_amtool_does_not_accept_is_not_written(folder: pathlib.Path, broken: str) -> None:
    file = folder / "alertmanager.yml"
    file.write_text(THEIRS + broken)
    refused = run(folder, "alertmanager", str(file), "--write")
    assert refused.exit_code == 1
    assert refused.output.startswith(f"Error: {file}: amtool does not accept the result, nothing was written: ")
    assert refused.output.count("\n") == 1
    assert file.read_text() == THEIRS + broken
    assert len(list(folder.iterdir())) == 3


def test_what_promtool_does_not_accept_is_not_written(folder: pathlib.Path) -> None:
    file = folder / "prometheus.yml"
    refused = run(folder, "prometheus", str(file), "--write", "--token-file", str(folder / "nowhere.token"))
    assert refused.exit_code == 1
    assert "promtool does not accept the result, nothing was written: " in refused.output
    assert "nowhere.token" in refused.output
    assert file.read_text() == "scrape_configs: []\n"


def test_a_file_that_somebody_else_changed_meanwhile_is_left_to_them(folder: pathlib.Path) -> None:
    file = folder / "alertmanager.yml"
    with pytest.raises(MergeError, match="somebody else has changed it meanwhile"):
        replace(file, b"as it was read", b"new", ("true",), "now")
    assert file.read_text() == THEIRS
    assert not list(folder.glob(".alertmanager*"))


def test_without_the_checking_program_it_is_written_all_the_same_and_says_so(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "alertmanager.yml"
    monkeypatch.setenv("PATH", str(folder))
    written = run(folder, "alertmanager", str(file), "--write")
    assert (written.exit_code, "note: amtool is not installed here, so nobody has checked it" in written.output) == (0, True)
    assert without_ours(file.read_text())[0] == THEIRS != file.read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("alertmanager", "--write"), "--write needs the FILE"),
        (("alertmanager", "alertmanager.yml", "--write", "-o", "x"), "--write and --output exclude each other"),
        (("alertmanager", "alertmanager.yml", "-o", "./alertmanager.yml"), "--output would write FILE itself, unchecked"),
        (("alertmanager", "nowhere.yml"), "No such file"),
        (("alertmanager", "."), "Is a directory"),
        (("alertmanager", "bytes.yml"), "bytes.yml: this is no UTF-8"),
        (("prometheus", "tabs.yml"), "tabs.yml: line 2: no valid YAML"),
        (("prometheus", "prometheus.yml", "-o", "nowhere/x.yml"), "No such file"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str) -> None:
    monkeypatch.chdir(folder)
    (folder / "bytes.yml").write_bytes(b"route: \xff\n")
    (folder / "tabs.yml").write_text("global:\n\tx: 1\n")
    refused = run(folder, *arguments)
    assert refused.exit_code in {1, 2}
    assert told in refused.output
    assert "Traceback" not in refused.output


def test_alertmanagers_of_the_owner_are_noted(folder: pathlib.Path) -> None:
    file = folder / "prometheus.yml"
    file.write_text("alerting: {alertmanagers: [{static_configs: [{targets: ['am.lan:9093']}]}]}\n")
    shown = run(folder, "prometheus", str(file))
    assert f"note: {file} names Alertmanagers of its own; see that http://127.0.0.1:9093 is one of them" in shown.stderr


def test_an_alertmanager_is_known_by_any_name_of_loopback(folder: pathlib.Path) -> None:
    file = folder / "prometheus.yml"
    file.write_text("alerting: {alertmanagers: [{static_configs: [{targets: ['localhost:9093']}]}]}\n")
    assert "note:" not in run(folder, "prometheus", str(file)).stderr
    file.write_text("alerting: {alertmanagers: [{static_configs: [{targets: ['localhost:9094']}]}]}\n")
    assert "names Alertmanagers of its own" in run(folder, "prometheus", str(file)).stderr


def test_an_inhibit_rule_by_which_decisions_would_mute_one_another_is_noted(folder: pathlib.Path) -> None:
    file = folder / "alertmanager.yml"
    file.write_text(f"{THEIRS}inhibit_rules:\n  - {{source_match: {{severity: critical}}, target_match: {{severity: warning}}, equal: [alertname]}}\n")
    noted = 'note: by your inhibit rule {severity="critical"} mutes {severity="warning"} one decision of Homeostat\'s mutes another; add to it source_matchers: [\'alertname!~"Homeostat.+"\']'
    assert noted in run(folder, "alertmanager", str(file)).stderr
    file.write_text(file.read_text().replace("{source_match: ", "{source_matchers: ['alertname!~\"Homeostat.+\"'], source_match: "))
    assert run(folder, "alertmanager", str(file)).stderr == ""
    file.write_text(file.read_text().replace("[alertname]", "[alertname, target]").replace("source_matchers: ['alertname!~\"Homeostat.+\"'], ", ""))
    assert run(folder, "alertmanager", str(file)).stderr == ""

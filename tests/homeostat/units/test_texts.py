"""Unit files are read as systemd reads them."""

from __future__ import annotations

from homeostat.units.texts import settings_of


def test_a_drop_in_says_the_last_word_and_a_list_grows_until_it_is_taken_back() -> None:
    unit = "[Service]\nMemoryMax=256M\nExecStartPre=/bin/a\nExecStartPre=/bin/b\n"
    drop_in = "[Service]\nMemoryMax=512M\nExecStartPre=\nExecStartPre=/bin/c\n"
    assert settings_of([unit]) == {"Service.MemoryMax": ("256M",), "Service.ExecStartPre": ("/bin/a", "/bin/b")}
    assert settings_of([unit, drop_in]) == {"Service.MemoryMax": ("512M",), "Service.ExecStartPre": ("/bin/c",)}


def test_comments_and_broken_lines_are_read_as_one() -> None:
    text = "# one\n[Unit]\n; two\nDescription=It's \\\n# between\n  one thing\nno setting\n[Service]\n"
    assert settings_of([text]) == {"Unit.Description": ("It's one thing",)}


def test_each_variable_is_a_setting_of_its_own_and_its_value_is_sealed() -> None:
    first, second = (settings_of([f"[Service]\nEnvironment='A=x y' B={value}\n"]) for value in ("hunter2", "hunter3"))
    assert first.keys() == second.keys() == {"Service.Environment A", "Service.Environment B"}
    assert first["Service.Environment A"] == second["Service.Environment A"]
    assert first["Service.Environment B"] != second["Service.Environment B"]
    assert "hunter2" not in str(first)
    assert settings_of(["[Service]\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\n"]).keys() == {"Service.Environment B"}


def test_a_call_of_podman_and_what_systemd_takes_no_notice_of_are_left_out() -> None:
    text = "[X-Container]\nEnvironment=KEY=hunter2\n[Service]\nExecStart=/usr/bin/podman run --env KEY=hunter2 box\nRestart=always\n"
    assert settings_of([text]) == {"Service.Restart": ("always",)}


def test_a_credential_that_stands_in_a_unit_is_sealed_whole() -> None:
    found = settings_of(["[Service]\nSetCredential=password:hunter2\nStandardInputText=hunter2\n"])
    assert found.keys() == {"Service.SetCredential", "Service.StandardInputText"}
    assert "hunter2" not in str(found)

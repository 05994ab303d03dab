"""What podman's generator and systemctl print is read as it comes, broken or late as it may be."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from homeostat.units import asking
from homeostat.units.places import SYSTEM, Unreachable

if TYPE_CHECKING:
    import pathlib

DRYRUN = """\
quadlet-generator[7]: Loading source unit file /etc/containers/systemd/bad.container
quadlet-generator[7]: Loading source unit file /etc/containers/systemd/web.container
quadlet-generator[7]: Loading source drop-in file /etc/containers/systemd/web.container.d/10.conf
quadlet-generator[7]: converting "bad.container": unsupported key 'Imagee' in group 'Container' in /etc/containers/systemd/bad.container
---web.service---
[Unit]
Description=A web

[Service]
ExecStart=/usr/bin/podman run box
---db.service---
[Service]
"""


def printing(path: pathlib.Path, text: str) -> tuple[str, ...]:
    path.write_text(text)
    return ("/bin/cat", str(path))


def test_the_generators_units_files_and_complaints_are_told_apart(tmp_path: pathlib.Path) -> None:
    made = asking.generated(dataclasses.replace(SYSTEM, generator=printing(tmp_path / "out", DRYRUN)))
    assert made.units == {"web.service": "[Unit]\nDescription=A web\n\n[Service]\nExecStart=/usr/bin/podman run box", "db.service": "[Service]"}
    assert made.files[-1] == "/etc/containers/systemd/web.container.d/10.conf"
    assert made.complaints == ("converting \"bad.container\": unsupported key 'Imagee' in group 'Container' in /etc/containers/systemd/bad.container",)


def test_a_generator_that_is_not_there_makes_nothing_and_one_that_hangs_does_not_say_that_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asking.generated(dataclasses.replace(SYSTEM, generator=("/nowhere/generator",))).units == {}
    monkeypatch.setattr(asking, "_SECONDS", 0.1)
    with pytest.raises(Unreachable, match=r"podman's generator does not answer: .*ended at its deadline of 0.1 s"):
        asking.generated(dataclasses.replace(SYSTEM, generator=("/bin/sleep", "9")))


def test_a_journal_that_hangs_does_not_say_how_a_unit_ended_and_one_that_is_not_there_has_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_SECONDS", 0.1)
    monkeypatch.setattr(asking, "_JOURNAL", ("/nowhere/journalctl",))
    assert asking.ended(SYSTEM, "web.service", "a") == ""
    monkeypatch.setattr(asking, "_JOURNAL", ("/bin/sh", "-c", "sleep 9"))
    with pytest.raises(Unreachable, match=r"the journal does not answer how web.service ended: .*deadline of 0.1 s"):
        asking.ended(SYSTEM, "web.service", "a")


def test_a_podman_that_lists_containers_and_hangs_over_them_does_not_say_that_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_SECONDS", 0.2)
    monkeypatch.setattr("pathlib.Path.exists", lambda _: True)
    podman = dataclasses.replace(SYSTEM, prefix=("/bin/sh", "-c", 'case "$*" in *inspect*) sleep 9;; *) echo 1a2b;; esac', "podman"))
    with pytest.raises(Unreachable, match=r"podman does not answer: /bin/sh container inspect was ended at its deadline of 0.4 s"):
        asking.containers(podman, ())


def test_a_systemctl_that_hangs_is_one_clear_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_SECONDS", 0.1)
    hanging = dataclasses.replace(SYSTEM, systemctl=("/bin/sh", "-c", "sleep 9"))
    with pytest.raises(Unreachable, match=r"systemd does not answer: .*ended at its deadline of 0.1 s"):
        asking.shown(hanging, ("web.service",), ())
    with pytest.raises(Unreachable, match="systemd does not answer"):
        asking.manager(hanging)

"""Protection `preimage`: where copies lie, what bounds them, and that a damaged copy puts nothing back."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import socket
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from actor.disk import entries
from actor.model import Unprotectable
from actor.playbook import PROTECTIONS
from tests.actor.cases import case
from tests.actor.protections.scenes import through_json

if TYPE_CHECKING:
    from actor.model import Case
    from tests.support import Host

PREIMAGE = PROTECTIONS["preimage"]


@pytest.fixture
def data(host: Host) -> pathlib.Path:
    path = host.folder / "data"
    path.mkdir()
    (path / "file").write_text("before")
    (host.service / "down").touch()
    return path


def of(host: Host, *files: pathlib.Path, **changes: Any) -> Case:
    return case(host, "web", services={"web": {"files": [str(path) for path in files]}}, **changes)


def place(host: Host) -> pathlib.Path:
    return host.folder / "state" / "preimages"


def test_copies_lie_in_the_actors_own_state_for_root_only(host: Host, data: pathlib.Path) -> None:
    record = PREIMAGE.protect(of(host, data))
    assert record["folder"] == str(place(host) / "homeostat-service-restart-i1")
    assert {path.stat().st_mode & 0o777 for path in (place(host), place(host) / "homeostat-service-restart-i1")} == {0o700}


def test_with_an_executor_they_lie_where_only_root_writes(host: Host, data: pathlib.Path) -> None:
    about = of(host, data, actor={"executor_directory": str(host.folder / "root")})
    assert PREIMAGE.protect(about)["folder"].startswith(f"{host.folder}/root/preimages/")


def test_the_manifest_names_each_path_with_its_traces_and_each_files_digest(host: Host, data: pathlib.Path) -> None:
    (data / "link").symlink_to("file")
    folder = PREIMAGE.protect(of(host, data, host.folder / "absent"))["folder"]
    manifest = msgspec.json.decode(pathlib.Path(folder, "manifest.json").read_bytes())
    below = str(data)[1:]
    assert sorted(manifest["before"]) == [below, f"{below}/file", f"{below}/link"]
    assert list(manifest["sha256"]) == [f"{below}/file"]


def test_what_the_action_makes_at_a_declared_path_goes_again(host: Host, data: pathlib.Path) -> None:
    about, absent = of(host, host.folder / "absent"), host.folder / "absent"
    record = PREIMAGE.protect(about)
    absent.write_text("by the action")
    assert PREIMAGE.roll_back(about, PREIMAGE.seal(about, record)).paths == (str(absent),)
    assert not absent.exists()


def test_a_copy_that_was_damaged_puts_nothing_back(host: Host, data: pathlib.Path) -> None:
    about = of(host, data)
    record = PREIMAGE.protect(about)
    (data / "file").write_text("after")
    sealed = through_json(PREIMAGE.seal(about, record))
    copy = pathlib.Path(record["folder"], "copies", str(data)[1:], "file")
    status = copy.stat()
    copy.write_text("rotten")
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    restored = PREIMAGE.roll_back(about, sealed)
    assert restored.conflicts == (f"{data}/file (its copy is damaged)",)
    copy.unlink()
    assert PREIMAGE.roll_back(about, sealed).conflicts == (f"{data}/file (its copy is damaged)",)
    assert (data / "file").read_text() == "after"


def test_what_changes_while_it_is_copied_is_no_old_state(host: Host, data: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = entries.copy

    def copy(source: int, name: str, destination: int, new: str) -> None:
        real(source, name, destination, new)
        (data / "file").write_text("written meanwhile")

    monkeypatch.setattr(entries, "copy", copy)
    with pytest.raises(Unprotectable, match="changed while they were copied"):
        PREIMAGE.protect(of(host, data))
    assert PREIMAGE.obstacle(of(host, data)) is None


OBSTACLES: dict[str, tuple[dict[str, Any], str]] = {
    "too much": ({"protections": {"preimage_most": "3B"}}, "more than 10000 or protections.preimage_most 3"),
    "own state": ({"services": {"web": {"files": ["{folder}/state/x"]}}}, "holds the actor's own state"),
    "above own state": ({"services": {"web": {"files": ["{folder}"]}}}, "holds the actor's own state"),
    "nothing declared": ({"services": {"web": {"files": []}}}, "web declares no files in the configuration"),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_what_stands_in_the_way_is_told(host: Host, data: pathlib.Path, name: str) -> None:
    changes, words = OBSTACLES[name]
    filled = msgspec.json.decode(msgspec.json.encode(changes).replace(b"{folder}", str(host.folder).encode()))
    services = {"services": {"web": {"files": [str(data)]}}} | filled
    assert words in str(PREIMAGE.obstacle(case(host, "web", **services)))


def test_a_socket_cannot_be_protected(host: Host, data: pathlib.Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(data / "s"))
        assert PREIMAGE.obstacle(of(host, data / "s")) == f"{data}/s is no file, folder or symlink"


def test_nothing_is_copied_onto_what_is_to_be_freed(host: Host, data: pathlib.Path) -> None:
    about = dataclasses.replace(of(host, data), root=str(host.disk))
    assert PREIMAGE.obstacle(about) == f"{place(host)} lies on {host.disk}, which is to be freed"

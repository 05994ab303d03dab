"""A file system opened by descriptor: read-only, beside its mounted origin, and mounted nowhere."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from actor.disk import mounts
from tests.real import mounted

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

MAKE = {"ext4": (("mkfs.ext4", "-q"), 16), "xfs": (("mkfs.xfs", "-q"), 300)}


@contextlib.contextmanager
def looped(image: pathlib.Path) -> Iterator[str]:
    if os.geteuid() != 0:
        pytest.skip("only root may make block devices")
    device = subprocess.run(["losetup", "--find", "--show", str(image)], check=True, capture_output=True, text=True).stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


@pytest.fixture(params=MAKE)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def image(kind: str, tmp_path: pathlib.Path) -> pathlib.Path:
    argv, size_mib = MAKE[kind]
    if shutil.which(argv[0]) is None:
        pytest.skip(f"{argv[0]} is not installed")
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(size_mib * 1024**2)
    subprocess.run([*argv, str(path)], check=True, capture_output=True)
    return path


def test_a_copy_is_read_beside_its_mounted_origin_and_is_mounted_nowhere(kind: str, image: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with looped(image) as device, mounted(tmp_path / "origin", device) as origin:
        (origin / "file").write_text("before")
        # As LVM does it when it takes a snapshot of what is mounted.
        subprocess.run(["fsfreeze", "--freeze", str(origin)], check=True)
        copy = shutil.copyfile(image, tmp_path / "copy.img")
        subprocess.run(["fsfreeze", "--unfreeze", str(origin)], check=True)
        (origin / "file").write_text("after")
        before = copy.read_bytes()
        with looped(copy) as other:
            table = pathlib.Path("/proc/self/mounts").read_text()
            with mounts.opened(other, kind) as root:
                assert pathlib.Path(f"/proc/self/fd/{root}/file").read_text() == "before"
                assert pathlib.Path("/proc/self/mounts").read_text() == table
                with pytest.raises(OSError, match="Read-only"):
                    os.mkdir("new", dir_fd=root)
            assert copy.read_bytes() == before


def test_another_kind_than_is_there_is_one_clear_failure(kind: str, image: pathlib.Path) -> None:
    (other,) = set(mounts.KINDS) - {kind}
    with looped(image) as device, pytest.raises(OSError, match=device), mounts.opened(device, other):
        pass


def test_where_a_device_is_mounted_is_found_whatever_the_place_is_called(kind: str, image: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with looped(image) as device:
        number = pathlib.Path(device).stat().st_rdev
        assert mounts.of_device(number) is None
        with mounted(tmp_path / "a place\nwith \\ t", device) as place:
            assert mounts.of_device(number) == mounts.Mounted(str(place), kind)
            with mounted(tmp_path / "part", "--bind", str(place / ".")):
                assert mounts.of_device(number) == mounts.Mounted(str(place), kind)

"""Files of a deployment go back only where they still are what it put there, with owner, mode and time; twice does no harm."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from actor.disk import durable
from actor.stack import places
from actor.stack.record import Placed

if TYPE_CHECKING:
    import pathlib


def placed(path: pathlib.Path) -> Placed:
    return Placed(path=str(path), content=b"new", before=places.held(str(path)))


@pytest.fixture
def old(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "a.service"
    path.write_text("old")
    path.chmod(0o600)
    os.utime(path, ns=(1_000, 2_000))
    return path


def test_a_file_goes_back_with_mode_and_time_and_what_was_not_there_goes(old: pathlib.Path) -> None:
    both = [placed(old), placed(old.with_name("b.service"))]
    before = places.held(str(old))
    for each in both:
        places.put(each)
    assert (old.read_text(), old.stat().st_mode & 0o777, old.with_name("b.service").stat().st_mode & 0o777) == ("new", 0o600, 0o644)
    assert [places.put_back(each) for each in both * 2] == [True] * 4
    assert (places.held(str(old)), sorted(path.name for path in old.parent.iterdir())) == (before, ["a.service"])


@pytest.mark.parametrize("edited", ["by a person", None])
def test_what_a_person_has_done_since_stays(old: pathlib.Path, edited: str | None) -> None:
    each = placed(old)
    places.put(each)
    _ = old.write_text(edited) if edited is not None else old.unlink()
    assert places.put_back(each) is False
    assert (old.read_text() if old.exists() else None) == edited


def test_a_file_that_changed_since_the_plan_is_not_replaced(old: pathlib.Path) -> None:
    each = placed(old)
    old.write_text("by a person")
    with pytest.raises(OSError, match="was changed since the plan was made"):
        places.put(each)
    assert old.read_text() == "by a person"


def test_a_symlink_is_never_followed(old: pathlib.Path) -> None:
    link = old.with_name("link.service")
    link.symlink_to(old)
    with pytest.raises(OSError, match="symbolic links"):
        places.held(str(link))


@pytest.mark.parametrize("put", [True, False])
def test_what_a_kill_left_half_written_goes_too(old: pathlib.Path, put: bool) -> None:
    each = placed(old)
    if put:
        places.put(each)
    old.with_name(durable.unfinished(old.name)).write_text("ne")
    assert places.put_back(each)
    assert [path.name for path in old.parent.iterdir()] == ["a.service"]

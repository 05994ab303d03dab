"""Tokens: who must have one, and which are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.service import read_tokens
from homeostat.credentials import CredentialError
from tests.support import configured

if TYPE_CHECKING:
    import pathlib

    from homeostat.config import Config

LOOPBACK, EVERYWHERE = "127.0.0.1:9922", "0.0.0.0:9922"
FIRST, SECOND, THIRD = "b1946ac92492d2347c6235b4d2611184", "591785b794601e212b260e25925636fd", "7c211433f02071597741e6ff5a8ea34d"


@pytest.fixture
def files(tmp_path: pathlib.Path) -> dict[str, str]:
    written = {"first": FIRST, "second": SECOND, "third": THIRD, "placeholder": "change-me-change-me-please", "short": "b1946ac9"}
    for name, token in written.items():
        (tmp_path / name).write_text(f"{token}\n")
    return {name: str(tmp_path / name) for name in [*written, "missing"]}


def config(mode: str = "active", intake: tuple[str, ...] = (), operator: str | None = None) -> Config:
    return configured({"autonomy": {"mode": mode}, "security": {"intake_token_files": list(intake), "operator_token_file": operator}})


def test_two_intake_tokens_may_be_valid_during_a_rotation(files: dict[str, str]) -> None:
    settings = config(intake=(files["first"], files["second"]), operator=files["third"])
    assert read_tokens(settings, EVERYWHERE) == ((FIRST, SECOND), (THIRD,))


def test_without_any_it_starts_in_shadow_on_loopback(files: dict[str, str]) -> None:
    assert read_tokens(config("shadow"), LOOPBACK) == ((), ())
    assert read_tokens(config("shadow"), "[::1]:9922") == ((), ())


@pytest.mark.parametrize(("mode", "address"), [("active", LOOPBACK), ("interactive", LOOPBACK), ("shadow", EVERYWHERE), ("shadow", ":9922"), ("shadow", "127.evil.example:9922")])
def test_and_nowhere_else(mode: str, address: str) -> None:
    with pytest.raises(CredentialError, match="intake_token_files and operator_token_file must be set"):
        read_tokens(config(mode), address)


def test_one_of_the_two_is_not_enough(files: dict[str, str]) -> None:
    for settings in (config(intake=(files["first"],)), config(operator=files["first"])):
        with pytest.raises(CredentialError, match="must be set"):
            read_tokens(settings, LOOPBACK)


def test_one_token_for_both_is_refused_also_from_another_file(files: dict[str, str], tmp_path: pathlib.Path) -> None:
    (tmp_path / "copy").write_text(FIRST)
    for operator in (files["first"], str(tmp_path / "copy")):
        with pytest.raises(CredentialError, match="the intake and the operator need different tokens"):
            read_tokens(config(intake=(files["first"],), operator=operator), LOOPBACK)


@pytest.mark.parametrize(("name", "told"), [("placeholder", "this token is a placeholder"), ("missing", "the token file cannot be read"), ("short", "at least 16 characters")])
def test_a_token_that_is_none_is_refused_by_its_file_and_never_shown(files: dict[str, str], name: str, told: str) -> None:
    for settings in (config("shadow", intake=(files[name],)), config(intake=(files["first"],), operator=files[name])):
        with pytest.raises(CredentialError, match=told) as error:
            read_tokens(settings, LOOPBACK)
        assert str(error.value).startswith(files[name])
        assert "change-me" not in str(error.value)

"""Tokens: who must have one, and which are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.service import credentials
from homeostat.config import ConfigError
from homeostat.credentials import CredentialError
from tests.support import configured, secret

if TYPE_CHECKING:
    import pathlib

    from homeostat.config import Config

LOOPBACK, EVERYWHERE = "127.0.0.1:9922", "0.0.0.0:9922"
FIRST, SECOND, THIRD = "b1946ac92492d2347c6235b4d2611184", "591785b794601e212b260e25925636fd", "7c211433f02071597741e6ff5a8ea34d"


@pytest.fixture
def files(tmp_path: pathlib.Path) -> dict[str, str]:
    written = {"first": FIRST, "second": SECOND, "third": THIRD, "placeholder": "change-me-change-me-please", "short": "b1946ac9"}
    for name, token in written.items():
        secret(tmp_path / name, f"{token}\n")
    return {name: str(tmp_path / name) for name in [*written, "missing"]}


def config(mode: str = "active", intake: tuple[str, ...] = (), operator: tuple[str, ...] = (), metrics: tuple[str, ...] = ()) -> Config:
    security = {"intake_token_files": list(intake), "operator_token_files": list(operator), "metrics_token_files": list(metrics)}
    return configured({"autonomy": {"mode": mode}, "security": security})


def test_two_tokens_of_a_kind_may_be_valid_during_a_rotation(files: dict[str, str]) -> None:
    two = (files["first"], files["second"])
    assert credentials(config(intake=two, operator=(files["third"],)), EVERYWHERE) == ((FIRST, SECOND), (THIRD,), ())
    assert credentials(config(intake=(files["third"],), operator=two), EVERYWHERE) == ((THIRD,), (FIRST, SECOND), ())
    assert credentials(config("shadow", metrics=two), LOOPBACK) == ((), (), (FIRST, SECOND))


def test_three_are_no_rotation(files: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="security: operator_token_files names 3 files; a rotation needs two"):
        config(operator=(files["first"], files["second"], files["third"]))


def test_without_any_it_starts_in_shadow_on_loopback(files: dict[str, str]) -> None:
    assert credentials(config("shadow"), LOOPBACK) == ((), (), ())
    assert credentials(config("shadow"), "[::1]:9922") == ((), (), ())


@pytest.mark.parametrize(("mode", "address"), [("active", LOOPBACK), ("interactive", LOOPBACK), ("shadow", EVERYWHERE), ("shadow", ":9922"), ("shadow", "127.evil.example:9922")])
def test_and_nowhere_else(mode: str, address: str) -> None:
    with pytest.raises(CredentialError, match="intake_token_files and operator_token_files must be set"):
        credentials(config(mode), address)


def test_one_of_the_two_is_not_enough(files: dict[str, str]) -> None:
    for settings in (config(intake=(files["first"],)), config(operator=(files["first"],))):
        with pytest.raises(CredentialError, match="must be set"):
            credentials(settings, LOOPBACK)


@pytest.mark.parametrize(("one", "other"), [("intake", "operator"), ("intake", "metrics"), ("operator", "metrics")])
def test_one_token_for_two_is_refused_also_from_another_file(files: dict[str, str], tmp_path: pathlib.Path, one: str, other: str) -> None:
    secret(tmp_path / "copy", FIRST)
    for copy in (files["first"], str(tmp_path / "copy")):
        with pytest.raises(CredentialError, match="the intake, the operator and metrics need different tokens"):
            credentials(config("shadow", **{one: (files["first"],), other: (copy,)}), LOOPBACK)


@pytest.mark.parametrize(("name", "told"), [("placeholder", "this token is a placeholder"), ("missing", "the token file cannot be read"), ("short", "at least 16 characters")])
def test_a_token_that_is_none_is_refused_by_its_file_and_never_shown(files: dict[str, str], name: str, told: str) -> None:
    for settings in (config("shadow", intake=(files[name],)), config(intake=(files["first"],), operator=(files[name],)), config("shadow", metrics=(files[name],))):
        with pytest.raises(CredentialError, match=told) as error:
            credentials(settings, LOOPBACK)
        assert str(error.value).startswith(files[name])
        assert "change-me" not in str(error.value)

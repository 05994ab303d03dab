"""Logs: one event is one line, whatever it holds."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from homeostat import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = ["a\nb", "a\r\nlevel=error msg=forged", "\0", "\x1b[2J", "\u2028", 'say "x"', "a=b", "", "\u202e", "\udce9"]


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    """Leave logging as it was."""
    before = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:], level = before
    logging.root.setLevel(level)


def said(capsys: pytest.CaptureFixture[str], form: str, message: str, **options: object) -> str:
    logs.configure("info", form)
    logging.getLogger("actor.test").warning("%s", message, **options)
    return capsys.readouterr().err


def test_an_event_has_time_level_caller_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, "logfmt", "all is well")
    assert line.startswith("ts=20")
    assert line.endswith('level=warn caller=actor.test msg="all is well"\n')


@pytest.mark.parametrize("form", logs.FORMATS)
@pytest.mark.parametrize("message", HOSTILE)
def test_no_message_breaks_its_line(capsys: pytest.CaptureFixture[str], form: str, message: str) -> None:
    line = said(capsys, form, message)
    assert len(line.splitlines()) == 1
    assert line.isascii()


def test_json_gives_the_message_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(said(capsys, "json", "a\n\0b"))["msg"] == "a\n\0b"


@pytest.mark.parametrize("form", logs.FORMATS)
def test_a_traceback_stays_on_the_line_of_its_event(capsys: pytest.CaptureFixture[str], form: str) -> None:
    line = said(capsys, form, "it broke", exc_info=ValueError("a\nb"))
    assert len(line.splitlines()) == 1
    assert "ValueError" in line


def test_what_is_below_the_level_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warn", "logfmt")
    logging.getLogger("actor.test").info("chatter")
    assert capsys.readouterr().err == ""

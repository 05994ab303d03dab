"""Every built-in pattern finds its examples and not its near misses, and no line keeps any pattern busy."""

from __future__ import annotations

import time

import pytest

from exporter.logbook.patterns import found_in, known_patterns, written
from homeostat.config import Config, ConfigError, loads
from homeostat.config.log_patterns import LogPattern, bounded

BUILT_IN = written()
EXAMPLES = [(name, line) for name, each in BUILT_IN.items() for line in each.examples]
MISSES = [(name, line) for name, each in BUILT_IN.items() for line in each.misses]
# What makes a regular expression go back and forth: one letter, words that begin many patterns, numbers, blanks.
TIRING = ["a" * 1000, " " * 1000, "1" * 1000, "error: failed " * 70, "10.0.0.1:80 " * 80, "backup snapshot relation mount " * 32, "smart edac ata1: " * 60]


def names(line: str) -> set[str]:
    return {pattern.name for pattern, _ in found_in(line, known_patterns({}).values())}


def test_there_are_at_least_39_built_in_patterns_each_with_examples_and_near_misses() -> None:
    assert len(BUILT_IN) >= 39
    assert all(each.examples and each.misses and each.needles and each.hint for each in BUILT_IN.values())


@pytest.mark.parametrize(("name", "line"), EXAMPLES)
def test_a_pattern_finds_its_example(name: str, line: str) -> None:
    assert name in names(line)


@pytest.mark.parametrize(("name", "line"), MISSES)
def test_a_pattern_does_not_find_its_near_miss(name: str, line: str) -> None:
    assert name not in names(line)


def test_no_line_keeps_a_pattern_busy() -> None:
    for name, pattern in known_patterns({}).items():
        lines = [*TIRING, *((line + " ") * 12 for line in (*BUILT_IN[name].examples, *BUILT_IN[name].misses))]
        began_at = time.process_time()
        for line in lines:
            pattern.regex.search(line[:1000])
        assert time.process_time() - began_at < 0.25, name


def test_what_a_match_takes_in_is_told_by_one_name_wherever_it_stood() -> None:
    for line in ("bind() to 0.0.0.0:80 failed (98: Address already in use)", "listen EADDRINUSE: address already in use :::80", "port 80 is already allocated"):
        assert [details for pattern, details in found_in(line, known_patterns({}).values()) if pattern.name == "port-in-use"] == [{"port": "80"}]


def test_only_the_beginning_of_a_message_is_searched() -> None:
    assert "no-space" in names("x" * 900 + " No space left on device")
    assert names("x" * 1100 + " No space left on device") == set()


def test_an_owners_pattern_stands_beside_the_built_in_ones_and_in_the_place_of_one_of_its_name() -> None:
    known = known_patterns({"lost-contact": LogPattern(match="lost {1,3}contact", severity="critical"), "timeout": LogPattern(match="slow as ever")})
    assert [pattern.name for pattern, _ in found_in("LOST  contact to the ups", known.values())] == ["lost-contact"]
    assert [pattern.name for pattern, _ in found_in("slow as ever", known.values())] == ["timeout"]
    assert not list(found_in("request timed out", known.values()))


UNBEARABLE = {
    "(a+)+b": r"'\(a\+\)\+b' repeats without bound at '\+'; write how often at most, as in \{0,80\}",
    "lost.*contact": "repeats without bound at",
    "lost.{3,}contact": r"repeats without bound at '\{3,\}'",
    "(?:ab){2,9}c": r"repeats a group at '\{2,9\}'",
    "lost.{0,200}and.{0,200}gone": "in too many ways",
    "lost.{0,200}(?:and|or).{0,200}gone": "in too many ways",
    "lost(": "is no regular expression",
    "x{0,3}": "would find every line",
}


@pytest.mark.parametrize("pattern", UNBEARABLE)
def test_a_pattern_that_could_keep_us_busy_is_refused_in_words(pattern: str) -> None:
    with pytest.raises(ValueError, match=UNBEARABLE[pattern]):
        bounded(pattern)


@pytest.mark.parametrize("pattern", ["lost {1,3}contact", r"a\+b", "[+*]{2}", r"x\{3,\}", "(?:a.{0,200}|b.{0,200})c"])
def test_a_pattern_whose_repetitions_are_bounded_is_taken(pattern: str) -> None:
    assert bounded(pattern).pattern == pattern


def test_a_bad_pattern_is_told_with_path_and_line() -> None:
    text = "exporter:\n  observers:\n    logs:\n      patterns:\n        slow:\n          match: 'slow.*'\n"
    with pytest.raises(ConfigError, match=r"homeostat\.yml:6: exporter\.observers\.logs\.patterns\.slow.*repeats without bound"):
        loads(text, Config, "homeostat.yml")
    with pytest.raises(ConfigError, match="'No Word' must be a word of small letters, digits and hyphens"):
        loads("exporter: {observers: {logs: {patterns: {No Word: {match: slow}}}}}", Config, "homeostat.yml")

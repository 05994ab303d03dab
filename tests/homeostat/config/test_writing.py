"""A configuration that is written down is read as the same again, whatever it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.config import Config, Duration, Size, loads
from homeostat.config.autonomy import Autonomy
from homeostat.config.catalogue import CleanupRule, Filesystem, Service
from homeostat.config.example import EXAMPLE
from homeostat.config.notifications import Notifications
from homeostat.config.targets import CustomTarget, Targets
from homeostat.config.types import Actor, Exporter
from homeostat.config.writing import as_yaml, written
from homeostat.time_intervals import TimeInterval, TimeRange

if TYPE_CHECKING:
    from collections.abc import Iterator

# Words that YAML 1.1, 1.2 or a hurried reader would take for something else.
TRAPS = ["yes", "off", "null", "~", "1e5", "0777", "0x1F", "24:00", "1_000", ".5", "+3", "<<", "=", "# no", "a: b", "- a", "*a", "&a", "!!str", "'", '"', "\ufeffx", "\x85", "é", "2026-11-26"]
texts = st.one_of(st.sampled_from(TRAPS), st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)).filter(str.strip)
durations = st.integers(1, 3 * 10**12).map(lambda milliseconds: Duration(milliseconds / 1000))
sizes = st.integers(0, 2**53).map(Size)
ratios = st.floats(0, 1)
paths = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1).filter(lambda part: part not in {".", ".."}), min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
services = st.builds(
    Service,
    manager=st.just("podman"),
    unit=st.just("web"),
    sessions=texts | st.none(),
    memory_limit=sizes | st.none(),
    restart_timeout=durations,
    auto_restart=st.booleans(),
    files=st.lists(paths, max_size=2).map(tuple),
)
customs = st.builds(
    CustomTarget, name=texts, query=texts, limit=st.floats(allow_nan=False, allow_infinity=False), problem=texts, resource=texts, target=texts, action_horizon=durations
)
intervals = st.builds(
    TimeInterval,
    times=st.sampled_from([(), (TimeRange(start_time="00:00", end_time="24:00"),)]),
    weekdays=st.sampled_from([(), ("monday:friday", "sunday")]),
    days_of_month=st.sampled_from([(), (1, "-3:-1")]),
    location=st.sampled_from(["UTC", "Local", "Europe/Berlin"]),
)
configs = st.builds(
    Config,
    host=texts,
    notifications=st.builds(Notifications, before=texts | st.none(), daily_at=st.just("08:00")),
    exporter=st.builds(Exporter, hosts=st.dictionaries(texts, texts, max_size=2), targets=st.builds(Targets, custom=st.lists(customs, max_size=1).map(tuple)), state_directory=paths | st.none()),
    autonomy=st.builds(Autonomy, mode=st.sampled_from(["shadow", "active"]), grace=durations, require_approval_for=st.lists(texts, max_size=2).map(tuple)),
    windows=st.lists(intervals, max_size=2).map(tuple),
    services=st.dictionaries(texts, services, max_size=2),
    filesystems=st.dictionaries(paths, st.builds(Filesystem, size=sizes | st.none(), free_target=ratios), max_size=2),
    cleanup=st.dictionaries(st.sampled_from(["a", "logs"]), st.builds(CleanupRule, directory=paths, pattern=texts.map(lambda text: f"x{text}".replace("/", "")), older_than=durations), max_size=1),
    actor=st.builds(Actor, ballast=sizes),
)


@given(configs)
@settings(max_examples=30, deadline=None)
def test_what_is_written_is_read_as_the_same(config: Config) -> None:
    assert loads(as_yaml(written(config)), Config, "homeostat.yml") == config


@given(configs)
@settings(max_examples=200, deadline=None)
def test_what_is_changed_is_read_as_the_same(config: Config) -> None:
    assert loads(as_yaml(written(config, changed_only=True)), Config, "homeostat.yml") == config


def test_durations_and_sizes_are_written_as_people_write_them() -> None:
    text = as_yaml(written(EXAMPLE))
    for line in ("timeout: 10s", "window: 7d", "horizons: [1d, 2d, 7d, 14d, 30d]", "memory_limit: 4GiB", "leak_bytes_per_hour: 10MB", "auto-execute: 0.8"):
        assert line in text


def leaves(value: Any) -> Iterator[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    yield from ([value] if not isinstance(value, dict | list) else (leaf for each in inner for leaf in leaves(each)))


def test_only_what_yaml_knows_is_written() -> None:
    assert {type(leaf) for leaf in leaves(written(EXAMPLE))} == {str, int, float, bool, type(None)}


def test_what_is_as_by_default_is_left_out_where_only_changes_are_asked_for() -> None:
    config = loads("host: nas\nautonomy: {level: aggressive, mode: shadow}\nservices:\n  web: {manager: podman, unit: web, auto_restart: true}", Config, "homeostat.yml")
    assert written(config, changed_only=True) == {"host": "nas", "autonomy": {"level": "aggressive"}, "services": {"web": {"manager": "podman", "unit": "web"}}}

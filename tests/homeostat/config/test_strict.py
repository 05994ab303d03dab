"""The strict loader: what is wrong is told in one line with file, line and what would be right; never anything else."""

from __future__ import annotations

import pathlib
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.config import Config, ConfigError, Raw, load, loads


def fault(text: str, kind: Any = Config) -> str:
    with pytest.raises(ConfigError) as error:
        loads(text, kind, "homeostat.yml")
    return str(error.value)


def test_an_empty_file_is_the_defaults() -> None:
    for text in ("", "# nothing\n", "---\n", "{}"):
        assert loads(text, Config, "homeostat.yml").autonomy.mode == "shadow"


FAULTS = {
    "an unknown key and the nearest one": ("autonomi: {}", "1: autonomi: unknown key; did you mean 'autonomy'?"),
    "an unknown key like no other": ("host: h\nzzz: 1", "2: zzz: unknown key; known here: actor, alertmanager, autonomy, "),
    "an unknown key inside": ("autonomy:\n  lvl: moderate", "2: autonomy.lvl: unknown key; did you mean 'level'?"),
    "a key twice": ("host: a\nhost: a", "2: host: this key stands here twice; keep one"),
    "a key twice inside": ("services:\n  a: {manager: systemd, unit: a.service}\n  a: {manager: systemd, unit: b.service}", "3: services.a: this key stands here twice"),
    "a word that is none": ("autonomy:\n  level: brave", "2: autonomy.level: Invalid enum value 'brave'; write one of conservative, moderate, aggressive"),
    "a number for a word": ("host: 5", "1: host: Expected `str`, got `int`; write it in quotes: '5'"),
    "a truth for a word that may be missing": ("services: {a: {manager: systemd, unit: a.service, group: true}}", "1: services.a.group: Expected `str`, got `bool`; write it in quotes: 'true'"),
    "nothing for a word": ("host:", "1: host: Expected `str`, got `null`"),
    "a list for a word": ("host: [nas]", "1: host: Expected `str`, got `array`"),
    "an override above 1": ("autonomy:\n  actions:\n    disk-cleanup: {min_confidence: 1.5}", "3: autonomy.actions.disk-cleanup.min_confidence: Expected `float` <= 1.0"),
    "a time zone that nobody knows": ("windows:\n  - location: Mars/Olympus", "2: windows[0]: 'Mars/Olympus' is no time zone; write it like UTC, Local or Europe/Berlin"),
    "a time zone that is a way out": ("windows:\n  - location: ../../etc/passwd", "2: windows[0]: '../../etc/passwd' is no time zone"),
    "a summary in no time zone": ("notifications: {location: Berlin}", "1: notifications: 'Berlin' is no time zone"),
    "a service that needs itself": ("services:\n  a: {manager: systemd, unit: a.service, depends_on: [a]}", "services.a.depends_on 'a' leads back to a"),
    "a limit beyond any": ("exporter: {targets: {custom: [{name: a, query: a, limit: 1e999, problem: p, resource: r, target: t}]}}", "1: exporter.targets.custom[0]: limit must be a number that can be reached"),
    "no address": ("prometheus: {url: 'localhost:9090'}", "1: prometheus: url 'localhost:9090' must be an address, as in http://127.0.0.1:9090"),
    "an address of no server": ("exporter: {url: 'http://'}", "1: exporter: url 'http://' must be an address"),
    "an address with a port beyond any": ("alertmanager: {url: 'http://h:99999'}", "1: alertmanager: url 'http://h:99999' must be an address"),
    "an address in brackets": ("alertmanager: {url: 'http://[h'}", "1: alertmanager: url 'http://[h' must be an address"),
    "a page that is no address": ("links: {dashboard: grafana}", "1: links: dashboard 'grafana' must be an address"),
    "keys that are merged": ("services:\n  <<: {web: {manager: systemd, unit: web.service}}", "2: services: merge keys are not read; write the keys out"),
    "a key without a name": ("services:\n  '': {manager: systemd, unit: a.service}", "2: services: a key must not be empty"),
    "a word for a number": ("autonomy:\n  max_actions_per_day: ten", "2: autonomy.max_actions_per_day: Expected `int`, got `str`"),
    "a number out of range": ("autonomy: {prediction_floor: {auto-execute: 1.5}}", "1: autonomy.prediction_floor.auto-execute: Expected `float` <= 1.0"),
    "a duration without its unit": ("prometheus:\n  timeout: 10", "2: prometheus.timeout: 10 is no duration; write it like 30s, 10m, 1h30m or 7d"),
    "a duration in words": ("prometheus: {timeout: ten seconds}", "1: prometheus.timeout: 'ten seconds' is no duration"),
    "a size without its unit": ("actor: {ballast: 8}", "1: actor.ballast: 8 is no size; write it like 512MiB or 10MB"),
    "a list for a section": ("prometheus: [1]", "1: prometheus: expected a mapping of keys to values"),
    "nothing for a section": ("prometheus:", "1: prometheus: expected a mapping of keys to values"),
    "a word for a list": ("security: {intake_token_files: /etc/token}", "1: security.intake_token_files: expected a list"),
    "a wrong item of a list": ("security:\n  intake_token_files:\n    - /etc/token\n    - 5", "4: security.intake_token_files[1]: Expected `str`, got `int`"),
    "a missing key": ("services:\n  web: {unit: web.service}", "2: services.web: missing key 'manager'"),
    "a key that is a list": ("? [a]\n: b", "1: a key must be plain text"),
    "a rule that could mean everything": ("cleanup:\n  all: {directory: /var, pattern: '*', older_than: 1d}", "2: cleanup.all: pattern '*' would fit every file"),
    "a rule for names that no file has": ("cleanup:\n  all: {directory: /var, pattern: 'old/*.gz', older_than: 1d}", "2: cleanup.all: pattern 'old/*.gz' is about names"),
    "a rule named like a way out": ("cleanup:\n  ../x: {directory: /var, pattern: '*.log', older_than: 1d}", "2: cleanup: '../x' must be a plain name of at most 100 bytes"),
    "a rule at the root": ("cleanup:\n  all: {directory: /, pattern: '*.log', older_than: 1d}", "2: cleanup.all: directory '/' must be an absolute path below /"),
    "a pattern for a unit": ("services:\n  web: {manager: systemd, unit: 'web-*.service'}", "2: services.web: unit 'web-*.service' must be one exact name, no pattern"),
    "a command by name": ("services: {a: {manager: command, commands: {show: [ls], restart: [/bin/ls]}}}", "1: services.a.commands: a command starts with the absolute path"),
    "more successes than trials": ("autonomy: {actions: {a: {imported_record: {source: x, successes: 2, trials: 1}}}}", "2 successes of 1 trials"),
    "a tab": ("host:\n\t- a", "2: no valid YAML: found character '\\t' that cannot start any token"),
    "an open bracket": ("host: [a", "1: no valid YAML: "),
    "two documents": ("host: a\n---\nhost: b", "2: no valid YAML: but found another document"),
    "a foreign tag": ("host: !!python/object/apply:os.system [reboot]", "1: host: could not determine a constructor for the tag"),
    "a control character": ("host: a\0b", "1: no valid YAML: "),
    "an alias to nothing": ("host: *nobody", "1: no valid YAML: found undefined alias 'nobody'"),
    "a duration beyond any": ("prometheus: {timeout: " + "9" * 400 + "d}", "1: prometheus.timeout: "),
    "alerts that outlive their incident": ("actor: {retention: {incidents: 7d}}", "1: actor.retention: incidents 7d must be kept at least as long as deliveries 30d, which tell of them"),
    "a size beyond any": ("actor: {ballast: " + "9" * 400 + "GiB}", "1: actor.ballast: "),
    "a number beyond any": ("exporter: {minimum_samples: " + "9" * 400 + "}", "1: exporter"),
    "a number longer than Python reads": ("exporter: {minimum_samples: " + "9" * 5000 + "}", "1: exporter.minimum_samples: "),
    "deeper than anybody reads": ("host: " + "[" * 3000, "1: no valid YAML: "),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_names_file_line_and_what_would_be_right(name: str) -> None:
    text, told = FAULTS[name]
    said = fault(text)
    assert said.startswith(f"homeostat.yml:{told.partition(':')[0]}:") or told in said
    assert told.partition(": ")[2].split("; known: ")[0] in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("depth", [50, 150, 250, 350, 600])
@pytest.mark.parametrize(("opening", "closing"), ["[]", ("{a: ", "}")])
def test_however_deep_it_is_nested_it_is_a_fault_in_words(depth: int, opening: str, closing: str) -> None:
    assert fault("host: " + opening * depth + closing * depth).startswith("homeostat.yml:1: ")


def test_yaml_is_read_as_it_is_written() -> None:
    read = loads("on: on\nyes: 24:00\noctal: 0777\nnorway: no\ndate: 2026-01-01\nsexagesimal: 1:30", dict[str, str], "f")
    assert read == {"on": "on", "yes": "24:00", "octal": "0777", "norway": "no", "date": "2026-01-01", "sexagesimal": "1:30"}


def test_numbers_and_booleans_are_those_of_yaml_1_2() -> None:
    class Kinds(msgspec.Struct):
        integer: int
        number: float
        boolean: bool
        nothing: str | None

    assert loads("integer: -5\nnumber: 1e3\nboolean: true\nnothing: ~", Kinds, "f") == Kinds(-5, 1000.0, True, None)
    assert "Expected `bool`, got `str`" in fault("integer: 1\nnumber: 1\nboolean: yes\nnothing: x", Kinds)


def test_a_part_for_a_plug_in_keeps_its_line_and_path() -> None:
    class Outer(msgspec.Struct):
        inner: Raw

    class Inner(msgspec.Struct):
        number: int

    outer = loads("inner:\n\n  number: x", Outer, "f.yml")
    with pytest.raises(ConfigError, match=r"^f\.yml:3: inner\.number: Expected `int`"):
        outer.inner.read(Inner)
    assert str(outer.inner.fault("no")) == "f.yml:3: inner: no"


def test_a_file_that_cannot_be_read_is_named(tmp_path: pathlib.Path) -> None:
    (tmp_path / "latin.yml").write_bytes(b"host: caf\xe9")
    for name in ("missing.yml", "latin.yml", "."):
        with pytest.raises(ConfigError) as error:
            load(tmp_path / name, Config)
        assert str(error.value).startswith(f"{tmp_path / name}: cannot be read: ")


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    for text in ("prometheus: {url: 'http://ada:lovelace@h:9090'}", "links: {console: 'https://lovelace@h'}", "exporter: {url: 'http://:lovelace@h'}"):
        told = fault(text)
        assert "must not hold a user or a password" in told
        assert "lovelace" not in told


def test_a_mark_of_the_byte_order_is_no_part_of_it(tmp_path: pathlib.Path) -> None:
    (tmp_path / "windows.yml").write_bytes(b"\xef\xbb\xbfhost: nas\r\nautonomy:\r\n  level: aggressive\r\n")
    loaded = load(tmp_path / "windows.yml", Config)
    assert (loaded.host, loaded.autonomy.level) == ("nas", "aggressive")


def test_a_file_that_can_be_no_configuration_is_not_read_to_its_end(tmp_path: pathlib.Path) -> None:
    (tmp_path / "large.yml").write_bytes(b"# a line that says nothing\n" * 400_000)
    for path in (tmp_path / "large.yml", pathlib.Path("/dev/zero")):
        with pytest.raises(ConfigError, match=r"cannot be read: it is larger than 1MiB; is it the right file\?$"):
            load(path, Config)


def test_what_is_written_once_may_be_named_again() -> None:
    text = "services:\n  a: &web {manager: systemd, unit: web.service}\n  b: *web\n"
    assert loads(text, Config, "homeostat.yml").services["b"].unit == "web.service"


def test_names_that_stand_for_one_another_a_billion_times_are_a_fault_at_once() -> None:
    laughs = ["&a [x, x, x, x, x, x, x, x, x]"] + [f"&{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    assert fault(f"host: [{', '.join(laughs)}]") == "homeostat.yml:1: host: Expected `str`, got `array`"


def one_line(error: ConfigError) -> None:
    assert len(str(error).splitlines()) == 1
    file, line, rest = str(error).split(":", 2)
    assert file == "homeostat.yml"
    assert int(line) >= 1
    assert rest.strip()


KEYS = st.sampled_from(
    ["host", "prometheus", "url", "timeout", "autonomy", "level", "mode", "actions", "services", "manager", "unit", "cleanup", "directory", "pattern",
     "older_than", "limits", "breaker", "security", "actor", "ballast", "exporter", "targets", "custom", "horizons", "minimum_samples", "step", "window"]
)  # fmt: skip
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(["1h", "10MiB", "/etc", "systemd", "active", "99999999999d"]))
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.one_of(KEYS, st.text(max_size=5)), inner, max_size=4), max_leaves=12)


@given(st.dictionaries(KEYS, TREES, max_size=4))
@settings(max_examples=200, deadline=None)
def test_whatever_is_written_it_is_a_configuration_or_a_config_error(written: dict[str, Any]) -> None:
    try:
        loads(yaml.safe_dump(written, allow_unicode=True), Config, "homeostat.yml")
    except ConfigError as error:
        one_line(error)


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_configuration_or_a_config_error(text: str) -> None:
    try:
        loads(text, Config, "homeostat.yml")
    except ConfigError as error:
        one_line(error)


@given(st.lists(st.sampled_from(["{", "}", "[", "]", ":", "- ", "&a ", "*a", "!!str ", "? ", "| ", "\n", "  ", "host", "services", "'", '"', ",", "<<: ", "#", "%", "\t", "1"]), max_size=25))
@settings(max_examples=300, deadline=None)
def test_any_pieces_of_yaml_are_a_configuration_or_a_config_error(pieces: list[str]) -> None:
    try:
        loads("".join(pieces), Config, "homeostat.yml")
    except ConfigError as error:
        one_line(error)

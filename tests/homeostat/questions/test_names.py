"""Names in a question: only exact members of what the configuration and Prometheus know."""

from __future__ import annotations

import time

import pytest

from homeostat.config import Config, loads
from homeostat.prometheus import Sample
from homeostat.questions.names import Names, known_names

CONFIG = loads(
    """
host: nas
exporter: {hosts: {"10.0.0.9": pi}}
services: {jellyfin: {manager: systemd, unit: jellyfin.service}, dns: {manager: podman, unit: pihole}}
filesystems: {/srv: {}}
""",
    Config,
    "homeostat.yml",
)
SERIES = [
    {"__name__": "up", "instance": "nas:9100"},
    {"__name__": "up", "instance": "10.0.0.9:9100"},
    {"__name__": "node_filesystem_size_bytes", "instance": "10.0.0.9:9100", "mountpoint": "/srv/backup"},
    {"__name__": "homeostat_usage_ratio", "host": "nas", "target": "nas", "resource": "memory"},
    {"__name__": "homeostat_usage_ratio", "host": "nas", "target": "/", "resource": "filesystem"},
    {"__name__": "homeostat_service_observed", "host": "pi", "target": "immich-ml"},
]
NAMES = known_names(CONFIG, [Sample(labels, 0.0, 1.0) for labels in SERIES])


def found(text: str, names: Names = NAMES) -> list[str]:
    return [mention.name for mention in names.found_in(text)]


def test_names_come_from_the_catalogue_and_from_what_prometheus_holds() -> None:
    assert NAMES.of_kind("service") == ["dns", "immich-ml", "jellyfin"]
    assert NAMES.of_kind("filesystem") == ["/", "/srv", "/srv/backup"]
    assert NAMES.of_kind("host") == ["nas", "pi"]
    # Who names a host means all of it, not its memory alone.
    assert "nas" not in NAMES.of_kind("target")
    assert NAMES.instances == {"nas": ("nas:9100",), "pi": ("10.0.0.9:9100",)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("is Jellyfin up?", ["jellyfin"]), ("restart jellyfin.", ["jellyfin"]), ("is jellyfin.service up", ["jellyfin"]), ("jellyfin2 and myjellyfin", []), ("when is /srv full", ["/srv"]),
        ("/srv/backup and /srv", ["/srv/backup", "/srv"]), ("/srv/other", []), ("(dns)", ["dns"]), ("nas:9100", []), ("pihole", ["dns"]), ("", []), ("immich-ml", ["immich-ml"]), ("/", ["/"]),
    ],
)  # fmt: skip
def test_a_name_is_found_whole_and_never_within_another_word(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_what_is_near_is_only_suggested() -> None:
    assert found("jelly") == []
    assert NAMES.near("jelly", ["service"]) == ["jellyfin"]
    assert NAMES.near("jelyfin", ["service"]) == ["jellyfin"]
    assert NAMES.near("jelly", ["host"]) == []
    assert NAMES.near("nsa", ["service"]) == []


def test_ten_thousand_names_are_looked_through_in_a_moment() -> None:
    many = Names({f"/srv/volume-{number}": frozenset({"filesystem", "target"}) for number in range(10_000)}, {}, {})
    began = time.process_time()
    assert found("when will /srv/volume-77 be full", many) == ["/srv/volume-77"]
    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", ['a"} or up', "x" * 200, "<script>alert(1)</script>", "new\nline", "[", "\\", "$window", "{service}"])
def test_a_hostile_name_is_a_name_like_any_other(name: str) -> None:
    names = Names({name: frozenset({"service", "target"})}, {}, {})
    assert found(f"is {name} running", names) == [name]
    names.near(name, ["service"])

"""Which host a series is about."""

from __future__ import annotations

import pytest

from homeostat.config import Config, loads
from homeostat.hosts import host_of

CONFIG = loads('{host: own, exporter: {hosts: {"10.0.0.7:9100": nas, "10.0.0.8": attic}}}', Config, "case.yml")


@pytest.mark.parametrize(
    ("instance", "host"),
    [
        ("box:9100", "box"),
        ("box", "box"),
        ("10.0.0.7:9100", "nas"),
        ("10.0.0.7:8080", "10.0.0.7"),
        ("10.0.0.8:9100", "attic"),
        ("10.0.0.8", "attic"),
        ("[2001:db8::1]:9100", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("http://box/metrics", "http://box/metrics"),
        ("", "own"),
    ],
)
def test_the_instance_without_its_port_or_its_configured_name(instance: str, host: str) -> None:
    assert host_of({"instance": instance}, CONFIG) == host


def test_a_series_without_instance_is_about_the_exporter_s_own_host() -> None:
    assert host_of({"job": "x"}, CONFIG) == "own"

"""Loopback is told by its names only."""

from __future__ import annotations

import pytest

from homeostat.addresses import leads_to_loopback, names_loopback
from homeostat.config import Config, loads
from homeostat.doors import open_doors
from homeostat.generate import alertmanager, prometheus


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_these_are_loopbacks(name: str) -> None:
    assert names_loopback(name)


@pytest.mark.parametrize("name", ["", "0.0.0.0", "::", "localhost.example.org", "127.0.0.1.example.org", "10.0.0.1", "nas"])
def test_these_are_not(name: str) -> None:
    assert not names_loopback(name)


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("http://127.0.0.1:9921", True), ("http://localhost", True), ("https://[::1]:9921/x", True), ("//localhost:80", True),
        ("http://nas:9921", False), ("http://127.0.0.1@example.org/", False), ("http://[broken", False), ("", False),
    ],
)  # fmt: skip
def test_where_a_url_leads(url: str, leads: bool) -> None:
    assert leads_to_loopback(url) is leads


@pytest.mark.parametrize(("url", "hears"), [("http://127.0.0.1:9921", False), ("http://nas:9921", True)])
def test_an_exporter_on_loopback_never_hears_the_operators_token(url: str, hears: bool) -> None:
    text = f"host: h1\nexporter: {{url: '{url}'}}\nsecurity: {{operator_token_files: [/t]}}\n"
    doors = open_doors(loads(text, Config, "homeostat.yml"), lambda path: "a-token")
    assert bool(doors.exporter._headers) is hears


def test_programs_reach_the_actor_where_it_says_and_people_where_links_lead() -> None:
    text = "links: {console: 'https://home.example.org'}\nactor: {url: 'http://10.0.0.2:9922'}\n"
    config = loads(text, Config, "homeostat.yml")
    assert open_doors(config).actor.url == "http://10.0.0.2:9922"
    assert "url: 'http://10.0.0.2:9922/webhook'" in alertmanager.standalone(config)
    assert "10.0.0.2:9922" in prometheus.standalone(config)
    assert open_doors(loads("links: {console: 'http://nas:1'}\n", Config, "homeostat.yml")).actor.url == "http://nas:1"

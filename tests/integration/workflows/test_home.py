"""The home itself: the whole chain runs in it and heals a service that died, and the next module finds nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.home import Home

pytestmark = pytest.mark.home

WEB = {"manager": "systemd", "unit": "web.service"}
ASK = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8001/busybox', timeout=30).status)"
# An owner's own alert, as they have it already.
DOWN = {"alert": "UnitDown", "expr": 'node_systemd_unit_state{name="web.service",state="active"} == 0', "labels": {"service": "web"}}
HEARD = {"alert": "UnitDown", "problem": "service_down", "resource": "service", "target_label": "service", "confidence": 0.95}


def test_a_quadlet_runs_in_it_and_answers(home: Home) -> None:
    service = home.quadlet("page.container", "[Container]\nImage=localhost/box\nExec=httpd -f -p 8001 -h /bin\nNetwork=host\n")
    assert home.run("systemctl", "is-active", service).strip() == "active"
    assert "systemd-page" in home.run("podman", "ps", "--format", "{{.Names}}")
    home.until("its answer", lambda: home.run("/usr/bin/python3", "-c", ASK, check=False) == "200\n")


def test_what_the_node_exporter_serves_of_ours_is_in_prometheus(home: Home) -> None:
    home.series("mine", "mine_things 7\n")
    assert home.until("our series", lambda: home.value("mine_things")) == 7
    assert home.value('node_filesystem_size_bytes{mountpoint="/srv/pool"}') == 1024**3


def test_a_service_that_dies_is_restarted_and_why_tells_of_it(home: Home) -> None:
    home.unit("web.service", "[Service]\nExecStart=/bin/sleep infinity\n")
    home.rules("own", DOWN)
    home.configure(services={"web": WEB}, exporter={"targets": {"alert": [HEARD]}})
    home.run("systemctl", "kill", "--signal=KILL", "web.service")
    story = home.incident("service_down", "web")
    assert story["outcome"] == "succeeded", story
    assert home.run("systemctl", "is-active", "web.service").strip() == "active"
    assert "service-restart" in home.said("why", "web")
    assert "service-restart was run at web at" in home.said("ask", "why", "did", "you", "restart", "web?")
    assert home.until("the outcome told", lambda: home.told("HomeostatOutcome", "web"))


def test_a_daemon_that_is_killed_stays_down_until_it_is_started(home: Home) -> None:
    home.kill("actor")
    assert not home.is_up("actor")
    home.start("actor")
    assert home.is_up("actor")


def test_a_fresh_home_knows_nothing_of_what_was_done_in_it(home: Home) -> None:
    home.shell("btrfs subvolume create /srv/pool/one && mkdir /srv/pool/one/two && btrfs subvolume snapshot -r /srv/pool/one /srv/pool/one/two/three")
    home.fresh()
    assert home.get("decisions") == []
    assert home.run("ls", "-A", "/srv/pool").strip() == ""
    assert "could not be found" in home.run("systemctl", "status", "web.service", check=False)
    assert home.run("podman", "ps", "--all", "--quiet").strip() == ""
    assert home.query("mine_things") == []

"""Boots homes and puts everything into them: Debian's monitoring as `homeostat generate` configures it, our daemons, podman's one image."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import yaml

from homeostat.config import Config, loads
from homeostat.generate import alertmanager as our_alertmanager
from homeostat.generate import prometheus as our_prometheus
from tests.actor.process import INTAKE, OPERATOR
from tests.httpd import Reply, serving
from tests.integration import machine as machines
from tests.integration import trixie
from tests.integration.home import CONFIG, MEMORY, OWN_RULES, POOL, PORTS, QUADLETS, TEXTFILES, UNITS, Home, settings
from tests.real import filesystem

if TYPE_CHECKING:
    from collections.abc import Iterator

POOL_BYTES = 1024**3

_DAEMON = """\
[Unit]
StartLimitIntervalSec=0

[Service]
Environment=PYTHONPATH=/homeostat:/site-packages PYTHONPYCACHEPREFIX=/var/cache/python
ExecStart=/usr/bin/python3 -m {module} --config.file={config}
"""
_CLI = '#!/bin/sh\nPYTHONPATH=/homeostat:/site-packages PYTHONPYCACHEPREFIX=/var/cache/python exec /usr/bin/python3 -m homeostat.cli --config.file {config} "$@"\n'
# The host's control groups may be of the first version, and a CI may lack the rights to raise a limit or to make a keyring.
_CONTAINERS = """\
[containers]
keyring = false
cgroups = "disabled"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
env = ["PODMAN_IGNORE_CGROUPSV1_WARNING=1"]
"""
_ALL_CONTAINERS = "[Container]\nPodmanArgs=--cgroups=disabled --stop-timeout=1\n"
_IMAGE = """\
mkdir -p /srv/image/bin /srv/image/tmp
for applet in $(busybox --list); do ln -sf busybox /srv/image/bin/$applet; done
cp --remove-destination /bin/busybox /srv/image/bin/
tar -C /srv/image -c . | podman import - box
"""


@contextlib.contextmanager
def built() -> Iterator[Home]:
    """Boot a home, install everything and yield it; nothing of the chain runs until `fresh`."""
    with contextlib.ExitStack() as opened:
        pool = opened.enter_context(filesystem("btrfs", POOL_BYTES, "commit=1"))
        machine = opened.enter_context(machines.booted(trixie.root(), trixie.binds(), {pool: POOL}))
        network = opened.enter_context(machines.network_of(machine))
        people = network.submit(opened.enter_context, serving(lambda asked: Reply())).result()
        home = Home(machine, network, people)
        _install(home)
        yield home


def _install(home: Home) -> None:
    for name, text in (("intake", INTAKE), ("operator", OPERATOR)):
        home.write(f"/etc/homeostat/{name}.token", text, "640")
    home.run("chown", "root:prometheus", "/etc/homeostat/intake.token")
    for name in ("exporter", "actor"):
        home.write(f"/etc/systemd/system/{UNITS[name]}", _DAEMON.format(module=name, config=CONFIG))
    home.write("/usr/bin/homeostat", _CLI.format(config=CONFIG), "755")
    home.run("mkdir", "-p", OWN_RULES, *MEMORY)
    _install_monitoring(home)
    home.write("/etc/containers/containers.conf", _CONTAINERS)
    home.write(f"{QUADLETS}/container.d/home.conf", _ALL_CONTAINERS)
    home.shell(_IMAGE)
    home.run("systemctl", "daemon-reload")


def _install_monitoring(home: Home) -> None:
    """Give Prometheus and Alertmanager what `homeostat generate` makes for this home, at a faster pace."""
    config = loads(yaml.safe_dump(settings()), Config, CONFIG)
    prometheus: dict[str, Any] = yaml.safe_load(our_prometheus.standalone(config, rules="/homeostat/alert-rules/*.rules.yml"))
    prometheus["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    prometheus["rule_files"].append(f"{OWN_RULES}/*.rules.yml")
    prometheus["scrape_config_files"] = [f"{OWN_RULES}/*.scrape.yml"]
    home.write("/etc/prometheus/prometheus.yml", yaml.safe_dump(prometheus))
    alertmanager: dict[str, Any] = yaml.safe_load(our_alertmanager.standalone(config, "/etc/homeostat/intake.token"))
    for route in (alertmanager["route"], alertmanager["route"]["routes"][0]):
        route |= {"group_wait": "0s", "group_interval": "1s"}
    alertmanager["receivers"] = [{**one, "webhook_configs": [{"url": home.people.url}]} if one["name"] == "people" else one for one in alertmanager["receivers"]]
    home.write("/etc/prometheus/alertmanager.yml", yaml.safe_dump(alertmanager))
    # What it no longer hears from Prometheus, Alertmanager takes for over after four of these.
    _defaults(home, "prometheus", "--rules.alert.resend-delay=2s", f"--web.listen-address=127.0.0.1:{PORTS['prometheus']}")
    _defaults(home, "prometheus-alertmanager", "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{PORTS['alertmanager']}")
    _defaults(home, "prometheus-node-exporter", f"--collector.textfile.directory={TEXTFILES}", "--collector.systemd", f"--web.listen-address=127.0.0.1:{PORTS['node']}")


def _defaults(home: Home, name: str, *flags: str) -> None:
    home.write(f"/etc/default/{name}", f'ARGS="{" ".join(flags)}"\n')

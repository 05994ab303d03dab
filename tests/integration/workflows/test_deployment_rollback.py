"""Workflow 5: a service got slower soon after it was deployed; going back is proposed with the evidence, and on a yes it is as quick as before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.home import Home

pytestmark = pytest.mark.home

# A week, scaled: held against as long a time before.
OVER_SECONDS = 60
PORT = 8071
QUADLET = f"[Container]\nImage=localhost/shop:latest\nExec=httpd -f -p {PORT} -h /www\nNetwork=host\n[Service]\nTimeoutStopSec=1\nRestart=no\n"
# What answers is a program in the image: the slow one thinks a while.
IMAGE = """\
rm -rf /srv/layers/shop && mkdir -p /srv/layers && cp -a /srv/image /srv/layers/shop && mkdir -p /srv/layers/shop/www/cgi-bin
printf '#!/bin/sh\\nsleep %s\\nprintf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\nwelcome\\\\n"\\n' "$1" >/srv/layers/shop/www/cgi-bin/shop
chmod 755 /srv/layers/shop/www/cgi-bin/shop
tar -C /srv/layers/shop -c . | podman import --quiet - localhost/shop:latest 2>/dev/null
"""
# Asks the shop twice a second, and tells node_exporter how long the slowest of the last five answers took.
CUSTOMER = f"""\
import pathlib, time, urllib.request
told, took = pathlib.Path("/var/lib/prometheus/node-exporter/shop.prom"), []
while True:
    began = time.monotonic()
    try:
        urllib.request.urlopen("http://127.0.0.1:{PORT}/cgi-bin/shop", timeout=5).read()
        took = [*took[-4:], time.monotonic() - began]
        told.with_suffix(".tmp").write_text(f"shop_p95_seconds {{max(took)}}\\n")
        told.with_suffix(".tmp").rename(told)
    except OSError:
        pass
    time.sleep(0.5)
"""


def running_image(home: Home) -> str:
    found = json.loads(home.run("sh", "-c", "podman container inspect systemd-shop 2>/dev/null"))
    return str(found[0]["Image"])


def kept(home: Home) -> int:
    return len(home.run("sh", "-c", "ls /var/lib/homeostat/deployments 2>/dev/null", check=False).split())


def test_the_deployment_after_which_a_service_got_slower_is_proposed_to_be_rolled_back_and_it_is_quick_again(home: Home) -> None:
    home.shell(IMAGE, "0.5")
    home.quadlet("shop.container", QUADLET)
    home.later("podman", "image", "rm", "--force", "localhost/shop:latest")
    home.write("/usr/local/lib/customer.py", CUSTOMER)
    home.unit("customer.service", "[Service]\nExecStart=/usr/bin/python3 /usr/local/lib/customer.py\n")
    now = int(home.run("date", "+%s"))
    past = [f'shop_p95_seconds{{instance="127.0.0.1:9100",job="past"}} 0.52 {at}' for at in range(now - 2 * OVER_SECONDS - 30, now - 1)]
    home.backfill("# TYPE shop_p95_seconds gauge\n" + "\n".join(past) + "\n")
    slow = {"every": "10s"}
    observers = {"deployments": {"every": "2s"}, "drift": slow, "services": slow, "backups": slow, "logs": slow, "pressure": slow}
    home.configure(
        services={"shop": {"manager": "systemd", "unit": "shop.service"}},
        exporter={"observers": observers, "targets": {"latency": {"services": {"shop": "max by (instance) (shop_p95_seconds)"}, "over": f"{OVER_SECONDS}s"}}},
        protections={"deployment_good_after": "1s"},
        autonomy={"actions": {"deployment-rollback": {"watch": "60s"}}},
    )
    quick = running_image(home)
    home.until("the quick one to be kept", lambda: kept(home) == 1)
    home.until("its answers to be seen", lambda: home.query('count_over_time(shop_p95_seconds{job!="past"}[1m]) > 5'))

    # A person deploys another image, and clears up.
    home.shell(IMAGE, "2")
    home.run("systemctl", "restart", "shop.service")
    home.run("podman", "image", "prune", "--force")
    slow_one = running_image(home)
    home.until("the slow one to be kept too", lambda: kept(home) == 2)

    home.until("the deployment to correlate", lambda: home.query('homeostat_deployment_correlation_ratio{target="shop"} >= 0.7'))
    # Where a condition holds it asks once a minute, and after a reload.
    home.reload("actor")
    home.until("the rollback to be proposed", lambda: (story := home.story("service_degradation", "shop")) and (story["state"], story["action"]) == ("proposed", "deployment-rollback"), 180)
    story = home.story("service_degradation", "shop")
    proposed = home.said("proposals")
    assert f"-{slow_one}" in proposed
    assert f"+{quick}" in proposed
    # Until the deployment was known to correlate, another answer may have been proposed.
    (told,) = home.until("people to be asked", lambda: [each for each in home.told("HomeostatProposal", "shop") if each["labels"]["action"] == "deployment-rollback"])[:1]
    assert "deploy" in told["annotations"]["description"]
    assert running_image(home) == slow_one, "nothing is done without a yes"

    home.until("the yes to be taken", lambda: home.cli("approve", story["id"], "--yes")[0] == 0)
    story = home.incident("service_degradation", "shop", "succeeded")
    assert running_image(home) == quick
    # By its latency as it is now, for that of a week would tell a week late.
    assert "service_degradation at shop, which was seen before, is gone" in story["reason"]
    assert home.value('shop_p95_seconds{job!="past"} < 1') is not None
    assert "homeostat undo" in home.said("why", story["id"])

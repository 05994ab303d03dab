"""A systemd of one unit, as a program: what it is told to do it does to files, and writes down."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

from actor import systemctl
from actor.deployments import facts, generating, keeper
from actor.managers import systemd
from homeostat.units import look, places
from tests.support import executable

if TYPE_CHECKING:
    import pathlib

    from tests.crash.life import Life
    from tests.support import Host

SHOP = "shop"
GOOD, NEXT, BROKEN = (f"[Service]\nExecStart=/usr/bin/shop\nEnvironment=EDITION={edition}\n" for edition in ("good", "next", "broken"))
_SYSTEMCTL = """#!/bin/sh
cd {folder} || exit 1
case "$*" in
*UnitPath*) printf 'UnitPath=%s\\nNFailedUnits=0\\n' {folder}/units ;;
show*)
    read -r invocation <invocation; read -r started <started
    if [ -e down ]; then active=failed; else active=active; fi
    if [ units/shop.service -nt loaded ]; then reload=yes; else reload=no; fi
    printf 'Id=shop.service\\nNames=shop.service\\nLoadState=loaded\\nActiveState=%s\\nInvocationID=%s\\nMainPID=0\\n' "$active" "$invocation"
    printf 'NeedDaemonReload=%s\\nExecMainStartTimestamp=%s\\nFragmentPath=%s\\n' "$reload" "$started" {folder}/units/shop.service ;;
daemon-reload) cp -p units/shop.service loaded.new && mv loaded.new loaded ;;
restart*)
    cp loaded running
    date -u '+%a %Y-%m-%d %H:%M:%S.%6N UTC' >started
    read -r invocation <invocation; echo $(( invocation + 1 )) >invocation.new && mv invocation.new invocation
    if grep -q broken running; then touch down; exit 1; fi
    rm -f down ;;
esac
"""


def prepare(host: Host, *actions: str) -> dict[str, Any]:
    """Write the program, and return a configuration with a service of its unit, of which these actions are quick."""
    folder(host).joinpath("units").mkdir(parents=True)
    executable(folder(host) / "systemctl", _SYSTEMCTL.format(folder=folder(host)))
    folder(host).joinpath("invocation").write_text("1\n")
    quick = {name: {"settle": "2s", "watch": "30s"} for name in actions}
    return {"services": {SHOP: {"manager": "systemd", "unit": "shop.service"}}, "autonomy": {"actions": quick}}


def folder(host: Host) -> pathlib.Path:
    return host.folder / "systemd"


def use(life: Life) -> None:
    """Have this process ask that program in the place of systemd."""
    program = str(folder(life.actor.host) / "systemctl")
    place = dataclasses.replace(places.SYSTEM, systemctl=(program,), quadlets=())
    systemd.SYSTEMCTL = program
    systemctl.SYSTEM = place
    look.place_for = lambda user: place
    facts._OF_SYSTEM = str(folder(life.actor.host) / "units")
    generating._ANALYZE = "/usr/bin/true"


def start(life: Life, text: str) -> None:
    """Let a person deploy a unit by hand, and let that be seen to be good where it is."""
    host = life.actor.host
    write(host, text)
    for name in ("loaded", "running"):
        folder(host).joinpath(name).write_text(text)
    # Before the file was written it cannot have been started.
    now = time.time()
    folder(host).joinpath("started").write_text(f"{time.strftime('%a %Y-%m-%d %H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1e6):06d} UTC\n")
    kept = keeper.keep_good(life.actor.config, now + life.actor.config.protections.deployment_good_after + 1)
    assert kept == (f"the deployment of {SHOP} has been well and is kept",), kept


def write(host: Host, text: str) -> None:
    """Let a person write the unit, and do no more."""
    folder(host).joinpath("units", "shop.service").write_text(text)


def declared(host: Host) -> str:
    return folder(host).joinpath("units", "shop.service").read_text()


def running(host: Host) -> str | None:
    """Return the unit's text as it was when it was started, None where it is down."""
    return None if folder(host).joinpath("down").exists() else folder(host).joinpath("running").read_text()


def starts(host: Host) -> int:
    return int(folder(host).joinpath("invocation").read_text()) - 1

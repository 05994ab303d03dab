"""What real units and quadlets are seen as: every way to drift, in words; what failed, what was stopped; what cannot be seen, and why."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from homeostat.config.catalogue import Service
from homeostat.units import asking, states
from homeostat.units.differences import Difference, as_started, differences
from homeostat.units.look import look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.units.facts import Settings
    from homeostat.units.states import States
    from tests.integration.home import Home

pytestmark = pytest.mark.home

APP, PLAIN = "app.service", "plain.service"
QUADLET = """\
[Unit]
Description=An app
[Container]
Image=localhost/box
Exec=sleep infinity
Environment=COLOUR=red KEY=hunter2
Label=team=home
Volume=/srv:/data:ro
Network=none
StopSignal=KILL
[Install]
WantedBy=multi-user.target
"""
UNIT = "[Unit]\nDescription=Plain\n[Service]\nExecStart=/bin/sleep infinity\nLimitNOFILE=256\n[Install]\nWantedBy=multi-user.target\n"
AT = "/etc/containers/systemd/app.container"
SERVICES = {name: Service(manager="systemd", unit=f"{name}.service") for name in ("app", "plain")}


# What runs inside the machine, by name.


def seen(services: dict[str, Service], former: dict[str, Settings]) -> tuple[dict[str, tuple[Difference, ...]], dict[str, str]]:
    """Return what differs of each service, and which could not be seen."""
    now = look(services)
    return {name: differences(unit, former.get(name)) for name, unit in now.units.items()}, now.unseen


def started(services: dict[str, Service]) -> dict[str, Settings | None]:
    return {name: as_started(unit) for name, unit in look(services).units.items()}


def states_of(services: dict[str, Service]) -> States:
    return states.look(services)


def seen_soon(services: dict[str, Service], seconds: float) -> dict[str, str]:
    """Return why services could not be seen by who waits no longer than that for systemd."""
    asking._SECONDS = seconds  # type: ignore[assignment]
    return look(services).unseen


# What the tests ask.


def ended(states: States) -> States | None:
    return states if [states.services[name].state for name in ("app", "plain")] == ["failed", "failed"] else None


def words(home: Home, former: dict[str, Settings] | None = None, name: str = "app") -> list[str]:
    found, _ = home.machine.call(seen, SERVICES, former or {})
    return [f"{each.severity}: {each.words}" for each in found[name]]


@pytest.fixture
def running(home: Home) -> Iterator[dict[str, Settings]]:
    """Start both services as they are declared, and return what their files say."""
    home.quadlet("app.container", QUADLET)
    home.unit(PLAIN, UNIT)
    former = home.machine.call(started, SERVICES)
    assert all(former.values()), former
    assert home.machine.call(seen, SERVICES, {})[0] == {"app": (), "plain": ()}
    yield {name: settings for name, settings in former.items() if settings is not None}
    home.shell(f"rm -rf {AT}.d /etc/systemd/system/*.service.d /etc/systemd/system/app.service; systemctl daemon-reload")


def edit(home: Home, *changes: str, reload: bool = False) -> None:
    home.run("sed", "-i", ";".join(changes), AT)
    if reload:
        home.run("systemctl", "daemon-reload")


@pytest.mark.parametrize("reload", [False, True], ids=["not reloaded", "reloaded"])
def test_an_edited_quadlet_differs_in_what_was_edited(home: Home, running: dict[str, Settings], reload: bool) -> None:
    edit(home, "s/team=home/team=work/", reload=reload)
    assert words(home, running) == ["minor: label team has another value in the file than in what runs"]
    edit(home, "s|/srv:/data:ro|/srv:/data|", "s/red/blue/", reload=reload)
    told = words(home, running)
    assert told == [
        "major: env COLOUR has another value in the file than in what runs",
        "minor: label team has another value in the file than in what runs",
        "major: volume /srv:/data in the file, /srv:/data:ro in what runs",
    ]
    assert "hunter2" not in str(home.machine.call(look, SERVICES))
    home.run("systemctl", "daemon-reload")
    home.run("systemctl", "restart", APP)
    assert words(home) == []


def test_a_new_drop_in_of_the_quadlet_of_its_unit_and_of_another_unit_is_told(home: Home, running: dict[str, Settings]) -> None:
    home.write(f"{AT}.d/10.conf", "[Container]\nReadOnly=true\n")
    home.write("/etc/systemd/system/app.service.d/10.conf", "[Service]\nMemoryMax=512M\n")
    home.write("/etc/systemd/system/plain.service.d/10.conf", "[Service]\nLimitNOFILE=512\n")
    assert words(home, running) == ["major: MemoryMax 512M in the file, none in what runs", "major: read-only set in the file, none in what runs"]
    assert words(home, running, "plain") == ["major: LimitNOFILE 512 in the file, 256 in what runs"]
    assert words(home, name="plain") == ["major: /etc/systemd/system/plain.service.d/10.conf was changed since it was started; what it said then is not known"]


def test_a_limit_that_is_set_while_it_runs_is_in_force_and_no_drift(home: Home, running: dict[str, Settings]) -> None:
    home.run("systemctl", "set-property", "--runtime", PLAIN, "CPUWeight=50")
    home.run("systemctl", "set-property", PLAIN, "CPUWeight=60")
    assert words(home, running, "plain") == []
    home.run("systemctl", "revert", PLAIN)


def test_a_retagged_image_is_drift_until_the_container_is_made_anew(home: Home, running: dict[str, Settings]) -> None:
    home.shell("mkdir -p /srv/other && cp -r /srv/image/. /srv/other && touch /srv/other/new && tar -C /srv/other -c . | podman import - box")
    (told,) = words(home, running)
    assert told.startswith("major: localhost/box:latest is image ")
    home.run("systemctl", "restart", APP)
    assert words(home) == []


def test_a_quadlet_with_a_syntax_error_is_a_finding_with_the_generators_words(home: Home, running: dict[str, Settings]) -> None:
    edit(home, "s/^Exec=/Exek=/")
    mistake = "unsupported key 'Exek' in group 'Container' in /etc/containers/systemd/app.container"
    assert words(home, running) == [f"major: podman's generator makes no unit of it: converting \"app.container\": {mistake}"]
    # Nothing but the running container knows of it now.
    home.run("systemctl", "daemon-reload")
    assert mistake in words(home)[0]
    home.run("podman", "kill", "systemd-app")
    assert mistake in words(home)[0]


def test_a_masked_unit_and_one_whose_file_is_gone_run_all_the_same(home: Home, running: dict[str, Settings]) -> None:
    home.shell("rm /etc/systemd/system/plain.service; systemctl mask app.service; systemctl daemon-reload")
    assert words(home, running) == ["major: the unit is masked, and runs all the same"]
    assert words(home, running, "plain") == ["major: the unit's file is gone, and it runs all the same"]
    home.run("podman", "kill", "systemd-app")
    home.run("systemctl", "kill", "--signal=KILL", PLAIN)
    home.until("both to end", lambda: home.run("systemctl", "is-active", APP, PLAIN, check=False).split() == ["failed", "failed"])
    home.run("systemctl", "reset-failed", APP, PLAIN)
    assert (words(home), words(home, name="plain")) == ([], [])
    told = home.machine.call(states_of, SERVICES).services
    assert (told["app"].state, told["plain"].state) == ("masked", "missing")


def test_an_instance_of_a_template_differs_by_its_templates_files(home: Home) -> None:
    home.unit("many@one.service", "", start=False)
    home.shell("rm /etc/systemd/system/many@one.service")
    home.write("/etc/systemd/system/many@.service", "[Service]\nExecStart=/bin/sleep infinity\nUMask=%i\nUMask=0022\n")
    home.later("rm", "-rf", "/etc/systemd/system/many@.service", "/etc/systemd/system/many@.service.d")
    home.run("systemctl", "daemon-reload")
    home.run("systemctl", "start", "many@one.service")
    services = {"one": Service(manager="systemd", unit="many@one.service"), "template": Service(manager="systemd", unit="many@.service")}
    former = home.machine.call(started, services)
    assert former["one"] is not None
    home.write("/etc/systemd/system/many@.service.d/10.conf", "[Service]\nUMask=0077\n")
    found, unseen = home.machine.call(seen, services, {"one": former["one"]})
    assert [each.words for each in found["one"]] == ["UMask 0077 in the file, 0022 in what runs"]
    assert "many@.service is neither a valid invocation ID nor unit name" in unseen["template"]


def test_what_failed_what_a_person_stopped_and_what_is_not_there_are_told_apart(home: Home, running: dict[str, Settings]) -> None:
    services = {**SERVICES, "nowhere": Service(manager="systemd", unit="nowhere.service"), "box": Service(manager="podman", unit="nobox")}
    before = home.machine.call(states_of, services)
    assert [before.services[name].state for name in ("app", "plain", "nowhere")] == ["active", "active", "missing"]
    assert before.unseen == {"box": "podman knows no container 'nobox'"}
    home.run("systemctl", "kill", "--signal=KILL", PLAIN)
    home.run("systemctl", "stop", APP)
    after = home.until("the end of both", lambda: ended(home.machine.call(states_of, services)))
    # Who asked for the end of a container is told by the journal alone: systemd calls both failed.
    assert [(after.services[name].result, after.services[name].ended) for name in ("app", "plain")] == [("exit-code", "stopped"), ("signal", "itself")]
    assert (after.failed_units or 0) == (before.failed_units or 0) + 2
    home.run("systemctl", "reset-failed", APP, PLAIN)
    home.write("/etc/systemd/system/plain.service.d/10.conf", "[Service]\nExecStart=\nExecStart=/bin/sleep 0.1\n")
    home.shell("systemctl daemon-reload; systemctl enable plain; systemctl start plain")
    over = home.until("its end", lambda: found if (found := home.machine.call(states_of, services).services["plain"]).state == "inactive" else None)
    assert (over.result, over.wanted, over.ended) == ("success", True, "itself")
    home.run("systemctl", "disable", PLAIN)


def test_a_user_without_linger_is_one_clear_reason_and_blinds_nobody(home: Home, running: dict[str, Settings]) -> None:
    home.run("useradd", "passerby", check=False)
    services = {**SERVICES, "theirs": Service(manager="systemd-user", unit="x.service", user="passerby"), "nobodys": Service(manager="systemd-user", unit="x.service", user="nobody-here")}
    found, unseen = home.machine.call(seen, services, {})
    assert found.keys() == {"app", "plain"}
    assert unseen == {
        "theirs": "no systemd runs for 'passerby'; start one with: loginctl enable-linger passerby",
        "nobodys": "there is no user 'nobody-here' on this host",
    }


def test_a_users_quadlet_is_seen_and_its_syntax_error_told(home: Home) -> None:
    home.run("useradd", "--create-home", "quadleteer", check=False)
    uid = home.run("id", "-u", "quadleteer").strip()
    own = "/home/quadleteer/.config/containers/systemd"
    home.write(f"{own}/mine.container", "[Container]\nImage=localhost/box\n")
    home.write(f"{own}/bad.container", "[Container]\nImagee=localhost/box\n")
    home.shell(f"chown -R quadleteer /home/quadleteer; systemctl start user@{uid}")
    home.later("systemctl", "stop", f"user@{uid}")
    services = {name: Service(manager="systemd-user", unit=f"{name}.service", user="quadleteer") for name in ("mine", "bad")}
    found, unseen = home.machine.call(seen, services, {})
    assert unseen == {}
    assert found["mine"] == ()
    (difference,) = found["bad"]
    assert f"unsupported key 'Imagee' in group 'Container' in {own}/bad.container" in difference.words


def test_without_podman_units_are_seen_and_containers_are_not_there(home: Home, running: dict[str, Settings]) -> None:
    home.run("mv", "/usr/bin/podman", "/usr/bin/podman.away")
    try:
        found, unseen = home.machine.call(seen, {**SERVICES, "box": Service(manager="podman", unit="app")}, {})
    finally:
        home.run("mv", "/usr/bin/podman.away", "/usr/bin/podman")
    assert found.keys() == {"app", "plain"}
    assert unseen == {"box": "podman knows no container 'app'"}


def test_a_systemd_that_hangs_is_waited_for_no_longer_than_the_deadline(home: Home, running: dict[str, Settings]) -> None:
    os.kill(home.machine.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        unseen = home.machine.call(seen_soon, SERVICES, 1)
        assert time.monotonic() - began < 30
    finally:
        os.kill(home.machine.pid, signal.SIGCONT)
    assert set(unseen) == {"app", "plain"}
    assert all(why.startswith("systemd does not answer: /usr/bin/systemctl show ") and "ended at its deadline of 1 s" in why for why in unseen.values())


def test_drift_is_asserted_through_the_chain_and_over_when_it_is_gone(home: Home, running: dict[str, Settings]) -> None:
    home.configure(services={"app": {"manager": "systemd", "unit": APP}}, autonomy={"mode": "shadow"})
    major = 'homeostat_problem_confidence_ratio{problem="config_drift_major",target="app",resource="service"}'
    counted = 'sum(homeostat_drift_differences{target="app"})'
    home.until("a look that finds nothing", lambda: home.value(counted) == 0)
    edit(home, "s|/srv:/data:ro|/srv:/data|", reload=True)
    home.until("drift in two looks", lambda: home.value(major) == 1)
    (trouble,) = home.get("observations", "exporter")["observers"]["drift"]["troubles"]
    assert trouble["words"] == "volume /srv:/data in the file, /srv:/data:ro in what runs"
    home.run("systemctl", "restart", APP)
    home.until("no drift", lambda: home.value(counted) == 0 and home.value(major) is None)
    deployed = home.until("a deployment", lambda: home.value('homeostat_deployment_timestamp_seconds{target="app",what="unit"}'))
    assert abs(deployed - float(home.run("date", "+%s"))) < 60

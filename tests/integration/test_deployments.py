"""Real units and containers are deployed as declared, and go back to the unit and the image from before when that does not come up."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from typing import TYPE_CHECKING

import msgspec
import pytest

from actor import deeds
from actor.deployments import facts, keeper, store
from actor.disk import copies, three_way
from actor.journal import Journal, incidents
from actor.model import Decided, EpisodeKey
from actor.person import Spoken
from actor.person.approval import approve
from actor.person.undoing import Undone, undo
from actor.pipeline import remediate
from actor.playbook import load_playbooks
from actor.world import StopSwitch, World
from homeostat.clock import SystemClock
from homeostat.config import Config, Duration, Size
from homeostat.config.autonomy import ActionOverride, Autonomy
from homeostat.config.catalogue import Service
from homeostat.config.types import Actor, Protections
from tests.support import FakeAlertmanager, FakePrometheus

if TYPE_CHECKING:
    from actor.deployments.store import Good
    from actor.model import Effect, Restored
    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

CONTRACT = "/homeostat/tests/actor/protections/test_contract.py"
UNITS = "/etc/systemd/system"
ROOT_FOLDER = "/var/lib/homeostat-deployments"
# What a quadlet becomes; podman 4.3 knows none.
CONTAINER = """\
[Unit]
Description=A container of the tests
[Service]
Type=notify
NotifyAccess=all
Environment=PODMAN_SYSTEMD_UNIT=%n
TimeoutStopSec=1
ExecStart=/usr/bin/podman run --name {name} --replace --rm --network none --cgroups disabled --sdnotify conmon -d {options} localhost/{name}:latest /bin/sleep 999
ExecStop=/usr/bin/podman rm -f -t 0 {name}
"""
IMAGE = "rm -rf /srv/{name} && mkdir -p /srv/{name}/bin && cp /bin/busybox /srv/{name}/bin/{program} && echo {mark} >/srv/{name}/mark && tar -C /srv/{name} -c . | podman import --quiet - localhost/{name}:latest 2>/dev/null"


# What runs inside the machine, by name.


@dataclasses.dataclass
class Deed:
    """How an action ended, its plan's summaries and differences, and each phase's failure, None where it went well."""

    outcome: str
    reason: str
    summaries: tuple[str, ...]
    difference: tuple[str, ...]
    phases: dict[str, str | None]


def name_of(service: Service) -> str:
    return (service.unit or "").removesuffix(".service")


def config_of(service: Service) -> Config:
    overrides = {name: ActionOverride(settle=Duration(1), watch=Duration(0)) for name in ("drift-reconciliation", "deployment-rollback")}
    return Config(
        host="here",
        services={name_of(service): service},
        autonomy=Autonomy(mode="active", level="aggressive", actions=overrides),
        protections=Protections(deployment_good_after=Duration(0)),
        actor=Actor(state_directory=ROOT_FOLDER),
    )


def world_of(service: Service, folder: str) -> World:
    return World(
        config=config_of(service),
        playbooks=load_playbooks(None),
        journal=Journal(pathlib.Path(folder), Size(4096)),
        clock=SystemClock(),
        prometheus=FakePrometheus(SystemClock()),
        alertmanager=FakeAlertmanager(),
        stop=StopSwitch(folder),
    )


def do_it(service: Service, action: str, problem: str, folder: str) -> Deed:
    """Propose an action to a person, who says yes, and carry it out; its journal is real, Prometheus only decides, and nothing is silenced."""
    world = world_of(service, folder)
    try:
        return _approved(world, EpisodeKey("here", problem, name_of(service), "service"), action)
    finally:
        world.journal.close()


def _approved(world: World, key: EpisodeKey, action: str) -> Deed:
    assert isinstance(world.prometheus, FakePrometheus)
    world.prometheus.decide(key, action, "propose", 0.95)
    decided = Decided(key=key, action=action, risk="high", decision="propose", severity="warning", confidence=0.95)
    with world.journal.transaction() as db:
        incidents.open_incident(db, "one", decided, (world.clock.now(), world.clock.now()))
    remediate(world, "one")
    proposal = incidents.proposal_of(world.journal, "one")
    commands = proposal["plan"]["commands"] if proposal is not None else []
    if commands:
        assert proposal is not None
        reply = approve(world, Spoken("one", "anna"), proposal["plan_hash"])
        assert reply.taken, reply.reason
        remediate(world, "one")
    incident = incidents.find(world.journal, "one")
    assert incident is not None
    return Deed(
        incident.outcome or str(incident.state),
        incident.reason,
        tuple(command["summary"] for command in commands),
        tuple(line for command in commands for line in command["difference"]),
        {phase["phase"]: phase["failure"] for phase in incidents.phases_of(world.journal, "one")},
    )


def undo_it(service: Service, folder: str, *, dry_run: bool = False) -> Undone:
    """Take back what was done last, as a person's word has it."""
    world = world_of(service, folder)
    try:
        return undo(world, Spoken("", "anna"), dry_run=dry_run)
    finally:
        world.journal.close()


def keep_good(service: Service) -> tuple[str, ...]:
    return keeper.keep_good(config_of(service), SystemClock().now())


def killed_half_way(service: Service, edit: str) -> tuple[Effect, Restored]:
    """Put an earlier deployment's files back as `deployment-rollback` does, go no further, let a person append an `edit`, and undo that."""
    known = load_playbooks(None)["deployment-rollback"]
    case = deeds.build_case(config_of(service), known, (name_of(service), "one"), 0.0, lambda: False)
    record, (command, _) = deeds.protect(case, known), deeds.plan(case, known).commands
    copies.undone(command.arguments["folder"], copies.changes(command.arguments["folder"]), three_way.revert)
    effect = deeds.oracle(case, command)
    if edit:
        with pathlib.Path(f"{UNITS}/{service.unit}").open("a", encoding="utf-8") as file:
            file.write(edit)
    return effect, deeds.undo(case, record)


def good_of(service: Service) -> list[Good]:
    return store.good_of(config_of(service), name_of(service))


# What the tests ask of the machine.


@pytest.fixture
def journal(machine: Machine) -> str:
    """Make a folder for a journal in the machine."""
    return machine.run("mktemp", "--directory").strip()


def image(machine: Machine, name: str, mark: str, program: str = "sleep") -> str:
    """Make an image of a container and return its id; one whose program is another cannot run it."""
    return machine.run("/bin/sh", "-c", IMAGE.format(name=name, mark=mark, program=program)).split()[-1].removeprefix("sha256:")


def unit_file(machine: Machine, name: str, options: str = "") -> None:
    machine.write(f"{UNITS}/{name}.service", CONTAINER.format(name=name, options=options))


def deployed(machine: Machine, name: str) -> tuple[Service, str]:
    """Deploy a container and keep that as good; return the service and its image's id."""
    made = image(machine, name, "first")
    unit_file(machine, name)
    machine.run("systemctl", "daemon-reload")
    machine.run("/bin/sh", "-c", f"systemctl start {name} || journalctl -u {name} | tail -5 >&2; systemctl is-active {name}")
    service = Service(manager="systemd", unit=f"{name}.service", health=("/usr/bin/podman", "exec", name, "/bin/sleep", "0"))
    assert f"the deployment of {name} has been well and is kept" in machine.call(keep_good, service)
    return service, made


def test_the_protection_of_deployments_keeps_the_contract_of_protections(machine: Machine) -> None:
    asked = ("python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "deployment", CONTRACT)
    told = machine.run("env", "HOMEOSTAT_UNITS=yes", *asked)
    assert re.search(r"^(\d+) passed, \d+ deselected in", told, re.MULTILINE), told


def runs(machine: Machine, service: Service) -> facts.Running:
    return machine.call(facts.look, service)


def test_an_edited_unit_is_shown_line_by_line_and_deployed_once_a_person_says_yes_and_undone_by_a_persons_word(machine: Machine, journal: str) -> None:
    service, made = deployed(machine, "edited-box")
    unit_file(machine, "edited-box", "--label tier=front")
    assert runs(machine, service).edited

    deed = machine.call(do_it, service, "drift-reconciliation", "config_drift_minor", journal)

    assert deed.outcome == "warned", deed
    assert [line for line in deed.difference if line.startswith(("+", "-")) and "ExecStart" in line and "tier=front" in line] != []
    after = runs(machine, service)
    assert not after.edited
    assert after.image is not None
    assert after.image.id == made
    assert "tier=front" in machine.run("podman", "inspect", "edited-box")

    assert machine.call(undo_it, service, journal).restored == 1
    assert "tier=front" not in machine.run("podman", "inspect", "edited-box")
    assert "tier=front" not in machine.run("cat", f"{UNITS}/edited-box.service")
    assert not runs(machine, service).edited


def test_a_retagged_image_that_does_not_run_is_rolled_back_although_podman_pruned_meanwhile(machine: Machine, journal: str) -> None:
    service, made = deployed(machine, "broken-box")
    other = image(machine, "broken-box", "second", program="nothing")
    machine.run("podman", "image", "prune", "--force")
    assert runs(machine, service).retagged

    deed = machine.call(do_it, service, "drift-reconciliation", "config_drift_major", journal)

    assert deed.outcome == "rolled_back", deed
    assert f"-{made}" in deed.difference
    assert f"+{other}" in deed.difference
    after = runs(machine, service)
    assert after.state.active
    assert after.image is not None
    assert (after.image.id, after.declared) == (made, made)


def test_a_drop_in_in_a_folder_that_systemd_has_not_noticed_yet_is_an_edit(machine: Machine) -> None:
    service, _ = deployed(machine, "unnoticed-box")
    machine.write(f"{UNITS}/unnoticed-box.service.d/10-edit.conf", "[Service]\nMemoryMax=64M\n")

    assert runs(machine, service).edited
    assert machine.call(keep_good, service) == ()


def test_a_drop_in_that_breaks_the_unit_goes_again_and_the_service_is_up_as_before(machine: Machine, journal: str) -> None:
    service, made = deployed(machine, "dropped-box")
    machine.write(f"{UNITS}/dropped-box.service.d/10-edit.conf", "[Service]\nExecStartPre=/usr/bin/false\n")

    deed = machine.call(do_it, service, "drift-reconciliation", "config_drift_major", journal)

    assert deed.outcome == "rolled_back", str(deed)+machine.run("journalctl","-n","40","--no-pager")
    after = runs(machine, service)
    assert after.state.active
    assert after.image is not None
    assert after.image.id == made
    assert machine.run("ls", f"{UNITS}/dropped-box.service.d", check=False).startswith("ls: cannot access")
    kept = machine.run("/bin/sh", "-c", f"find {ROOT_FOLDER}/undeployed -path '*declared*10-edit.conf'")
    assert kept.count("\n") == 1, "what the person wrote is kept beside"


def test_what_a_person_edits_after_a_deployment_is_left_and_named_by_its_undo(machine: Machine, journal: str) -> None:
    service, _ = deployed(machine, "touched-box")
    unit_file(machine, "touched-box", "--label tier=front")
    assert machine.call(do_it, service, "drift-reconciliation", "config_drift_minor", journal).outcome == "warned"
    before = runs(machine, service).state.invocation
    unit_file(machine, "touched-box", "--label tier=mine")

    undone = machine.call(undo_it, service, journal)

    assert undone.conflicts == (f"{UNITS}/touched-box.service",)
    assert "tier=mine" in machine.run("cat", f"{UNITS}/touched-box.service")
    assert runs(machine, service).state.invocation == before


def test_an_edit_that_comes_while_it_is_looked_at_is_not_kept_as_what_was_good(machine: Machine) -> None:
    service, made = deployed(machine, "raced-box")
    other = image(machine, "raced-box", "second")
    machine.run("systemctl", "restart", "raced-box")
    machine.write("/srv/raced-box-health", f"#!/bin/sh\necho '# not what runs' >>{UNITS}/raced-box.service\n")
    machine.run("chmod", "755", "/srv/raced-box-health")

    assert machine.call(keep_good, msgspec.structs.replace(service, health=("/srv/raced-box-health",))) == ()

    assert [good.deployment.image.id for good in machine.call(good_of, service) if good.deployment.image is not None] == [made] != [other]
    assert "not what runs" not in machine.run("/bin/sh", "-c", f"cat {ROOT_FOLDER}/deployments/*/copies{UNITS}/raced-box.service")


def test_what_ran_too_shortly_to_be_known_is_no_minor_difference_from_what_was_good_before(machine: Machine, journal: str) -> None:
    service, _ = deployed(machine, "brief-box")
    good = machine.run("cat", f"{UNITS}/brief-box.service")
    machine.write(f"{UNITS}/brief-box.service", good.replace("[Service]", "[Service]\nMemoryMax=64M"))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "brief-box")
    machine.write(f"{UNITS}/brief-box.service", good.replace("A container of the tests", "A box"))

    deed = machine.call(do_it, service, "drift-reconciliation", "config_drift_minor", journal)

    assert "what it said then is not known" in deed.summaries[0], deed


def test_a_unit_with_a_mistake_is_refused_before_anything_is_done_and_the_line_is_told(machine: Machine, journal: str) -> None:
    service, _ = deployed(machine, "wrong-box")
    before = runs(machine, service).state.invocation
    machine.write(f"{UNITS}/wrong-box.service", "[Service\nExecStart=/bin/sleep infinity\n")

    deed = machine.call(do_it, service, "drift-reconciliation", "config_drift_major", journal)

    assert (deed.outcome, deed.summaries) == ("proposed", ())
    assert f"{UNITS}/wrong-box.service:1: Invalid section header" in deed.reason
    assert "execute" not in deed.phases
    assert runs(machine, service).state.invocation == before


def test_without_a_deployment_that_was_kept_an_edited_unit_is_not_deployed(machine: Machine, journal: str) -> None:
    image(machine, "fresh-box", "first")
    unit_file(machine, "fresh-box")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "fresh-box")
    service = Service(manager="systemd", unit="fresh-box.service")
    unit_file(machine, "fresh-box", "--label tier=front")
    machine.run("rm", "-rf", f"{ROOT_FOLDER}/deployments")

    deed = machine.call(do_it, service, "drift-reconciliation", "config_drift_minor", journal)

    assert deed.outcome == "refused", deed
    assert "fresh-box.service was edited since fresh-box was started, and no good deployment of it is kept from before" in deed.reason


def test_the_deployment_before_the_one_that_got_worse_is_put_back_and_that_can_be_undone(machine: Machine, journal: str) -> None:
    service, made = deployed(machine, "slow-box")
    other = image(machine, "slow-box", "second")
    unit_file(machine, "slow-box", "--label tier=slow")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "slow-box")
    machine.run("podman", "image", "prune", "--force")
    assert machine.call(keep_good, service) == ("the deployment of slow-box has been well and is kept",)
    assert machine.call(keep_good, service) == ()

    deed = machine.call(do_it, service, "deployment-rollback", "service_degradation", journal)

    assert deed.outcome == "warned", deed
    assert f"+{made}" in deed.difference
    after = runs(machine, service)
    assert after.image is not None
    assert (after.image.id, after.declared, after.edited) == (made, made, False)
    assert "tier=slow" not in machine.run("podman", "inspect", "slow-box")

    assert machine.call(undo_it, service, journal).restored == 2
    again = runs(machine, service)
    assert again.image is not None
    assert again.image.id == other
    assert "tier=slow" in machine.run("podman", "inspect", "slow-box")


@pytest.mark.parametrize("edited", [False, True])
def test_a_rollback_that_was_killed_half_way_is_taken_back_but_for_what_somebody_edited_since(machine: Machine, edited: bool) -> None:
    name = f"killed-box-{edited:d}"
    service, _ = deployed(machine, name)
    other = image(machine, name, "second")
    unit_file(machine, name, "--label tier=slow")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", name)
    machine.call(keep_good, service)

    effect, restored = machine.call(killed_half_way, service, "# mine" if edited else "")

    assert effect == "partial"
    if edited:
        assert (restored.restored, len(restored.conflicts)) == (0, 1)
        assert "# mine" in machine.run("cat", f"{UNITS}/{name}.service")
        return
    assert (restored.restored, restored.conflicts) == (1, ())
    assert "tier=slow" in machine.run("cat", f"{UNITS}/{name}.service")
    after = runs(machine, service)
    assert after.image is not None
    assert (after.image.id, after.edited or after.retagged) == (other, False)


def test_where_no_other_good_deployment_is_kept_the_plan_says_so_and_nothing_is_done(machine: Machine, journal: str) -> None:
    service, _ = deployed(machine, "only-box")
    deed = machine.call(do_it, service, "deployment-rollback", "service_degradation", journal)
    assert (deed.outcome, deed.summaries, set(deed.phases)) == ("proposed", (), {"investigate"})
    assert "no other good deployment of only-box is kept, so there is none to go back to" in deed.reason


def test_a_name_of_an_image_that_another_unit_asks_for_too_is_not_moved_and_the_proposal_names_that_unit(machine: Machine, journal: str) -> None:
    service, _ = deployed(machine, "shared-box")
    other = image(machine, "shared-box", "second")
    machine.run("systemctl", "restart", "shared-box")
    machine.call(keep_good, service)
    machine.write(f"{UNITS}/beside-box.service", CONTAINER.format(name="beside-box", options="").replace("localhost/beside-box", "localhost/shared-box"))

    deed = machine.call(do_it, service, "deployment-rollback", "service_degradation", journal)

    assert (deed.outcome, deed.summaries) == ("proposed", ()), deed
    assert "localhost/shared-box:latest is the image of beside-box.service too" in deed.reason
    after = runs(machine, service)
    assert after.image is not None
    assert (after.image.id, after.declared) == (other, other)


def test_a_container_that_no_unit_runs_shares_a_name_of_an_image_too_and_one_of_another_image_does_not(machine: Machine, journal: str) -> None:
    service, made = deployed(machine, "lent-box")
    image(machine, "lent-box", "second")
    machine.run("systemctl", "restart", "lent-box")
    machine.call(keep_good, service)
    machine.run("podman", "create", "--name=guest", "localhost/lent-box", "/bin/sleep", "9")

    deed = machine.call(do_it, service, "deployment-rollback", "service_degradation", journal)

    assert "localhost/lent-box:latest is the image of container guest too" in deed.reason
    machine.run("podman", "rm", "guest")
    again = machine.run("mktemp", "--directory").strip()
    assert machine.call(do_it, service, "deployment-rollback", "service_degradation", again).outcome == "warned"
    after = runs(machine, service)
    assert after.image is not None
    assert after.image.id == made

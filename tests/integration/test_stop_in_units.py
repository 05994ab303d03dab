"""The console's stop on a real systemd: who hears the network pulls it, root's half hears it and ends what runs, and root's own stop stays root's."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from actor.model import StepFailed
from homeostat.clock import SystemClock
from tests.actor.live import Live
from tests.actor.web import alert, payload
from tests.httpd import Reply, serving
from tests.integration import machine as machines
from tests.integration import stack, test_executor
from tests.integration.test_executor import CONFIG, SETTINGS, as_actor, restart_through_root
from tests.support import WEB, FakePrometheus, Host, labels_of

if TYPE_CHECKING:
    import concurrent.futures
    import pathlib
    from collections.abc import Callable, Iterator

    from tests.httpd import Site
    from tests.integration.machine import Container, Machine

pytestmark = pytest.mark.integration

installed = test_executor.installed


@contextlib.contextmanager
def serving_in(network: concurrent.futures.Executor) -> Iterator[Site]:
    """Serve inside the machine whose network that thread has."""
    with contextlib.ExitStack() as opened:
        yield network.submit(opened.enter_context, serving(lambda asked: Reply({}, 500))).result()


def say_at_the_console(word: str) -> str:
    """Log in at the actor's console, send the form of a word on everything, and return what the page says of it; it runs inside the machine."""
    base, session = "http://127.0.0.1:9922", requests.Session()
    # It may have been started a moment ago.
    session.mount(base, HTTPAdapter(max_retries=Retry(connect=10, backoff_factor=0.2)))

    def send(page: str, form: str, **fields: str) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', session.get(base + page, timeout=60).text)
        assert token is not None
        return session.post(base + form, {"csrf_token": token[1], **fields}, timeout=60).text

    send("/login", "/login", name="ada", token="2f8e02c7b6a59d341")
    told = send("/controls", f"/controls/{word}", sure="1", reason="smoke")
    return re.sub(r"<[^>]+>", "", told.split('class="message', 1)[1].split("</p>")[0])


def test_root_hears_the_stop_of_the_console_whose_process_may_lift_no_stop_of_root_s(installed: Machine) -> None:
    assert "everything is stopped, until you resume" in installed.call(say_at_the_console, "stop")
    try:
        assert installed.run("stat", "--format=%U %a", "/var/lib/homeostat/stop").strip() == "homeostat 644"
        with pytest.raises(StepFailed, match=r"stopped: by ada@console at .*: smoke"):
            installed.call(as_actor, restart_through_root, "still")
        installed.write("/var/lib/homeostat-executor/stop", "by root: really")
        assert "it was pulled on the host, where root lifts it" in installed.call(say_at_the_console, "resume")
        with pytest.raises(StepFailed, match="stopped: by root: really"):
            installed.call(as_actor, restart_through_root, "still")
    finally:
        installed.run("rm", "-f", "/var/lib/homeostat-executor/stop")
    told = installed.call(say_at_the_console, "resume")
    # There is no Alertmanager here; the stop is not among what could not be taken back.
    assert "the stop:" not in told, told
    assert installed.call(as_actor, restart_through_root, "still")["status"] == 0


LONG = """\
name: long-heal
answers: [memory_leak]
acts_on: service
action_class: config
risk: low
impact_certainty: 0.9
protection: command
estimate: 5m
deadline: 10m
steps:
  - command: {run: [/usr/local/sbin/heal, first, "{unit}"], undo: [/usr/local/sbin/heal, back, first]}
  - command: {run: [/usr/local/sbin/heal, long, "{unit}"], undo: [/usr/local/sbin/heal, back, long], deadline: 5m}
verify: {settle: 1s, measure: service-memory-ratio, success: "-0.05", warn: "< 0"}
"""
# The second step would take minutes, and leaves a child in a session of its own.
HEAL = """\
#!/bin/sh
case "$1" in
first) echo "$2" >/run/heal-first ;;
long) sleep 301 & setsid sleep 302 & echo "$2" >/run/heal-long; wait ;;
back) rm -f "/run/heal-$2"; echo "$2" >>/run/heal-back ;;
esac
"""
LONG_PLACES = """\
host: h1
prometheus: {{url: "{url}", timeout: 2s, evaluation_interval: 5s}}
alertmanager: {{url: "{url}", timeout: 2s}}
exporter: {{cycle: 5s, scrape_interval: 100ms}}
autonomy: {{mode: active, level: aggressive}}
services:
  web: {{manager: systemd, unit: still.service, memory_limit: 200MB}}
security:
  intake_token_files: [/etc/homeostat/intake.token]
  operator_token_files: [/etc/homeostat/operator.token]
actor: {{executor_directory: /var/lib/homeostat-executor, playbook_directory: /etc/homeostat/playbooks, reconcile: 1s}}
"""


@dataclasses.dataclass
class Installed:
    """The installed actor and root's half, which are told by a Prometheus and an Alertmanager of the test's inside the machine."""

    machine: Container
    live: Live
    network: concurrent.futures.Executor

    def http(self, method: str, path: str, **options: Any) -> requests.Response:
        answer: requests.Response = self.network.submit(requests.request, method, f"http://127.0.0.1:9922{path}", timeout=30, **options).result()
        return answer

    def answers(self) -> bool:
        try:
            return self.http("GET", "/-/ready").ok
        except requests.RequestException:
            return False

    def decide(self, action: str) -> None:
        self.live.prometheus.decide(WEB, action, "auto-execute", 0.95)
        delivered = self.http("POST", "/webhook", data=payload(alert(labels=labels_of(WEB, action, "auto-execute"))), headers=INTAKE)
        assert delivered.status_code == 202

    def story(self) -> dict[str, Any]:
        known = self.http("GET", "/api/v1/decisions", headers=OPERATOR).json()
        return dict(self.http("GET", f"/api/v1/incidents/{known[0]['id']}", headers=OPERATOR).json()) if known else {}

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        try:
            # What cannot be told while root's half begins anew is refused, and asked again after a minute.
            stack.wait_for(what, condition, 2 * stack.PATIENCE_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()}") from None

    def logs(self) -> str:
        return self.machine.run("journalctl", "--no-pager", "--lines=40", "--unit=homeostat-*")

    def exists(self, path: str) -> bool:
        return "yes" in self.machine.run("/bin/sh", "-c", 'test -e "$1" && echo yes', "sh", path, check=False)

    def processes(self) -> str:
        """Return what still runs of the long step, and its transient units."""
        running = self.machine.run("pgrep", "--full", "--list-full", "sleep 30[12]|/usr/local/sbin/heal", check=False)
        return running + self.machine.run("systemctl", "list-units", "--all", "--no-legend", f"homeostat-{self.story()['id']}-*", check=False)


INTAKE, OPERATOR = ({"Authorization": f"Bearer {number}f8e02c7b6a59d341"} for number in (1, 2))


@pytest.fixture
def heard(installed: Container, tmp_path: pathlib.Path) -> Iterator[Installed]:
    """Give the installed actor doors that answer and a playbook of two programs, of which the second takes minutes."""
    with machines.network_of(installed) as network, serving_in(network) as site:
        live = Live(tmp_path, site, Host(tmp_path), FakePrometheus(SystemClock()))
        site.answer = live.answer
        installed.write("/etc/homeostat/playbooks/long-heal.yml", LONG)
        installed.write("/usr/local/sbin/heal", HEAL)
        installed.run("chmod", "755", "/usr/local/sbin/heal")
        installed.write(CONFIG, LONG_PLACES.format(url=site.url))
        installed.run("systemctl", "restart", "homeostat-actor.service")
        house = Installed(installed, live, network)
        house.until("the actor to be ready", house.answers)
        yield house
        installed.write(CONFIG, SETTINGS)
        installed.run("systemctl", "restart", "homeostat-actor.service")


def test_the_stop_of_the_console_ends_a_long_step_of_root_s_and_what_it_did_is_put_back(heard: Installed) -> None:
    heard.decide("long-heal")
    heard.until("the long step to run", lambda: heard.exists("/run/heal-long"))
    assert "sleep 302" in heard.processes()
    assert heard.machine.run("cat", "/run/heal-first").strip() == "still.service"
    assert "everything is stopped, until you resume" in heard.machine.call(say_at_the_console, "stop")
    try:
        # The child in a session of its own too: what ends is the unit that root's half runs it in.
        heard.until("the program to be gone", lambda: "sleep" not in heard.processes())
        heard.until("the incident to end", lambda: heard.story()["outcome"] is not None)
        story = heard.story()
        assert (story["outcome"], "ended by the stop" in story["reason"]) == ("rolled_back", True), story["reason"]
        # Putting back is no deed that a stop holds up: the last step's first.
        assert heard.machine.run("cat", "/run/heal-back").split() == ["long", "first"]
        assert [heard.exists(f"/run/heal-{step}") for step in ("first", "long")] == [False, False]
        assert heard.processes() == ""
    finally:
        heard.machine.call(say_at_the_console, "resume")

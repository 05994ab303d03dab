r"""A home with everything in it, for proofs from injected trouble to verified outcome, with nothing faked.

A Debian 13 of its own (systemd as PID 1, podman 5 with quadlets, a btrfs at POOL) in which Debian's own node_exporter,
Prometheus and Alertmanager and both our daemons run, as its own Python runs them, at a pace of seconds. A test uses the
fixture `home` (tests/integration/workflows/conftest.py), which every module finds as new:

    pytestmark = pytest.mark.home

    def test_a_dead_service_is_up_again(home: Home) -> None:
        home.unit("web.service", "[Service]\nExecStart=/bin/sleep infinity")   # written, loaded, started, gone with the module
        home.configure(services={"web": {"manager": "systemd", "unit": "web.service"}})   # homeostat.yml, merged; both daemons read it
        home.run("systemctl", "kill", "--signal=KILL", "web.service")
        story = home.incident("service_down", "web", "succeeded")               # waits; the whole story as the API tells it
        assert "web" in home.said("why", "web")                                # the CLI, inside
        assert home.value('homeostat_actions_total{target="web"}') == 1         # PromQL

Containers: `home.quadlet("app.container", "[Container]\nImage=localhost/box\nExec=...\nNetwork=host")`; the image `localhost/box` has
busybox with all its applets. Nothing outside is reached. Files on the host: `home.write(path, text)`; those below POOL go with the
module (subvolumes too), others are the test's to remove, or `home.later("rm", ...)` does. Series of your own: `home.series(name, text)`, read by node_exporter.
A service's own
metrics: `home.scrape(job, port)`. Series of the past: `home.backfill(openmetrics)`, and `exporter=REAL` for days that are days. Rules of an owner: `home.rules(name, rule, ...)`. What people were sent: `home.told(alertname, target)`. A daemon's end: `home.kill("actor")`, `home.start("actor")`.
Python that has to run inside: `home.machine.call(function, *arguments)`. What the daemons log: `home.logs("actor")`.
There is no memory controller here (a unit's memory is its processes' own); where that matters, use tests/integration/vm.py.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from typing import TYPE_CHECKING, Any

import requests
import yaml

from tests.actor.process import OPERATOR
from tests.integration import stack
from tests.integration.house import in_short
from tests.support import merged

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable

    from tests.httpd import Site
    from tests.integration.machine import Container

HOST = "home"
POOL = "/srv/pool"
CONFIG = "/etc/homeostat/homeostat.yml"
TEXTFILES = "/var/lib/prometheus/node-exporter"
OWN_RULES = "/etc/prometheus/own"
PORTS = {"prometheus": 9090, "alertmanager": 9093, "node": 9100, "exporter": 9921, "actor": 9922}
UNITS = {
    "node": "prometheus-node-exporter.service",
    "prometheus": "prometheus.service",
    "alertmanager": "prometheus-alertmanager.service",
    "exporter": "homeostat-exporter.service",
    "actor": "homeostat-actor.service",
}
HEALTHY = {"node": "/", "prometheus": "/-/ready", "alertmanager": "/-/ready", "exporter": "/-/healthy", "actor": "/-/ready"}
METRICS = "/var/lib/prometheus/metrics2"
# What a chain remembers, and what is new for the next module.
MEMORY = ("/var/lib/homeostat", "/var/lib/homeostat-exporter", METRICS, "/var/lib/prometheus/alertmanager")
# The exporter's horizons as the product has them, unlike the home's own pace: days are days here.
REAL = {"window": "7d", "step": "5m", "horizons": ["24h", "48h", "7d", "14d", "30d"]}
QUADLETS = "/etc/containers/systemd"
PLAYBOOKS = sorted(path.stem for path in (stack.ROOT / "actor/playbooks").glob("*.yml"))
# By then the actor has asked the host what can be made good of what is configured now.
_ASKED_AGAIN_SECONDS = 1

_EMPTY_POOL = """\
btrfs subvolume list "$1" | sed 's|.* path ||' | sort -r | while read -r path; do btrfs subvolume delete "$1/$path"; done
find "$1" -mindepth 1 -delete
btrfs filesystem sync "$1"
"""


@dataclasses.dataclass
class Home:
    """The machine, what is configured in it, and what people were told."""

    machine: Container
    network: concurrent.futures.Executor
    people: Site
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    leftovers: list[tuple[str, ...]] = dataclasses.field(default_factory=list)

    # --- What a test does to it ---------------------------------------------------------------------------------------

    def run(self, *argv: str, check: bool = True) -> str:
        """Run a command as root and return what it printed."""
        return self.machine.run(*argv, check=check)

    def shell(self, script: str, *arguments: str) -> str:
        """Run a script, of which the first command that fails ends it, and return what it printed."""
        return self.run("/bin/sh", "-ec", script, "sh", *arguments)

    def write(self, path: str, text: str, mode: str = "644") -> None:
        """Write a file, making its folders."""
        self.machine.write(path, text)
        self.run("chmod", mode, path)

    def later(self, *argv: str) -> None:
        """Have a command run when the module is over; what was asked last runs first."""
        self.leftovers.append(argv)

    def unit(self, name: str, text: str, *, start: bool = True) -> None:
        """Write a unit, load and start it."""
        self._unit(f"/etc/systemd/system/{name}", text, name, start)

    def quadlet(self, name: str, text: str, *, start: bool = True) -> str:
        """Write a quadlet of a container, load it, start the service that it makes, and return that one's name."""
        service = f"{name.removesuffix('.container')}.service"
        self._unit(f"{QUADLETS}/{name}", text, service, start)
        return service

    def _unit(self, path: str, text: str, unit: str, start: bool) -> None:
        self.write(path, text)
        self.later("systemctl", "reset-failed", unit)
        self.later("systemctl", "daemon-reload")
        self.later("rm", "-rf", path, f"{path}.d")
        self.later("systemctl", "stop", unit)
        self.run("systemctl", "daemon-reload")
        # However often tests have started it: here it starts.
        self.run("systemctl", "reset-failed", unit, check=False)
        if start and "failed" in self.run("systemctl", "restart", unit, check=False):
            raise AssertionError(self.logs(unit))

    def series(self, name: str, text: str) -> None:
        """Have node_exporter serve these lines, in place of those of that name before."""
        self.write(f"{TEXTFILES}/{name}.tmp", text)
        self.run("mv", f"{TEXTFILES}/{name}.tmp", f"{TEXTFILES}/{name}.prom")

    def rules(self, name: str, *rules: dict[str, Any]) -> None:
        """Give Prometheus rules of an owner's own."""
        self.write(f"{OWN_RULES}/{name}.rules.yml", yaml.safe_dump({"groups": [{"name": name, "rules": rules}]}))
        self.run("systemctl", "reload", UNITS["prometheus"])

    def scrape(self, job: str, port: int) -> None:
        """Have Prometheus scrape a port of the machine's loopback."""
        jobs = {"scrape_configs": [stack.scrape(job, f"http://127.0.0.1:{port}")]}
        self.write(f"{OWN_RULES}/{job}.scrape.yml", yaml.safe_dump(jobs))
        self.run("systemctl", "reload", UNITS["prometheus"])

    def backfill(self, openmetrics: str) -> None:
        """Give Prometheus series of the past, as OpenMetrics with timestamps, in place of what it has scraped; what it scrapes goes on behind them."""
        self.write("/srv/past.om", f"{openmetrics}# EOF\n")
        # The exporter knows what it has read. What the module was before contradicts this past: a step of five minutes that ends there is a
        # level that never was, for hours. In large blocks it takes a second.
        scraped = len(self.query("up == 1"))
        self.stop("exporter", "prometheus")
        self.run("find", METRICS, "-mindepth", "1", "-delete")
        self.shell('promtool tsdb create-blocks-from --max-block-duration=720h openmetrics /srv/past.om "$1" && chown -R prometheus: "$1"', METRICS)
        self.start("prometheus", "exporter")
        self.until("all of it to be scraped again", lambda: len(self.query("up == 1")) >= scraped)

    # --- The chain ----------------------------------------------------------------------------------------------------

    def configure(self, **changes: Any) -> None:
        """Write homeostat.yml with more changes, and have both daemons read it; a file that is refused fails the test.

        It returns once Prometheus has what they say of it, so that nothing is decided by what was before.
        """
        self.changes = merged(self.changes, changes)
        self.write(CONFIG, yaml.safe_dump(merged(settings(), self.changes)), "640")
        running = [name for name in ("exporter", "actor") if self.is_up(name)]
        for name in running:
            self.reload(name)
        if running:
            now = self.run("date", "+%s").strip()
            time.sleep(_ASKED_AGAIN_SECONDS)
            self.until("a scrape after the reload", lambda: self.query(f"count(timestamp(homeostat_config_last_reload_successful) > {now} + {_ASKED_AGAIN_SECONDS}) == {len(running)}"))

    def reload(self, name: str) -> None:
        """Have a daemon read its configuration; what it refuses fails the test."""
        answer = self.http("POST", name, "/-/reload", headers=_OPERATOR)
        assert answer.status_code == 200, answer.text

    def start(self, *names: str) -> None:
        """Start these parts, or all, and wait until they answer."""
        wanted = names or tuple(UNITS)
        self.run("systemctl", "start", *(UNITS[name] for name in wanted))
        for name in wanted:
            try:
                stack.wait_for(f"{name} to answer", lambda name=name: self.is_up(name))
            except AssertionError as error:
                raise AssertionError(f"{error}\n{self.logs(name)}") from None

    def stop(self, *names: str) -> None:
        """Stop these parts, or all."""
        self.run("systemctl", "stop", *(UNITS[name] for name in names or tuple(UNITS)))

    def kill(self, name: str) -> None:
        """Kill a part at this instant; it stays down until it is started."""
        self.run("systemctl", "kill", "--signal=KILL", UNITS[name])
        self.run("systemctl", "stop", UNITS[name])
        self.run("systemctl", "reset-failed", UNITS[name], check=False)

    def is_up(self, name: str) -> bool:
        """Whether a part answers that it is well."""
        with contextlib.suppress(requests.RequestException):
            return self.http("GET", name, HEALTHY[name]).status_code == 200
        return False

    def logs(self, name: str, lines: int = 60) -> str:
        """Return the end of what a part, or a unit, has logged."""
        return self.run("journalctl", "--no-pager", f"--unit={UNITS.get(name, name)}", f"--lines={lines}", check=False)

    def fresh(self) -> None:
        """Undo what tests wrote, forget what the chain knows, and start it anew."""
        self.stop()
        while self.leftovers:
            self.run(*self.leftovers.pop(), check=False)
        self.run("find", TEXTFILES, OWN_RULES, "-type", "f", "-delete")
        self.run("find", *MEMORY, "-mindepth", "1", "-delete", check=False)
        self.shell(_EMPTY_POOL, POOL)
        self.people.asked.clear()
        self.changes = {}
        self.configure()
        self.start()
        stack.wait_for("a decision to be possible", lambda: self.query("risk:homeostat_policy:info"))

    # --- What a test asks ---------------------------------------------------------------------------------------------

    def http(self, method: str, name: str, path: str, **options: Any) -> requests.Response:
        """Ask a part, from inside the machine."""
        url = f"http://127.0.0.1:{PORTS[name]}{path}"
        return self.network.submit(requests.request, method, url, **{"timeout": 30, **options}).result()

    def get(self, path: str, name: str = "actor") -> Any:
        """Return what a daemon's API answers below /api/v1/, as a person with the operator's token."""
        return self.http("GET", name, f"/api/v1/{path}", headers=_OPERATOR).json()

    def query(self, promql: str) -> list[dict[str, Any]]:
        """Return the instant vector that Prometheus answers."""
        answer = self.http("POST", "prometheus", "/api/v1/query", data={"query": promql}).json()
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])

    def value(self, promql: str) -> float | None:
        """Return the one sample's value that Prometheus answers, None where there is none."""
        found = self.query(promql)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def until(self, what: str, condition: Callable[[], Any], seconds: float = stack.PATIENCE_SECONDS) -> Any:
        """Return the first true value of `condition`; fail and say `what` never came."""
        return stack.wait_for(what, condition, seconds)

    def cli(self, *arguments: str) -> tuple[int, str]:
        """Run `homeostat` and return its exit code and what it printed."""
        done = self.machine.enter(("/usr/bin/homeostat", *arguments), b"")
        return done.returncode, (done.stdout + done.stderr).decode()

    def said(self, *arguments: str) -> str:
        """Run `homeostat` and return what it says, which is no error."""
        code, text = self.cli(*arguments)
        assert code == 0, text
        return text

    def story(self, problem: str, target: str) -> dict[str, Any]:
        """Return the newest incident's whole story about a problem of a target, or an empty one."""
        known = [one for one in self.get("decisions?target=" + requests.utils.quote(target, safe="")) if one["problem"] == problem]
        story: dict[str, Any] = self.get(f"incidents/{known[0]['id']}") if known else {}
        return story

    def incident(self, problem: str, target: str, *became: str, seconds: float = 2 * stack.PATIENCE_SECONDS) -> dict[str, Any]:
        """Wait until the newest incident has one of these states or outcomes, or where none is named any that lasts; return its story.

        A refusal is asked again after a minute: on a busy machine a scrape may be missed, and then Prometheus decides nothing for a moment.
        """

        def now() -> dict[str, Any] | None:
            story = self.story(problem, target)
            reached = {story.get("state"), story.get("outcome")} - {None}
            return story if reached & set(became) or (not became and reached - {story.get("state"), "refused"}) else None

        try:
            story: dict[str, Any] = stack.wait_for(f"{problem} of {target} {became}", now, seconds)
        except AssertionError:
            raise AssertionError(f"{problem} of {target} never became {' or '.join(became) or 'anything'}: {in_short(self.story(problem, target))}\n{self._state()}") from None
        return story

    def told(self, alertname: str, target: str) -> list[dict[str, Any]]:
        """Return what people were sent of that name about a target."""
        sent = [alert for asked in list(self.people.asked) for alert in asked.json["alerts"]]
        return [alert for alert in sent if (alert["labels"]["alertname"], alert["labels"].get("target")) == (alertname, target)]

    def _state(self) -> str:
        """Return what a test that failed wants to read of the chain."""
        series = ("homeostat_problem_confidence_ratio", "target_action:homeostat_confidence:ratio", 'ALERTS{alertstate="firing",severity!="none"}', "homeostat_observer_up", "homeostat_forecast_unavailable == 1", "homeostat_time_to_limit_seconds")
        seen = {promql: [{**one["metric"], "=": one["value"][1]} for one in self.query(promql)] for promql in series}
        return json.dumps(seen, indent=1) + "".join(f"\n--- {name}\n{self.logs(name, 12)}" for name in ("exporter", "actor"))


_OPERATOR = {"Authorization": f"Bearer {OPERATOR}"}


def settings() -> dict[str, Any]:
    """Return homeostat.yml as every test finds it: nothing is watched but the file systems below /srv and what the observers see, and all of it may be healed."""
    doors = {name: {"url": f"http://127.0.0.1:{PORTS[name]}", "timeout": "5s"} for name in ("prometheus", "alertmanager")}
    doors["prometheus"]["evaluation_interval"] = "1s"
    own = '{mountpoint=~"/srv/.*"}'
    off = {name: {"enabled": False} for name in ("inodes", "memory", "swap", "service_memory", "fds", "certificates")}
    on = {"filesystem": {"query": f"node_filesystem_avail_bytes{own}", "size_query": f"node_filesystem_size_bytes{own}"}}
    observers = {name: {"every": "1s"} for name in ("services", "drift", "deployments", "backups", "logs", "pressure")}
    console = f"http://127.0.0.1:{PORTS['actor']}"
    quick = {"settle": "1s", "watch": "10s", "imported_record": {"source": "the test", "successes": 20, "trials": 20}}
    return {
        "host": HOST,
        **doors,
        "links": {"console": console, "runbooks": f"{console}/runbooks"},
        "exporter": {
            "url": f"http://127.0.0.1:{PORTS['exporter']}", "cycle": "1s", "scrape_interval": "1s", "window": "1m", "step": "1s", "hosts": {"127.0.0.1": HOST},
            "state_directory": "/var/lib/homeostat-exporter", "targets": {**off, **on}, "observers": observers, "assertion": {"cycles": 1},
        },
        "autonomy": {"mode": "active", "grace": "3s", "actions": dict.fromkeys(PLAYBOOKS, quick), "max_actions_per_day": 100},
        "limits": {"blast_radius": {"few": 100, "of_few": 100}, "restarts": [{"count": 100, "within": "1h"}], "episode_quiet": "20s"},
        "security": {"intake_token_files": ["/etc/homeostat/intake.token"], "operator_token_files": ["/etc/homeostat/operator.token"]},
        "actor": {"state_directory": "/var/lib/homeostat", "reconcile": "1s"},
    }  # fmt: skip

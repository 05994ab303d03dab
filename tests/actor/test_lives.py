"""Lives at random: problems come and go, people silence and stop, servers fall silent, clocks are set, the actor is restarted; no deed is ever out of bounds."""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from actor.deeds import Hands
from actor.journal import incidents
from actor.model import Command, UnitState
from actor.planning import add_up
from actor.reconcile import reconcile
from actor.situation import DECISION_SERIES
from homeostat.alertmanager import Matcher
from homeostat.time_intervals import active
from tests.support import DAY, HOST, HOUR, MINUTE, PREDICTION, WEB, Actor, Host, labels_of, silence

if TYPE_CHECKING:
    from actor.model import Case, EpisodeKey, Plan
    from actor.playbook import Playbook

# Of twelve targets two may be touched within an hour.
SERVICES = ("web", *(f"s{number}" for number in range(10)))
TARGETS = st.sampled_from(SERVICES[:4])
NIGHT = {"times": [{"start_time": "20:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "06:00"}]}
EVENTS = st.one_of(
    st.tuples(st.just("decide"), TARGETS),
    st.tuples(st.just("decide"), TARGETS),
    st.tuples(st.just("gone"), TARGETS),
    st.tuples(st.just("silence"), st.sampled_from([*SERVICES[:4], None])),
    st.tuples(st.sampled_from(["stop", "prometheus", "alertmanager", "exporter", "elsewhere"]), st.booleans()),
    st.tuples(st.just("passes"), st.sampled_from([61.0, 6 * MINUTE, 16 * MINUTE, HOUR, 5 * HOUR, DAY])),
    st.tuples(st.just("is set"), st.sampled_from([-DAY, -HOUR, -MINUTE, MINUTE, HOUR, DAY])),
    st.tuples(st.just("restarted"), st.just(None)),
)


@dataclasses.dataclass
class Deed:
    """One deed: at which target, of which incident, and when by the clock that nobody sets."""

    target: str
    incident: str
    at: float


class Life:
    """An actor whose hands only write down what they would do, and what must hold at that moment."""

    def __init__(self, folder: str) -> None:
        more = {name: {"manager": "podman", "unit": name} for name in SERVICES[1:]}
        quick = {"actions": {"service-restart": {"settle": "0s", "watch": "0s"}}}
        self.actor = Actor(Host(pathlib.Path(folder)), services=more, windows=[NIGHT], autonomy=quick)
        self.actor.world.hands = self._hands()
        self.deeds: list[Deed] = []
        self.broken: list[str] = []

    def _hands(self) -> Hands:
        def plan(case: Case, playbook: Playbook) -> Plan:
            return add_up(playbook, case.target, [Command(step="restart-service", summary="restart", arguments={}, expected="e", oracle="o")])

        return dataclasses.replace(
            Hands(),
            obstacle=lambda case, playbook: None,
            plan=plan,
            protect=lambda case, playbook: {"protection": "none", "record": {}},
            perform=self._perform,
            seal=lambda case, record: record,
            measure=lambda case, name: 0.5 - 0.1 * len(self.deeds),
            probe=lambda case: {},
            show=lambda case: UnitState(active=True, invocation=str(len(self.deeds)), main_pid=1, memory_bytes=1),
            discard=lambda record: None,
            release=lambda case, commands: None,
        )

    def _perform(self, case: Case, command: Command) -> dict[str, Any]:
        deed = Deed(case.target, case.incident_id, self.actor.clock.monotonic())
        try:
            self.bounded(deed)
        except AssertionError as error:
            # Raised here it would be taken for a step that broke.
            self.broken.append(str(error))
        self.deeds.append(deed)
        return {}

    def bounded(self, deed: Deed) -> None:
        """See that this deed breaks no bound at this very moment."""
        world, key = self.actor.world, WEB._replace(target=deed.target)
        assert world.stop.reason() is None, "under a stop"
        assert not self.actor.alertmanager.down, "under an unknown silence state"
        assert not any(each.matches(labels_of(key, "service-restart", "auto-execute")) for each in self.actor.alertmanager.active), "under a silence"
        assert active(world.config.windows, self.actor.clock.now()), "outside the window"
        assert not self.actor.prometheus.down, "without Prometheus"
        assert self.decided(key), "for a problem that is gone or that nobody asserts any more"
        assert not self.correlated(), "in the middle of a correlated failure"
        since = [earlier for earlier in self.deeds if deed.at - earlier.at < HOUR]
        assert len({each.target for each in [*since, deed]}) <= 2, "wider than the blast radius"
        assert sum(each.target == deed.target for each in since) < 1, "more than once an hour on one target"
        assert sum(each.target == deed.target for each in self.deeds if deed.at - each.at < DAY) < 3, "more than three times a day on one target"
        assert sum(deed.at - each.at < DAY for each in self.deeds) < 10, "more than ten a day"
        assert deed.incident not in {each.incident for each in self.deeds}, "twice in one episode"

    def decided(self, key: EpisodeKey) -> bool:
        series, labels = self.actor.prometheus.series, key._asdict().items()
        return all(any(labels <= found.items() for found, _ in series.get(name, [])) for name in (DECISION_SERIES, PREDICTION))

    def correlated(self) -> bool:
        return len({found["host"] for found, _ in self.actor.prometheus.series.get(PREDICTION, []) if found["problem"] == WEB.problem}) >= 3

    def live(self, event: str, value: Any) -> None:
        actor = self.actor
        if event == "decide":
            actor.decide(WEB._replace(target=value), "service-restart")
        elif event == "gone":
            actor.prometheus.forget(WEB._replace(target=value))
        elif event == "silence":
            actor.alertmanager.active = [silence(Matcher("target", value))] if value is not None else []
        elif event == "passes":
            self.pass_time(value)
        elif event == "is set":
            actor.clock.jump(value)
        elif event == "restarted":
            self.actor = actor.restarted()
        else:
            self.switch(event, on=value)

    def switch(self, what: str, *, on: bool) -> None:
        actor = self.actor
        if what == "stop":
            actor.stop() if on else actor.world.stop.path.unlink(missing_ok=True)
        elif what == "elsewhere":
            for host in ("o1", "o2"):
                actor.prometheus.put(PREDICTION, 0.9, **WEB._replace(host=host)._asdict())
                if not on:
                    actor.prometheus.drop(PREDICTION, host=host)
        elif what == "exporter":
            # Its own series are gone at once; what the rules recorded from them stays for minutes.
            actor.prometheus.drop(PREDICTION, host=HOST)
        else:
            getattr(actor, what).down = on

    def pass_time(self, seconds: float) -> None:
        """Let time pass in steps, in which the loop turns and what still fires stays young."""
        for _ in range(3):
            self.actor.clock.advance(seconds / 3)
            self.turn()

    def turn(self) -> None:
        reconcile(self.actor.world)
        self.actor.turn()
        assert not self.broken
        assert not incidents.running(self.actor.journal)


@given(st.lists(EVENTS, min_size=10, max_size=40))
@settings(max_examples=20, deadline=None, phases=(Phase.reuse, Phase.generate), suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_no_deed_is_out_of_bounds(events: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        life = Life(folder)
        for event in events:
            life.live(*event)
            life.turn()
        life.actor.journal.close()


def test_a_quiet_life_has_deeds(tmp_path: pathlib.Path) -> None:
    """Without it the property above might hold because nothing is ever done."""
    life = Life(str(tmp_path))
    for target in SERVICES[:4]:
        life.live("decide", target)
        life.turn()
    assert len({deed.target for deed in life.deeds}) == 2
    life.pass_time(HOUR)
    assert len({deed.target for deed in life.deeds}) == 4
    life.actor.journal.close()

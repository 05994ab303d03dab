"""The catalogue: what a service needs and joins is known, and nothing needs itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.config import Config, ConfigError, in_force, loads
from homeostat.config.autonomy import Autonomy
from homeostat.config.catalogue import Service, dependants, needs
from homeostat.config.thresholds import NEVER
from homeostat.words import DECISIONS, RISKS, Decision


def fault(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        loads(text, Config, "homeostat.yml")
    return str(error.value)


def service(more: str = "") -> str:
    return f"{{manager: podman, unit: u{more}}}"


FAULTS = {
    "an unknown dependency": (f"services: {{a: {service(', depends_on: [b]')}}}", "services.a.depends_on 'b' is neither in services nor in filesystems"),
    "itself": (f"services: {{a: {service(', depends_on: [a]')}}}", "services.a.depends_on 'a' leads back to a: no service may need itself"),
    "a circle": (
        f"services: {{a: {service(', depends_on: [b]')}, b: {service(', depends_on: [c]')}, c: {service(', depends_on: [a]')}}}",
        "services.a.depends_on 'b' leads back to a: no service may need itself",
    ),
    "an unknown group": (f"services: {{a: {service(', group: g')}}}\ngroups: {{h: {{}}}}", "services.a.group 'g' is not in groups; known: h"),
    "a member nowhere": ("groups: {g: {elsewhere: [web]}}", "elsewhere 'web' must be HOST/SERVICE, as in h2/web"),
    "a member that is here": ("host: h1\ngroups: {g: {elsewhere: [h1/web]}}", "elsewhere 'h1/web' is on this host; name the group in services instead"),
    "sessions of nothing": ("services: {a: {manager: podman, unit: u, sessions: ' '}}", "sessions must be a query"),
    "a drain without its place": ("services: {a: {manager: podman, unit: u, drain: [drain]}}", "a command starts with the absolute path of its program"),
    "a limit on what systemd does not run": ("services: {a: {manager: podman, unit: u, limitable: true}}", "limitable is for units of the system's systemd, which manager podman is not"),
    "health of nothing": ("groups: {g: {healthy: ' '}}", "healthy must be a query"),
    "a stretch of nothing": ("limits: {blast_radius: {within: 0s}}", "within must be more than 0s"),
    "a pass that is none": ("limits: {critical_passes: [budget]}", "limits.critical_passes[0]: Invalid enum value 'budget'; write one of window, quiet-time"),
    "a ceiling that is none": ("autonomy: {ceiling: sky}", "autonomy.ceiling: Invalid enum value 'sky'; write one of auto-execute"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_what_is_wrong(name: str) -> None:
    text, told = FAULTS[name]
    assert told in fault(text)


def test_a_service_may_need_a_file_system_and_two_may_need_the_same() -> None:
    text = f"services: {{a: {service(', depends_on: [c, /srv]')}, b: {service(', depends_on: [a, c]')}, c: {service()}}}\nfilesystems: {{/srv: {{}}}}"
    services = loads(text, Config, "homeostat.yml").services
    assert needs(services, "b") == {"a", "c", "/srv"}


def test_what_needs_a_service_stands_behind_what_it_needs_itself() -> None:
    text = f"services: {{a: {service(', depends_on: [b]')}, b: {service(', depends_on: [d]')}, c: {service(', depends_on: [d]')}, d: {service()}, e: {service()}}}"
    services = loads(text, Config, "homeostat.yml").services
    assert dependants(services, "d") == ("b", "c", "a")
    assert dependants(services, "e") == ()


NAMES = "abcdef"
GRAPHS = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3) for name in NAMES})


def walk(graph: dict[str, list[str]], start: str) -> set[str]:
    seen: set[str] = set()
    edge = set(graph[start])
    while edge - seen:
        seen |= edge
        edge = {further for name in edge for further in graph[name]}
    return seen


@given(GRAPHS)
def test_exactly_the_configurations_in_which_something_needs_itself_are_refused(graph: dict[str, list[str]]) -> None:
    services = ", ".join(f"{name}: {service(', depends_on: [' + ', '.join(needed) + ']')}" for name, needed in graph.items())
    text = f"services: {{{services}}}"
    if any(name in walk(graph, name) for name in graph):
        assert fault(text).endswith("no service may need itself")
    else:
        assert set(loads(text, Config, "homeostat.yml").services) == set(graph)


@given(GRAPHS)
def test_what_is_needed_is_all_that_can_be_reached(graph: dict[str, list[str]]) -> None:
    services = {name: Service(manager="podman", unit="u", depends_on=tuple(needed)) for name, needed in graph.items()}
    assert {name: needs(services, name) for name in graph} == {name: walk(graph, name) for name in graph}


@pytest.mark.parametrize("ceiling", DECISIONS)
def test_what_lies_above_the_ceiling_has_a_threshold_that_nothing_exceeds(ceiling: Decision) -> None:
    held = in_force(Autonomy(level="aggressive", mode="active", ceiling=ceiling), 0.0)
    free = in_force(Autonomy(level="aggressive", mode="active"), 0.0)
    for risk in RISKS:
        assert [held.threshold(risk, decision) for decision in DECISIONS[: DECISIONS.index(ceiling)]] == [NEVER] * DECISIONS.index(ceiling)
        for decision in DECISIONS[DECISIONS.index(ceiling) : 3]:
            assert held.threshold(risk, decision) == free.threshold(risk, decision)

"""What Prometheus tells of itself: its version, its rules and how they fare, what it scrapes, where its alerts go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from homeostat.prometheus import Prometheus


class Build(msgspec.Struct, frozen=True):
    """Which Prometheus it is."""

    version: str


class Runtime(msgspec.Struct, frozen=True, rename="camel"):
    """How it runs; `storage_retention` is as it says it, `15d or 10GiB`."""

    reload_config_success: bool = True
    storage_retention: str = ""


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """A rule as it is loaded; `health` is `ok`, `err` or `unknown` before its first evaluation."""

    name: str
    query: str
    health: str
    last_error: str = ""


class RuleGroup(msgspec.Struct, frozen=True, rename="camel"):
    """Rules that are evaluated together, every `interval` seconds, which last took `evaluation_time` seconds."""

    name: str
    rules: tuple[Rule, ...]
    interval: float
    evaluation_time: float
    last_evaluation: str


class Target(msgspec.Struct, frozen=True, rename="camel"):
    """What is scraped; `health` is `up`, `down` or `unknown` before its first scrape."""

    labels: dict[str, str]
    health: str
    last_error: str = ""


class _Rules(msgspec.Struct, frozen=True):
    groups: tuple[RuleGroup, ...]


class _Targets(msgspec.Struct, frozen=True, rename="camel"):
    active_targets: tuple[Target, ...]


class _Receiver(msgspec.Struct, frozen=True):
    url: str


class _Alertmanagers(msgspec.Struct, frozen=True, rename="camel"):
    active_alertmanagers: tuple[_Receiver, ...]


def build(prometheus: Prometheus) -> Build:
    """Ask which version it is. Raises PrometheusError, as all of these."""
    return prometheus.told("status/buildinfo", Build)


def runtime(prometheus: Prometheus) -> Runtime:
    """Ask how it runs."""
    return prometheus.told("status/runtimeinfo", Runtime)


def rule_groups(prometheus: Prometheus) -> tuple[RuleGroup, ...]:
    """Ask for every group of rules that is loaded."""
    return prometheus.told("rules", _Rules).groups


def targets(prometheus: Prometheus) -> tuple[Target, ...]:
    """Ask what is scraped."""
    return prometheus.told("targets", _Targets, state="active").active_targets


def alertmanagers(prometheus: Prometheus) -> list[str]:
    """Ask for the addresses to which alerts are sent."""
    return [receiver.url for receiver in prometheus.told("alertmanagers", _Alertmanagers).active_alertmanagers]


def formatted(prometheus: Prometheus, promql: str) -> str:
    """Have a query written in the one way in which Prometheus writes it."""
    return prometheus.told("format_query", str, query=promql)

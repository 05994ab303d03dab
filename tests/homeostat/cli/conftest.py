"""A host as the CLI sees it: a configuration, and real HTTP servers that answer for the actor, Prometheus and Alertmanager."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

import click
import promql_parser
import pytest
import yaml
from click.testing import CliRunner

from homeostat.cli.__main__ import main
from tests.httpd import Asked, Reply, Site, serving
from tests.support import HOST, merged, secret

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from click.testing import Result

OPERATOR = "591785b794601e212b260e25925636fd"
STATUS = {
    "host": HOST, "mode": "active", "level": "moderate", "max_actions_per_day": 10, "schedule": None, "in_force_until": None, "ready": True, "stopped": None, "silences_known": True, "lost_silences": [], "open_breakers": [], "incidents": {},
    "playbooks": ["disk-cleanup"],
}  # fmt: skip


def incident(**changes: Any) -> dict[str, Any]:
    """Return an incident as the actor's API tells it."""
    return {
        "id": "0a1b2c3d", "host": HOST, "problem": "memory_leak", "target": "web", "resource": "memory", "action": "service-restart", "risk": "low",
        "decision": "auto-execute", "severity": "warning", "confidence": 0.957, "state": None, "outcome": "succeeded", "reason": "memory fell",
        "opened_at": 1_700_000_000.0, "last_firing_at": 1_700_000_060.0, "wake_at": None, "acted_at": 1_700_000_010.0, "closed_at": 1_700_000_040.0,
        "episode_ended_at": None,
    } | changes  # fmt: skip


def silence(**changes: Any) -> dict[str, Any]:
    """Return a silence as Alertmanager's API tells it."""
    matchers = [
        {"name": "alertname", "value": "HomeostatAutoExecute|HomeostatNotifyExecute", "isRegex": True, "isEqual": True},
        {"name": "host", "value": HOST, "isRegex": False, "isEqual": True},
    ]
    return {
        "id": "s1", "createdBy": "ada", "comment": "maintenance", "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2026-01-01T01:00:00Z", "status": {"state": "active"},
        "matchers": matchers,
    } | changes  # fmt: skip


def every_command() -> dict[str, click.Command]:
    """Return every command of the CLI by its name."""
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


@dataclasses.dataclass
class Town:
    """Everything that the CLI reaches, and the CLI itself."""

    folder: pathlib.Path
    site: Site
    settings: dict[str, Any]
    status: dict[str, Any] = dataclasses.field(default_factory=lambda: dict(STATUS))
    decisions: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    proposals: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    scheduled: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    said: dict[str, Reply] = dataclasses.field(default_factory=dict)
    stories: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    silences: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    alerts: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    made: dict[str, Any] = dataclasses.field(default_factory=dict)
    understood: dict[str, Any] = dataclasses.field(default_factory=dict)
    windows: Reply = dataclasses.field(default_factory=Reply)
    exporter: dict[str, Reply] = dataclasses.field(default_factory=lambda: {"forecast": Reply({"error": "no such target is forecast now"}, 404)})
    series: dict[str, list[tuple[dict[str, str], float]]] = dataclasses.field(default_factory=dict)

    def run(self, *arguments: str, typed: str | None = None, colour: bool = False) -> Result:
        """Run `homeostat` as a person does, who types on standard input."""
        path = self.folder / "homeostat.yml"
        path.write_text(yaml.safe_dump(self.settings))
        return CliRunner().invoke(main, ["--config.file", str(path), *arguments], input=typed, color=colour)

    def configure(self, **changes: Any) -> None:
        self.settings = merged(self.settings, changes)

    def answer(self, asked: Asked) -> Reply:
        if asked.path.startswith("/api/v2/"):
            return self._alertmanager(asked)
        if asked.path == "/api/v1/query":
            return self._prometheus(asked)
        if asked.path == "/api/v1/windows":
            return self.windows
        if asked.path.removeprefix("/api/v1/") in self.exporter:
            return self.exporter[asked.path.removeprefix("/api/v1/")]
        if asked.headers.get("Authorization") != f"Bearer {OPERATOR}":
            return Reply({"error": "the operator's bearer token is needed"}, 401)
        return self._actor(asked)

    def _actor(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix("/api/v1/")
        if path in self.said:
            return self.said[path]
        if path.startswith("incidents/"):
            story = self.stories.get(path.removeprefix("incidents/"))
            return Reply(story) if story else Reply({"error": "there is no incident of that id"}, 404)
        return Reply(
            {
                "status": self.status,
                "decisions": self.decisions,
                "proposals": self.proposals,
                "scheduled": self.scheduled,
                "breakers/reset": {"reset": True},
                "silences/forget": {"forgotten": 0},
            }[path]
        )

    def _alertmanager(self, asked: Asked) -> Reply:
        if asked.method == "POST":
            self.made = {"id": "new", "status": {"state": "active"}, **asked.json, **self.understood}
            return Reply({"silenceID": "new"})
        if asked.path == "/api/v2/alerts":
            return Reply(self.alerts)
        if asked.path == "/api/v2/silence/new" and asked.method == "GET":
            return Reply(self.made) if self.made else Reply("silence not found", 404)
        return Reply(self.silences) if asked.method == "GET" else Reply({})

    def _prometheus(self, asked: Asked) -> Reply:
        tree = promql_parser.parse(asked.form["query"])
        if isinstance(tree, promql_parser.BinaryExpr) and isinstance(tree.rhs, promql_parser.AggregateExpr):
            return self._vector([({}, 7.0)] if self._select(tree.rhs.expr) else [])
        innermost = tree.expr if isinstance(tree, promql_parser.AggregateExpr) else tree
        if not isinstance(innermost, promql_parser.VectorSelector):
            # It does not reckon; of what is reckoned it holds nothing.
            return self._vector([])
        if isinstance(tree, promql_parser.AggregateExpr):
            found = self._select(tree.expr)
            return self._vector([({}, float(len(found)))] if found else [])
        return self._vector(self._select(tree))

    def _select(self, wanted: Any) -> list[tuple[dict[str, str], float]]:
        matchers = {matcher.name: matcher.value for matcher in wanted.matchers.matchers}
        names = [wanted.name] if wanted.name else matchers.pop("__name__").split("|")
        found = [({"__name__": name, **labels}, value) for name in names for labels, value in self.series.get(name, [])]
        return [(labels, value) for labels, value in found if matchers.items() <= labels.items()]

    @staticmethod
    def _vector(rows: list[tuple[dict[str, str], float]]) -> Reply:
        result = [{"metric": labels, "value": [1_700_000_000, str(value)]} for labels, value in rows]
        return Reply({"status": "success", "data": {"resultType": "vector", "result": result}})

    def asked(self, method: str) -> list[Asked]:
        return [asked for asked in self.site.asked if asked.method == method and asked.path != "/api/v1/query"]


@pytest.fixture
def town(tmp_path: pathlib.Path) -> Iterator[Town]:
    secret(tmp_path / "operator", OPERATOR)
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(serving(lambda asked: Reply({}, 500)))
        settings = {
            "host": HOST, "prometheus": {"url": site.url, "timeout": "2s"}, "alertmanager": {"url": site.url, "timeout": "2s"}, "links": {"console": site.url},
            "exporter": {"url": site.url},
            "security": {"operator_token_files": [str(tmp_path / "operator")]}, "actor": {"state_directory": str(tmp_path / "state")},
            "services": {"web": {"manager": "systemd", "unit": "web.service"}},
        }  # fmt: skip
        built = Town(tmp_path, site, settings)
        site.answer = built.answer
        yield built

"""What a dashboard asks of Prometheus: its panels', annotations' and variables' queries, and which go unanswered."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# What Grafana itself fills in; the caller may give others.
BUILT_IN = {"__interval": "1m", "__rate_interval": "4m", "__range": "1h"}
# What `All` stands for in each of the dashboard's own variables.
ALL = ".*"

_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$([A-Za-z_]\w*)")
_LEGEND_LABEL = re.compile(r"{{\s*(\w+)\s*}}")
_LABEL_VALUES = re.compile(r"label_values\((.+),\s*(\w+)\)", re.DOTALL)
_NOT_LABELS = re.compile(r"Time|Value( #[A-Z])?")


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """One query with its variables filled in.

    `where` names its panel, annotation or variable. Every answer must carry all `labels` (legends and texts name
    them); of `columns` each must come with the answers of at least one query of the same `where`.
    """

    where: str
    ref: str
    promql: str
    instant: bool
    labels: frozenset[str]
    columns: frozenset[str] = frozenset()


def panel_queries(dashboard: Mapping[str, Any], values: Mapping[str, str] | None = None) -> list[Query]:
    """List every query of `dashboard`: panels (those in rows too), annotations, variables.

    The dashboard's variables stand at All. `values` overrides them and Grafana's own, as {"__range": "10m"}.

    Raises:
        KeyError: a query names a variable that the dashboard does not have.

    """
    variables = dashboard["templating"]["list"]
    filled = {**BUILT_IN, **{variable["name"]: ALL for variable in variables}, **(values or {})}
    found = [query for panel in panels(dashboard) for query in _of_panel(panel)]
    found += [_of_annotation(annotation) for annotation in dashboard["annotations"]["list"] if "expr" in annotation]
    found += [_of_variable(variable) for variable in variables if variable["type"] == "query"]
    return [dataclasses.replace(query, promql=_fill(query.promql, filled)) for query in found]


def panels(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every panel and row heading, also those inside collapsed rows."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def unanswered(queries: Iterable[Query], ask: Callable[[Query], Iterable[Mapping[str, str]]]) -> list[str]:
    """Say in one line each which queries get no answer, or answers without a label that a legend or column shows.

    `ask` evaluates one query and returns the labels of each series that it got.
    """
    complaints: list[str] = []
    missing: dict[str, frozenset[str]] = {}
    for query in queries:
        answers = list(ask(query))
        complaints.extend(_complaints(query, answers))
        missing[query.where] = missing.get(query.where, query.columns).difference(*answers)
    return complaints + [
        f"{where}: column {label} stays empty" for where in missing for label in sorted(missing[where])
    ]


def _complaints(query: Query, answers: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if not answers:
        yield f"{query.where}, query {query.ref}: no answer to {query.promql}"
    for label in sorted(query.labels):
        if not all(answer.get(label) for answer in answers):
            yield f"{query.where}, query {query.ref}: an answer lacks the label {label}: {query.promql}"


def _fill(promql: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values[match[1] or match[2]], promql)


def _of_panel(panel: Mapping[str, Any]) -> Iterator[Query]:
    where, columns = f"panel {panel['title']!r}", _columns(panel)
    for target in panel.get("targets", ()):
        labels = frozenset(_LEGEND_LABEL.findall(target["legendFormat"]))
        yield Query(where, target["refId"], target["expr"], target["instant"], labels, columns)


def _columns(panel: Mapping[str, Any]) -> frozenset[str]:
    orders = [step["options"]["indexByName"] for step in panel.get("transformations", ()) if step["id"] == "organize"]
    return frozenset(name for order in orders for name in order if not _NOT_LABELS.fullmatch(name))


def _of_annotation(annotation: Mapping[str, Any]) -> Query:
    labels = set(_LEGEND_LABEL.findall(annotation["titleFormat"] + annotation["textFormat"]))
    labels.update(annotation["tagKeys"].split(","))
    return Query(f"annotation {annotation['name']!r}", "A", annotation["expr"], instant=False, labels=frozenset(labels))


def _of_variable(variable: Mapping[str, Any]) -> Query:
    asked = _LABEL_VALUES.fullmatch(variable["query"]["query"])
    assert asked is not None, f"variable {variable['name']}: only label_values(series, label) is understood"
    series, label = asked.groups()
    promql, labels = f"group by ({label}) ({series})", frozenset({label})
    return Query(f"variable {variable['name']!r}", "A", promql, instant=False, labels=labels)

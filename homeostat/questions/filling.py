"""What a question said, put into a query: names only as PromQL literals of known members, times and numbers only as such."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from homeostat.config.questions import PLACE
from homeostat.prometheus import quoted

_STAND_INS = {"of": 'x=""', "window": "7d", "seconds": "1", "count": "1"}

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeostat.questions.hearing import Heard
    from homeostat.questions.names import Names
    from homeostat.questions.spans import Span


def in_form(promql: str) -> str:
    """Return a query with something in each of its places, so that it can be read as PromQL though nothing was said."""
    return PLACE.sub(lambda place: _STAND_INS.get(place[1].partition("_")[0], '"x"'), promql)


def filled(promql: str, heard: Heard, names: Names, span: Span) -> str:
    """Return a query with its places filled; a matcher of what was not said is left out."""
    matchers = _matchers(heard, names)
    for name, matcher in matchers.items():
        if not matcher:
            # With it goes the comma beside it, or the braces around it: while nothing is filled in yet, all others are the author's.
            promql = re.sub(rf"\{{\${name}\}}|,\${name}\b(?=\}})|\${name}\b,?", "", promql)
    places = matchers | _values(heard, span)
    return PLACE.sub(lambda place: places.get(place[1], place[0]), promql)


def parameters(asks: Mapping[str, str], heard: Heard, span: Span) -> dict[str, str]:
    """Return the parameters of an address of our API; those with a name that was not said are left out.

    Its seconds are counted back from now, so a time that is over needs its end, too.
    """
    values = {**heard.names, "seconds": f"{span.now - span.start:.0f}"}
    said = {name: PLACE.findall(text) for name, text in asks.items()}
    until = {"until": f"{span.end:.0f}"} if span.end is not None and any("seconds" in places for places in said.values()) else {}
    return until | {name: PLACE.sub(lambda place: values[place[1]], text) for name, text in asks.items() if set(said[name]) <= values.keys()}


def _values(heard: Heard, span: Span) -> dict[str, str]:
    literals = {kind: quoted(name) for kind, name in heard.names.items()}
    return {**literals, "window": str(span.window), "seconds": f"{span.window:.0f}", "count": str(heard.count)}


def _matchers(heard: Heard, names: Names) -> dict[str, str]:
    said = heard.names
    instances = names.instances.get(said.get("host", ""), (said.get("host", ""),))
    return {
        "of_target": f"target={quoted(said['target'])}" if "target" in said else "",
        "of_host": f"host={quoted(said['host'])}" if "host" in said else "",
        "of_mountpoint": f"mountpoint={quoted(said['filesystem'])}" if "filesystem" in said else "",
        "of_instance": f"instance=~{quoted('|'.join(map(re.escape, instances)))}" if "host" in said else "",
    }

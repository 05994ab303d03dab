"""The names that a question may hold: exact members of known lists, found in its text; others are only ever suggested."""

from __future__ import annotations

import dataclasses
import difflib
import re
from typing import TYPE_CHECKING

from homeostat.hosts import host_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from homeostat.config import Config
    from homeostat.prometheus import Sample

# Of what Prometheus holds the names are taken: services, targets, mount points and hosts.
QUERY = 'group by (__name__, instance, host, target, resource, mountpoint) ({__name__=~"up|homeostat_usage_ratio|homeostat_problem_confidence_ratio|homeostat_service_observed|node_filesystem_size_bytes"})'
# dns is no nas: of a short word one letter may be missing, but none another.
_ALIKE_RATIO = 0.75
_MOST_NEAR = 3
# How people call the host on which they ask.
_THIS_HOST = tuple(f"{which} {what}" for which in ("the", "this", "my") for what in ("server", "machine", "host", "box", "computer", "system"))
_LEAST_PART = 3
# What may stand beside a name without being a part of it: /srv is not named by /srv/backup, nor web by web.service.
_BEFORE, _AFTER = re.compile(r"[\w/.:@-]$"), re.compile(r"[\w/@-]|[.:]\w")


@dataclasses.dataclass(frozen=True, slots=True)
class Mention:
    """A known name in a text, where it stands, and what it may be: service, filesystem, target, host."""

    name: str
    start: int
    end: int
    kinds: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Names:
    """Every known name with its kinds, what else it is called (a service's unit), and each host's instances in Prometheus."""

    kinds: Mapping[str, frozenset[str]]
    aliases: Mapping[str, str]
    instances: Mapping[str, tuple[str, ...]]

    def of_kind(self, kind: str) -> list[str]:
        """Return the names of a kind, sorted."""
        return sorted(name for name, kinds in self.kinds.items() if kind in kinds)

    def found_in(self, text: str) -> list[Mention]:
        """Return the known names in a text, without regard to case, the longest where two overlap, from left to right."""
        lowered, found = text.lower(), list[Mention]()
        called = [*((name, name) for name in self.kinds), *self.aliases.items()]
        for said, name in sorted(called, key=lambda pair: (-len(pair[0]), pair[0])):
            for start in _places(said.lower(), lowered):
                end = start + len(said)
                if all(end <= other.start or other.end <= start for other in found):
                    found.append(Mention(name, start, end, self.kinds[name]))
        return sorted(found, key=lambda mention: mention.start)

    def near(self, word: str, kinds: Iterable[str]) -> list[str]:
        """Return up to three names of these kinds that a word is a part of, or else looks like."""
        wanted, lowered = set(kinds), word.lower()
        known = {name.lower(): name for name, of in sorted(self.kinds.items()) if of & wanted}
        part = [name for low, name in known.items() if len(word) >= _LEAST_PART and lowered in low]
        return (part or [known[low] for low in difflib.get_close_matches(lowered, known, cutoff=_ALIKE_RATIO)])[:_MOST_NEAR]


def known_names(config: Config, samples: Iterable[Sample]) -> Names:
    """Gather the names of the configuration and of Prometheus' answer to QUERY."""
    kinds: dict[str, set[str]] = {}
    instances: dict[str, set[str]] = {}
    for name, kind in (*_configured(config), *(pair for sample in samples for pair in _told(sample.labels, config, instances))):
        if name:
            kinds.setdefault(name, set()).add(kind)
    for of in kinds.values():
        # A host's own memory bears the host's name; who names the host means all of it.
        if "host" not in of or of & {"service", "filesystem"}:
            of.add("target")
        else:
            of.discard("target")
    aliases = {service.unit: name for name, service in config.services.items() if service.unit and service.unit not in kinds}
    aliases |= {called: config.host for called in _THIS_HOST if called not in kinds}
    return Names({name: frozenset(of) for name, of in kinds.items()}, aliases, {host: tuple(sorted(found)) for host, found in instances.items()})


def _configured(config: Config) -> Iterator[tuple[str, str]]:
    yield config.host, "host"
    yield from ((name, "service") for name in config.services)
    yield from ((name, "filesystem") for name in config.filesystems)
    yield from ((name, "target") for name in config.names - {config.host})


def _told(labels: Mapping[str, str], config: Config, instances: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    name = labels.get("__name__", "")
    if name in {"up", "node_filesystem_size_bytes"}:
        host = host_of(labels, config)
        if labels.get("instance"):
            instances.setdefault(host, set()).add(labels["instance"])
        yield host, "host"
        yield labels.get("mountpoint", ""), "filesystem"
        return
    yield labels.get("host", ""), "host"
    yield labels.get("target", ""), "service" if name == "homeostat_service_observed" else "filesystem" if labels.get("resource") in {"filesystem", "inodes"} else "target"


def _places(said: str, text: str) -> Iterator[int]:
    start = text.find(said)
    while start >= 0:
        if not _BEFORE.search(text[:start]) and not _AFTER.match(text[start + len(said) :]):
            yield start
        start = text.find(said, start + 1)

"""What Prometheus must know of this host: the rules, both daemons, and Alertmanager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from homeostat.addresses import names_loopback
from homeostat.generate.marks import MergeError, without_ours
from homeostat.generate.merge import Addition, Entry, entries, merge, read

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from homeostat.config import Config

RULES = "/etc/prometheus/homeostat/*.rules.yml"
_JOBS = ("homeostat-exporter", "homeostat-actor")
_STANDALONE = """\
# A complete Prometheus configuration with Homeostat in it. `homeostat generate prometheus FILE` merges what is between the
# marks into one of yours; by hand, copy it.
global:
  scrape_interval: 15s
  evaluation_interval: 1m

rule_files:

alerting:
  alertmanagers:

scrape_configs:
  - job_name: node
    static_configs:
      - targets: ['127.0.0.1:9100']
"""


def standalone(config: Config, token_file: str | None = None, rules: str = RULES) -> str:
    """Return a whole configuration of Prometheus' that watches node_exporter and Homeostat. Raises MergeError."""
    return merged(_STANDALONE, config, token_file, rules)


def merged(text: str, config: Config, token_file: str | None = None, rules: str = RULES) -> str:
    """Return a person's configuration of Prometheus with this host's part in it; `token_file` is the metrics' token where Prometheus reads it.

    Raises:
        MergeError: nothing can be merged into it.

    """
    theirs, found = without_ours(text)
    data = read(theirs) or {}
    if not isinstance(data, dict):
        raise MergeError("this is no configuration of Prometheus': it must be a mapping of keys to values")
    known = [job.get("job_name") for job in data.get("scrape_configs") or () if isinstance(job, dict)]
    for name in (*_JOBS, *(f"{job}-{config.host}" for job in _JOBS)):
        if name in known:
            raise MergeError(f"there is a scrape job {name} that bears no marks of Homeostat's; remove it, and ours take its place")
    others = [job for section in found.get("scrape_configs", ()) if section.host != config.host for job in entries(section.text)]
    token = token_file or next(iter(config.security.metrics_token_files), None)
    addresses = (urlsplit(config.exporter.url), urlsplit(config.actor_url))
    jobs = [_job(f"{job}-{config.host}", job, address, token) for job, address in zip(_JOBS, addresses, strict=True)]
    # One exporter may forecast for several hosts; it is scraped once.
    new = [job for job in jobs if job["static_configs"] not in [other["static_configs"] for other in others]]
    if jobs[1] not in new:
        raise MergeError(f"{config.actor_url} is the actor of another host too; say with actor.url of this host's configuration where Prometheus reaches it")
    return merge(text, config.host, _additions(config, data, new, rules))


def _additions(config: Config, data: dict[str, Any], jobs: list[dict[str, Any]], rules: str) -> tuple[Addition, ...]:
    ours = (Entry(rules),) if rules not in (data.get("rule_files") or ()) else ()
    # A second Alertmanager would hear of all their alerts: it is told only where there is none.
    has_alertmanager = bool((data.get("alerting") or {}).get("alertmanagers"))
    address = urlsplit(config.alertmanager.url)
    alertmanager = {**_scheme(address), "static_configs": [{"targets": [address.netloc]}], **_prefix(address)}
    comment = "Both daemons name the monitored host in a label of their own: keep it. The rules know them by these jobs' names."
    return (
        Addition(("rule_files",), (), ours),
        Addition(("alerting", "alertmanagers"), (), () if has_alertmanager else (Entry(alertmanager),)),
        Addition(("scrape_configs",), tuple(Entry(job, "" if number else comment) for number, job in enumerate(jobs)), ()),
    )


def has_other_alertmanagers(text: str, config: Config) -> bool:
    """Say whether a configuration names Alertmanagers, and ours is not plainly among them. Raises MergeError."""
    named = ((read(text) or {}).get("alerting") or {}).get("alertmanagers") or []
    ours = _loopback_by_one_name(urlsplit(config.alertmanager.url).netloc)
    targets = (str(target) for entry in named for group in entry.get("static_configs") or () for target in group.get("targets") or ())
    return bool(named) and ours not in map(_loopback_by_one_name, targets)


def _loopback_by_one_name(address: str) -> str:
    name, _, port = address.rpartition(":")
    return f"localhost:{port}" if names_loopback(name.strip("[]")) else address


def _job(name: str, known_as: str, address: SplitResult, token: str | None) -> dict[str, Any]:
    path = address.path.rstrip("/")
    return {
        "job_name": name,
        "honor_labels": True,
        **_scheme(address),
        **({"metrics_path": f"{path}/metrics"} if path else {}),
        **({"authorization": {"credentials_file": token}} if token else {}),
        "static_configs": [{"targets": [address.netloc]}],
        "relabel_configs": [{"target_label": "job", "replacement": known_as}],
    }


def _scheme(address: SplitResult) -> dict[str, str]:
    return {"scheme": "https"} if address.scheme == "https" else {}


def _prefix(address: SplitResult) -> dict[str, str]:
    path = address.path.rstrip("/")
    return {"path_prefix": path} if path else {}


"""Both daemons run with the configuration as it is on disk now, and the file would be accepted again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.clock import rfc3339
from homeostat.config import Config, ConfigError, load
from homeostat.config.advice import advise
from homeostat.config.ownership import texts_of
from homeostat.doctor.model import Check, Finding, Subject, failed, passed, warned
from homeostat.prometheus import selector

if TYPE_CHECKING:
    from collections.abc import Iterator

_RELOADED = "homeostat_config_last_reload_successful"
_RELOADED_AT = "homeostat_config_last_reload_success_timestamp_seconds"


def _ask(subject: Subject) -> Iterator[Finding]:
    path = subject.config_file
    try:
        config = load(path, Config)
        changed_at, changed = max((file.stat().st_ctime, str(file)) for file in texts_of(path, config))
    except (ConfigError, OSError) as error:
        yield failed(f"{error}; a daemon would not start with it", f"homeostat check-config {path}")
        return
    prometheus, host = subject.doors.prometheus, subject.doors.config.host
    read_at = {sample.labels.get("daemon", ""): sample.value for sample in prometheus.query(selector(_RELOADED_AT, host=host))}
    # The exporter that watches this host may be another's.
    unknown = "actor" not in read_at
    if unknown:
        yield warned("Prometheus does not tell when the actor read the configuration", "see what the checks targets and actor say")
    refused = [sample.labels.get("daemon", "") for sample in prometheus.query(selector(_RELOADED, host=host)) if sample.value == 0]
    for daemon in refused:
        yield failed(f"the {daemon} refused the configuration at its last reload and keeps the one before", f"homeostat check-config {path}; systemctl reload homeostat-{daemon}")
    stale = {daemon: at for daemon, at in read_at.items() if at < changed_at}
    for daemon, at in stale.items():
        if daemon not in refused:
            yield warned(
                f"{changed} was changed at {rfc3339(changed_at)}, and the {daemon} has read it last at {rfc3339(at)}",
                f"systemctl reload homeostat-{daemon}; if you just did, ask again when Prometheus has scraped it",
            )
    unmeant = advise(config, subject.doors.clock.now())
    for sentence in unmeant:
        yield warned(sentence, f"edit {path}, then: homeostat check-config")
    if not unknown and not refused and not stale and not unmeant:
        yield passed(f"{path} is valid, and in force in the {' and the '.join(sorted(read_at))}")


CHECK = Check(order=10, ask=_ask)

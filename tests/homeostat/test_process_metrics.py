from __future__ import annotations

import os

from homeostat.process_metrics import process_metrics


def test_a_daemon_tells_what_its_process_takes_under_its_own_name_and_its_hosts_label() -> None:
    samples = {sample.name: sample for family in process_metrics("actor", "nas") for sample in family.samples}
    names = ("cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes", "open_fds", "max_fds", "start_time_seconds")
    assert set(samples) == {f"homeostat_actor_process_{name}" for name in names}
    assert all(sample.labels == {"host": "nas"} and sample.value > 0 for sample in samples.values())
    assert samples["homeostat_actor_process_cpu_seconds_total"].value <= sum(os.times()[:2])

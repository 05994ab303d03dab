"""What a person types after `homeostat forecast`, on a real exporter and a real Prometheus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml
from click.testing import CliRunner

from homeostat.cli.__main__ import main

if TYPE_CHECKING:
    import pathlib

    from click.testing import Result

    from tests.integration import stack


def forecasts_a_query_of_ones_own(exporter: stack.Running, prometheus: stack.Running, config_file: pathlib.Path) -> None:
    config_file.write_text(yaml.safe_dump({"exporter": {"url": exporter.url}, "prometheus": {"url": prometheus.url}}))

    def asked(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--config.file", str(config_file), "forecast", *arguments])

    target = asked("/srv/sandbox").output
    assert "/srv/sandbox, filesystem: what was and what is expected, with its 90 % band, the limit of 100%" in target
    falls = asked("node_filesystem_avail_bytes{job='node'} / node_filesystem_size_bytes", "--limit", "5%", "--direction", "down")
    assert falls.exit_code == 0, falls.output
    assert "limit 0.05 going down" in falls.output
    assert "time to limit" in falls.output
    assert "change a day -" in falls.output
    assert "the limit of 0.05 dashed" in falls.output
    assert "┊" in falls.output
    heading, *rows = asked("{__name__=~'node_filesystem_.*_bytes',job='node'}").output.splitlines()
    assert heading.split()[:2] == ["series", "now"]
    assert sorted(row.split()[0] for row in rows) == ["node_filesystem_avail_bytes{}", "node_filesystem_size_bytes{}"]
    assert json.loads(asked("process_resident_memory_bytes{job='leaky'}", "--json").output)["forecasts"][0]["labels"]["job"] == "leaky"
    bad = asked("rate(up")
    assert (bad.exit_code, len(bad.output.splitlines())) == (1, 1)
    assert "parse error: unclosed left parenthesis" in bad.output
    assert "range vector" in asked("process_resident_memory_bytes[5m]").output
    assert "Prometheus has no series for 'nonsense{}' now" in asked("nonsense{}").output
    assert "no target 'nonsense' is forecast now" in asked("nonsense").output

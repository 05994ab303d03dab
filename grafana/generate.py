"""Write the committed dashboards; run it from the repository's root after a change: `python -m grafana.generate`."""

from __future__ import annotations

import json
import pathlib
from typing import TYPE_CHECKING

from grafana import autonomous_operations, homeostat_health

if TYPE_CHECKING:
    from grafana.panels import Json

DIRECTORY = pathlib.Path(__file__).parent / "dashboards"
DASHBOARDS = {
    "autonomous-operations.json": autonomous_operations.dashboard,
    "homeostat-health.json": homeostat_health.dashboard,
}


def text(dashboard: Json) -> str:
    """Write a dashboard as the file holds it: the same bytes for the same dashboard."""
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every dashboard into the folder that Grafana is given."""
    DIRECTORY.mkdir(exist_ok=True)
    for name, dashboard in DASHBOARDS.items():
        (DIRECTORY / name).write_text(text(dashboard()), encoding="utf-8")


if __name__ == "__main__":
    main()

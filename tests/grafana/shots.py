"""Pictures of the dashboards for `docs/`: drawn by Grafana's own libraries from what a real Prometheus answers.

`python -m tests.grafana.shots` writes one picture a row, and fails when a panel shows an error, nothing, or no number.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from grafana import generate
from tests.grafana import history, web
from tests.grafana.conftest import remembering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

PICTURES = pathlib.Path(__file__).parents[2] / "docs" / "images"
WIDTH, ROW_PIXELS, PATIENCE_SECONDS = 1600, 38, 120
# An instant before the end, so that the last tick's text stays within the panel.
TO = history.END - 30
LIGHT = "autonomous-operations-state-at-a-glance"


def main() -> int:
    """Write all pictures; tell what a panel lacks, and return 1 if one does."""
    web.install(everything=True)
    lacking = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        web.bundle("page.jsx", folder)
        with remembering(folder, history.openmetrics()) as prometheus:
            for name, build in generate.DASHBOARDS.items():
                with drawn(folder, prometheus.url, build(), "dark") as (page, faults):
                    lacking += [f"{name}: {fault}" for fault in faults]
                    photograph(page, build(), name.removesuffix(".json"))
    sys.stdout.writelines(f"{line}\n" for line in lacking)
    return 1 if lacking else 0


@contextlib.contextmanager
def drawn(folder: pathlib.Path, prometheus_url: str, dashboard: dict[str, Any], mode: str) -> Iterator[tuple[Page, list[str]]]:
    """Draw `dashboard` at the end of the history; yield the page and what is wrong with it."""
    height = ROW_PIXELS * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"]) + 200
    shot = {"dashboard": dashboard, "from": history.START, "to": TO, "mode": mode}
    faults: list[str] = []
    with web.opened(folder, prometheus_url, viewport={"width": WIDTH, "height": height}) as page:
        page.on("pageerror", lambda error: faults.append(error.message))
        page.clock.set_fixed_time(TO)
        page.add_init_script(f"window.shot = {json.dumps(shot)}")
        page.goto(f"{web.ORIGIN}page.html")
        page.wait_for_function("window.lacking() !== null", timeout=PATIENCE_SECONDS * 1000)
        # What was answered last is on the canvas two frames later.
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        yield page, faults + page.evaluate("window.lacking()")


def photograph(page: Page, dashboard: dict[str, Any], name: str) -> None:
    """Write one picture a row: from its heading down to the next one's."""
    headings = [panel for panel in dashboard["panels"] if panel["type"] == "row"]
    tops = [page.get_by_text(row["title"], exact=True).first.bounding_box()["y"] for row in headings]
    for row, top, end in zip(headings, tops, [*tops[1:], page.viewport_size["height"]], strict=True):
        slug = re.sub(r"\W+", "-", row["title"].lower())
        page.screenshot(path=PICTURES / f"{name}-{slug}.png", clip={"x": 0, "y": top, "width": WIDTH, "height": end - top})


if __name__ == "__main__":
    sys.exit(main())

"""Pictures of the dashboards for `docs/dashboards.md`: drawn by Grafana's own libraries from what a real Prometheus answers.

`python -m tests.grafana.shots` writes one picture a row, and fails when a panel shows an error, nothing, or no number.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from grafana import generate
from tests.grafana import browser
from tests.grafana.additions import with_additions
from tests.grafana.conftest import replaying
from tests.grafana.recording import recording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Page

PICTURES = pathlib.Path(__file__).parents[2] / "docs" / "images" / "dashboards"
# A line of the grid is 30 pixels high and stands 8 from the next.
WIDTH, ROW_PIXELS, MARGIN, PATIENCE_SECONDS = 1600, 38, 8, 120


def main() -> int:
    """Write all pictures; tell what a panel lacks, and return 1 if one does."""
    if shutil.which("npm") is None:
        sys.stderr.write(f"error: {browser.NO_NPM}\n")
        return 2
    browser.install(everything=True)
    lacking = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        browser.bundle("page.jsx", folder)
        with replaying(folder, with_additions()) as prometheus:
            for name, dashboard in dashboards():
                with drawn(folder, prometheus.url, dashboard, "dark") as (page, faults):
                    lacking += [f"{name}: {fault}" for fault in faults]
                    for picture in pictures(name, dashboard):
                        photograph(page, *picture)
            name, dashboard = next(dashboards())
            with drawn(folder, prometheus.url, dashboard, "light") as (page, _):
                photograph(page, *next(pictures(f"{name}-light", dashboard)))
    sys.stdout.writelines(f"{line}\n" for line in lacking)
    return 1 if lacking else 0


def dashboards() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each dashboard's name and JSON."""
    for file, build in generate.DASHBOARDS.items():
        yield file.removesuffix(".json"), build()


@contextlib.contextmanager
def drawn(folder: pathlib.Path, prometheus_url: str, dashboard: Mapping[str, Any], mode: str) -> Iterator[tuple[Page, list[str]]]:
    """Draw `dashboard` at the end of what Prometheus holds; yield the page and what is wrong with it."""
    height = ROW_PIXELS * bottom(dashboard) + 200
    shot = {"dashboard": dashboard, "from": recording().start, "to": recording().end, "mode": mode}
    faults: list[str] = []
    with browser.opened(folder, prometheus_url, viewport={"width": WIDTH, "height": height}) as page:
        page.on("pageerror", lambda error: faults.append(error.message))
        page.clock.set_fixed_time(recording().end)
        page.add_init_script(f"window.shot = {json.dumps(shot)}")
        page.goto(f"{browser.ORIGIN}page.html")
        page.wait_for_function("window.lacking?.() != null", timeout=PATIENCE_SECONDS * 1000)
        # What was answered last is on the canvas two frames later.
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        yield page, faults + page.evaluate("window.lacking()")


def pictures(name: str, dashboard: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], int]]:
    """Yield for each row its picture's file name, its heading, and the line of the grid where it ends."""
    headings = [panel for panel in dashboard["panels"] if panel["type"] == "row"]
    ends = [*(row["gridPos"]["y"] for row in headings[1:]), bottom(dashboard)]
    for row, end in zip(headings, ends, strict=True):
        yield f"{name}-{re.sub(r'[^a-z]+', '-', row['title'].split(',')[0].lower())}.png", row, end


def bottom(dashboard: Mapping[str, Any]) -> int:
    """Return the line of the grid below the last panel."""
    return max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])


def photograph(page: Page, file: str, row: Mapping[str, Any], end: int) -> None:
    """Write the picture of one row, from its heading down to its last panel; the first with the menus above it."""
    heading = page.locator(f'[data-griditem-key="row-{row["id"]}"]').bounding_box()["y"]
    top = heading - MARGIN if row["gridPos"]["y"] else 0
    bottom_edge = heading + ROW_PIXELS * (end - row["gridPos"]["y"])
    page.screenshot(path=PICTURES / file, clip={"x": 0, "y": top, "width": WIDTH, "height": bottom_edge - top})


if __name__ == "__main__":
    sys.exit(main())

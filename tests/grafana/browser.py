"""What is written for a browser in `grafana/shots`: its libraries, its bundles, and the page that runs one."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import pathlib
import subprocess
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from grafana import generate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Route

FOLDER = generate.DIRECTORY.parent / "shots"
MODULES = FOLDER / "node_modules"
CHROMIUM = pathlib.Path("/usr/bin/chromium")
ORIGIN = "http://dashboard.test/"
NO_NPM = "npm is missing: install Node.js with npm, on Debian apt-get install npm"
_INSTALL_SECONDS = 600
_TABLE_DEFAULTS = "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen"
_HTML = '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><body style="margin: 0"><div id="root" style="padding: 16px"></div><script type="module" src="page.js"></script>'
_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}


def install(*, everything: bool) -> None:
    """Install the libraries that the lock file names, if they are not there: all, or only what the check needs."""
    lock = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    done = [MODULES / name for name in ((".all", ".some") if everything else (".some",))]
    if done[0].exists() and done[0].read_text() == lock:
        return
    argv = ["npm", "ci", "--no-progress", *([] if everything else ["--omit=dev"])]
    installed = subprocess.run(argv, cwd=FOLDER, check=False, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    assert installed.returncode == 0, installed.stderr
    for stamp in done:
        stamp.write_text(lock)


def bundle(entry: str, folder: pathlib.Path) -> None:
    """Write `page.js` (and `page.css`) into `folder`: `entry` with everything it imports."""
    argv = [
        str(MODULES / ".bin" / "esbuild"),
        entry,
        "--bundle",
        "--format=esm",
        "--minify",
        f"--outfile={folder / 'page.js'}",
        "--define:process.env.NODE_ENV='production'",
        f"--alias:{_TABLE_DEFAULTS}=./table_defaults.js",
        "--loader:.ttf=empty",
        "--loader:.woff=dataurl",
        "--loader:.woff2=dataurl",
        "--jsx=automatic",
        "--log-level=error",
    ]
    subprocess.run(argv, cwd=FOLDER, check=True)
    (folder / "page.html").write_text(_HTML, encoding="utf-8")


@contextlib.contextmanager
def opened(folder: pathlib.Path, prometheus_url: str = "", **context: Any) -> Iterator[Page]:
    """Open the page in `folder` in Debian's Chromium; nothing answers it but that folder, Grafana's icons and Prometheus."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(**context).new_page()
        page.route("**", functools.partial(_answer, folder, prometheus_url))
        yield page
        browser.close()


def _answer(folder: pathlib.Path, prometheus_url: str, route: Route) -> None:
    asked = route.request.url.removeprefix(ORIGIN)
    if asked.startswith("api/") and prometheus_url:
        route.fulfill(response=route.fetch(url=f"{prometheus_url}/{asked}"))
        return
    path = asked.split("?")[0]
    icon = path.startswith("public/build/")
    file = MODULES / "@grafana/ui/dist/public" / path.removeprefix("public/build/") if icon else folder / path
    if file.is_file():
        route.fulfill(path=file, content_type=_TYPES[file.suffix])
    else:
        route.fulfill(status=404, body="")
